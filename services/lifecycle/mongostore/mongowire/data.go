package mongowire

import (
	"maps"
	"slices"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// data holds all documents of the server. One lock serializes all commands.
type data struct {
	mu        sync.Mutex
	databases map[string]map[string]*collection
	sessions  map[string]*session
	cursors   map[int64]*cursor
	next      int64
	forgetful bool
	// majority is what a majority of the members has while the primary is isolated from them; otherwise nil.
	majority *held
	// term counts the elections.
	term int
}

// collection holds documents by id. Only texts can be ids.
type collection struct {
	docs    map[string]bson.D
	indexes []bson.D
}

// session records the effects of the last retryable write, so that a retry is not executed twice.
type session struct {
	number int64
	done   map[int]effect
}

func newData(forgetful bool) *data {
	return &data{
		databases: map[string]map[string]*collection{}, sessions: map[string]*session{},
		cursors: map[int64]*cursor{}, forgetful: forgetful,
	}
}

func (d *data) collection(database, name string) *collection {
	db := d.databases[database]
	if db == nil {
		db = map[string]*collection{}
		d.databases[database] = db
	}
	if db[name] == nil {
		db[name] = &collection{docs: map[string]bson.D{}}
	}
	return db[name]
}

// ids returns all ids in order.
func (c *collection) ids() []string { return slices.Sorted(maps.Keys(c.docs)) }

// matching returns the ids of the documents that match a filter, at most limit of them if limit is
// not 0. The order is deliberately arbitrary, as on a server without a requested order.
func (c *collection) matching(filter bson.D, limit int) ([]string, error) {
	candidates := c.candidates(get(filter, "_id"))
	var out []string
	for _, id := range candidates {
		doc, ok := c.docs[id]
		if !ok {
			continue
		}
		ok, err := match(doc, filter)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, id)
		}
		if limit != 0 && len(out) == limit {
			break
		}
	}
	return out, nil
}

// candidates returns the ids of the documents that may have an id of a filter, each once, in reverse order.
func (c *collection) candidates(id any) []string {
	switch id := id.(type) {
	case string:
		return []string{id}
	case bson.D:
		list, ok := get(id, "$in").(bson.A)
		if !ok {
			break
		}
		named := map[string]bool{}
		for _, one := range list {
			if text, ok := one.(string); ok {
				named[text] = true
			}
		}
		out := slices.Sorted(maps.Keys(named))
		slices.Reverse(out)
		return out
	}
	out := c.ids()
	slices.Reverse(out)
	return out
}

// remembered returns the memory of a retryable write, or an empty one when the
// command is none.
func (d *data) remembered(c Command) map[int]effect {
	number, ok := c.Field("txnNumber").(int64)
	id, _ := c.Field("lsid.id").(bson.Binary)
	if !ok || d.forgetful {
		return map[int]effect{}
	}
	s := d.sessions[string(id.Data)]
	if s == nil || s.number != number {
		s = &session{number: number, done: map[int]effect{}}
		d.sessions[string(id.Data)] = s
	}
	return s.done
}
