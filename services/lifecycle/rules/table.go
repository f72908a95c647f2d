package rules

// table maps keys to values, in the order of their first mention. A short table is searched entry by entry: most
// persons have few records, and hashing costs more than a few comparisons.
type table[K comparable, V any] struct {
	keys   []K
	values []V
	// index holds the places of the keys of a long table, spare the index of an earlier one.
	index, spare map[K]int
	// room is the expected number of keys.
	room int
}

// shortTable is the length up to which a table needs no index.
const shortTable = 32

// place returns the place of a key, or -1.
func (t *table[K, V]) place(key K) int {
	if t.index != nil {
		if n, ok := t.index[key]; ok {
			return n
		}
		return -1
	}
	for n := range t.keys {
		if t.keys[n] == key {
			return n
		}
	}
	return -1
}

// get returns the value of a key, or the zero value.
func (t *table[K, V]) get(key K) V {
	n := t.place(key)
	if n < 0 {
		var none V
		return none
	}
	return t.values[n]
}

// at returns the value of a key for a change, and adds the key if necessary. The result is valid until the next
// key is added.
func (t *table[K, V]) at(key K) *V {
	n := t.place(key)
	if n < 0 {
		var none V
		n = t.add(key, none)
	}
	return &t.values[n]
}

// add adds a new key and returns its place.
func (t *table[K, V]) add(key K, value V) int {
	n := len(t.keys)
	t.keys, t.values = append(t.keys, key), append(t.values, value)
	switch {
	case t.index != nil:
		t.index[key] = n
	case n == shortTable:
		t.makeIndex()
	}
	return n
}

// makeIndex makes the index of a table that becomes long.
func (t *table[K, V]) makeIndex() {
	t.index, t.spare = t.spare, nil
	if clear(t.index); t.index == nil {
		t.index = make(map[K]int, max(t.room, 2*shortTable))
	}
	for i, k := range t.keys {
		t.index[k] = i
	}
}

// emptied returns an empty table in the memory of the table, for a number of keys.
func (t *table[K, V]) emptied(room int) table[K, V] {
	out := table[K, V]{keys: t.keys[:0], values: t.values[:0], spare: t.spare, room: room}
	if t.index != nil {
		out.spare = t.index
	}
	return out
}
