package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// Holding is the state of one item at an instant, according to the bases.
type Holding struct {
	Item
	InForce bool
	Begun   bool
	// Until is the last end of the bases in force, or nil if one of them has no end.
	Until *time.Time
	// Lapse is the last end of the bases that are over.
	Lapse time.Time
	// Basis is the basis in force with the latest end. Of several without a known end a legitimate interest yields
	// to a contract and to a legal obligation.
	Basis *Basis
}

// Holdings returns, for every item that a basis ever covered, whether the item may be held at an
// instant and until when.
func Holdings(bases []Basis, at time.Time) []Holding {
	var m holdings
	m.room = 2 * len(bases)
	return m.of(bases, at)
}

// Holdings returns the holdings of the bases of the evaluation, until the next call.
func (h *Evaluation) Holdings(at time.Time) []Holding {
	h.held.room = 2 * len(h.facts)
	return h.held.of(h.bases, at)
}

// holdings is the memory in which holdings are gathered.
type holdings struct {
	room             int
	known            ItemPlaces
	unsorted, sorted []Holding
	// places are the places of the holdings of each category.
	places     table[string, []int32]
	categories []string
}

// of returns the holdings of bases. The items of a category are mostly in order, so each category is sorted alone.
func (m *holdings) of(bases []Basis, at time.Time) []Holding {
	m.known = ItemPlaces{m.known.places.emptied(m.room)}
	m.unsorted = appendHoldings(m.unsorted[:0], &m.known, bases, at)
	for n := range m.places.values {
		m.places.values[n] = m.places.values[n][:0]
	}
	for i := range m.unsorted {
		places := m.places.at(m.unsorted[i].Category)
		*places = append(*places, int32(i))
	}
	m.categories = append(m.categories[:0], m.places.keys...)
	slices.Sort(m.categories)
	m.sorted = slices.Grow(m.sorted[:0], len(m.unsorted))
	for _, category := range m.categories {
		places := m.places.get(category)
		slices.SortFunc(places, func(a, b int32) int { return cmp.Compare(m.unsorted[a].Ref, m.unsorted[b].Ref) })
		for _, i := range places {
			m.sorted = append(m.sorted, m.unsorted[i])
		}
	}
	return m.sorted
}

// appendHoldings appends the holdings of bases in the order of their first mention.
func appendHoldings(out []Holding, known *ItemPlaces, bases []Basis, at time.Time) []Holding {
	for i := range bases {
		b := &bases[i]
		for _, item := range b.Keeps {
			n := known.Add(item)
			if n == len(out) {
				out = append(out, Holding{Item: item})
			}
			out[n].add(b, at)
		}
	}
	return out
}

// ItemPlaces numbers items in the order in which they are added.
type ItemPlaces struct{ places table[Item, struct{}] }

// Add returns the number of an item, and adds the item if necessary.
func (p *ItemPlaces) Add(item Item) int {
	if n := p.places.place(item); n >= 0 {
		return n
	}
	return p.places.add(item, struct{}{})
}

// Find returns the number of an item, or -1.
func (p *ItemPlaces) Find(item Item) int { return p.places.place(item) }

func (o *Holding) add(b *Basis, at time.Time) {
	o.Begun = o.Begun || b.Begun(at)
	if !b.Stands(at) {
		if b.Begun(at) {
			o.Lapse = calendar.Later(o.Lapse, *b.Until)
		}
		return
	}
	switch {
	case !o.InForce:
		o.InForce, o.Until, o.Basis = true, b.Until, b
	case o.Until == nil:
		if b.Until == nil && o.Basis.YieldsTo(b) {
			o.Basis = b
		}
	case b.Until == nil || b.Until.After(*o.Until):
		o.Until, o.Basis = b.Until, b
	}
}

// Lapsed reports whether the item was held and may no longer be held.
func (o *Holding) Lapsed() bool { return o.Begun && !o.InForce }

// FindHolding returns the index of an item among sorted holdings.
func FindHolding(held []Holding, item Item) (int, bool) {
	return slices.BinarySearchFunc(held, item, func(o Holding, item Item) int { return CompareItems(o.Item, item) })
}
