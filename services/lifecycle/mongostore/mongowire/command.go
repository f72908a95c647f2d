package mongowire

import (
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// run carries a command out.
func (s *Server) run(c Command) (bson.D, error) {
	switch strings.ToLower(c.Name) {
	case "hello", "ismaster":
		return s.hello(), nil
	case "ping", "endsessions":
		return bson.D{}, nil
	}
	d := s.data
	d.mu.Lock()
	defer d.mu.Unlock()
	switch c.Name {
	case "insert":
		return d.each(c, "documents", insertOne)
	case "update":
		return d.each(c, "updates", updateOne)
	case "delete":
		return d.each(c, "deletes", deleteSome)
	case "find":
		return d.find(c)
	case "count":
		return d.count(c)
	case "getMore":
		return d.getMore(c)
	case "killCursors":
		return d.killCursors(c)
	case "createIndexes":
		return d.createIndexes(c)
	case "dropIndexes":
		return d.dropIndexes(c)
	case "dropDatabase":
		delete(d.databases, c.Database)
		return bson.D{}, nil
	}
	return nil, wireError{code: 59, text: "no such command: " + c.Name}
}

// hello describes the server as the only member of a replica set, because drivers retry writes only
// on replica sets.
func (s *Server) hello() bson.D {
	addr := s.listener.Addr().String()
	answer := bson.D{
		{Key: "helloOk", Value: true}, {Key: "ismaster", Value: true}, {Key: "isWritablePrimary", Value: true},
		{Key: "setName", Value: "rs0"}, {Key: "setVersion", Value: int32(1)},
		{Key: "hosts", Value: bson.A{addr}}, {Key: "primary", Value: addr}, {Key: "me", Value: addr},
		{Key: "maxBsonObjectSize", Value: int32(16 << 20)}, {Key: "maxMessageSizeBytes", Value: int32(maxMessage)},
		{Key: "maxWriteBatchSize", Value: int32(100_000)}, {Key: "localTime", Value: time.Now()},
		{Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: int32(21)}, {Key: "readOnly", Value: false},
	}
	if !s.opts.NoSessions {
		answer = append(answer, bson.E{Key: "logicalSessionTimeoutMinutes", Value: int32(30)})
	}
	return answer
}

// createIndexes stores index specifications. An identical index is ignored; another index of the
// same name is refused.
func (d *data) createIndexes(c Command) (bson.D, error) {
	coll := d.collection(c.Database, c.Collection())
	specs, _ := c.Field("indexes").(bson.A)
	before := len(coll.indexes)
	for _, e := range specs {
		spec, ok := e.(bson.D)
		if !ok {
			return nil, unknown("index %v", e)
		}
		known := false
		for _, have := range coll.indexes {
			if equal(get(have, "name"), get(spec, "name")) {
				if !equal(have, spec) {
					return nil, wireError{code: 86, text: "an index with the same name has another specification"}
				}
				known = true
			}
		}
		if !known {
			coll.indexes = append(coll.indexes, spec)
		}
	}
	return bson.D{
		{Key: "numIndexesBefore", Value: int32(before + 1)},
		{Key: "numIndexesAfter", Value: int32(len(coll.indexes) + 1)},
	}, nil
}

// dropIndexes drops an index by its name.
func (d *data) dropIndexes(c Command) (bson.D, error) {
	coll := d.collection(c.Database, c.Collection())
	before := len(coll.indexes)
	coll.indexes = slices.DeleteFunc(coll.indexes, func(have bson.D) bool {
		return equal(get(have, "name"), c.Field("index"))
	})
	if len(coll.indexes) == before {
		return nil, wireError{code: 27, text: "index not found"}
	}
	return bson.D{{Key: "nIndexesWas", Value: int32(before + 1)}}, nil
}
