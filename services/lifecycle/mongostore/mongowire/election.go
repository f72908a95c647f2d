package mongowire

import (
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// held is what a majority of the members has.
type held struct {
	databases map[string]map[string]*collection
	sessions  map[string]*session
}

// copyOf copies the documents of databases. A document is never changed in place.
func copyOf(databases map[string]map[string]*collection) map[string]map[string]*collection {
	out := make(map[string]map[string]*collection, len(databases))
	for name, database := range databases {
		copied := make(map[string]*collection, len(database))
		for name, c := range database {
			copied[name] = &collection{docs: maps.Clone(c.docs), indexes: slices.Clip(c.indexes)}
		}
		out[name] = copied
	}
	return out
}

// Isolate cuts the primary off from the other members. From then on writes are carried out and confirmed by no
// majority, and reads with the concern majority see what was confirmed before.
func (s *Server) Isolate() {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	sessions := make(map[string]*session, len(s.data.sessions))
	for id, one := range s.data.sessions {
		sessions[id] = &session{number: one.number, done: maps.Clone(one.done)}
	}
	s.data.majority = &held{databases: copyOf(s.data.databases), sessions: sessions}
}

// Rejoin ends an isolation without an election: the other members receive what was written meanwhile.
func (s *Server) Rejoin() {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	s.data.majority = nil
}

// Elect ends an isolation by the election of another member: what no majority confirmed is rolled back, cursors are
// gone, and all connections break.
func (s *Server) Elect() {
	s.data.mu.Lock()
	if m := s.data.majority; m != nil {
		s.data.databases, s.data.sessions = m.databases, m.sessions
	}
	s.data.majority, s.data.cursors = nil, map[int64]*cursor{}
	s.data.term++
	s.data.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		delete(s.conns, c)
		_ = c.Close() // the client connects again
	}
}

// forget removes the cursor of a getMore.
func (d *data) forget(c Command) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := c.Field("getMore").(int64); ok {
		delete(d.cursors, id)
	}
}

// readFrom returns the collection that a read sees.
func (d *data) readFrom(c Command) *collection {
	if d.majority == nil || c.Field("readConcern.level") != "majority" {
		return d.collection(c.Database, c.Collection())
	}
	if coll := d.majority.databases[c.Database][c.Collection()]; coll != nil {
		return coll
	}
	return &collection{}
}

// unconfirmed adds to the answer to a write that no majority has confirmed it.
func unconfirmed(answer bson.D) bson.D {
	return append(answer, bson.E{Key: "writeConcernError", Value: bson.D{
		{Key: "code", Value: int32(64)}, {Key: "errmsg", Value: "waiting for replication timed out"},
	}})
}
