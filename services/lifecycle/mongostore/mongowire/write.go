package mongowire

import (
	"errors"
	"runtime"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// effect is the effect of one statement of a write.
type effect struct{ matched, modified int32 }

// each executes the statements of a write one by one, and stops at the first error if the write is
// ordered. Other commands may be executed between two statements.
func (d *data) each(c Command, list string, one func(*collection, bson.D) (effect, error)) (bson.D, error) {
	statements, ok := c.Field(list).(bson.A)
	if !ok {
		return nil, unknown("%s without %s", c.Name, list)
	}
	var (
		total  effect
		failed bson.A
	)
	ordered, _ := c.Field("ordered").(bool)
	done := d.remembered(c)
	coll := d.collection(c.Database, c.Collection())
	term, isolated := d.term, false
	for i, e := range statements {
		isolated = isolated || d.majority != nil
		if i > 0 {
			d.mu.Unlock()
			runtime.Gosched()
			d.mu.Lock()
			coll = d.collection(c.Database, c.Collection()) // of another member after an election
		}
		did, again := done[i]
		if !again {
			var err error
			statement, _ := e.(bson.D)
			if did, err = one(coll, statement); err != nil {
				failed = append(failed, writeError(i, err))
				if ordered {
					break
				}
				continue
			}
			done[i] = did
		}
		total.matched += did.matched
		total.modified += did.modified
	}
	answer := bson.D{{Key: "n", Value: total.matched}}
	if c.Name == "update" {
		answer = append(answer, bson.E{Key: "nModified", Value: total.modified})
	}
	if len(failed) > 0 {
		answer = append(answer, bson.E{Key: "writeErrors", Value: failed})
	}
	if d.term != term {
		return nil, wireError{code: 11602, text: "interrupted by an election"}
	}
	if isolated || d.majority != nil {
		answer = unconfirmed(answer)
	}
	return answer, nil
}

func writeError(index int, err error) bson.D {
	var w wireError
	if !errors.As(err, &w) {
		w = wireError{code: 8, text: err.Error()}
	}
	return bson.D{{Key: "index", Value: int32(index)}, {Key: "code", Value: w.code}, {Key: "errmsg", Value: w.text}}
}

func insertOne(c *collection, doc bson.D) (effect, error) {
	id, ok := get(doc, "_id").(string)
	if !ok {
		return effect{}, unknown("an id that is not a text")
	}
	if _, ok := c.docs[id]; ok {
		return effect{}, wireError{code: 11000, text: "E11000 duplicate key error index: _id_"}
	}
	if isTooLarge(doc) {
		return effect{}, errTooLarge
	}
	c.docs[id] = doc
	return effect{matched: 1}, nil
}

func updateOne(c *collection, statement bson.D) (effect, error) {
	filter, _ := get(statement, "q").(bson.D)
	update, _ := get(statement, "u").(bson.D)
	if get(statement, "multi") == true || get(statement, "upsert") == true || len(update) == 0 {
		return effect{}, unknown("update %v", statement)
	}
	ids, err := c.matching(filter, 1)
	if err != nil || len(ids) == 0 {
		return effect{}, err
	}
	id := ids[0]
	next, err := updated(c.docs[id], update)
	if err != nil {
		return effect{}, err
	}
	if isTooLarge(next) {
		return effect{}, errTooLarge
	}
	did := effect{matched: 1}
	if !equal(c.docs[id], next) {
		did.modified = 1
	}
	c.docs[id] = next
	return did, nil
}

// updated returns a document after a replacement or a $set of top-level fields.
func updated(doc, update bson.D) (bson.D, error) {
	if !strings.HasPrefix(update[0].Key, "$") {
		if id := get(update, "_id"); id != nil && !equal(id, get(doc, "_id")) {
			return nil, wireError{code: 66, text: "the _id of a document cannot change"}
		}
		next := bson.D{{Key: "_id", Value: get(doc, "_id")}}
		for _, e := range update {
			if e.Key != "_id" {
				next = append(next, e)
			}
		}
		return next, nil
	}
	set, ok := update[0].Value.(bson.D)
	if update[0].Key != "$set" || len(update) != 1 || !ok {
		return nil, unknown("update %v", update)
	}
	next := append(bson.D(nil), doc...)
	for _, e := range set {
		if strings.Contains(e.Key, ".") {
			return nil, unknown("$set of %s", e.Key)
		}
		next = assign(next, e)
	}
	return next, nil
}

// largest is the maximum size of a document in bytes.
const largest = 16 << 20

var errTooLarge = wireError{code: 10334, text: "BSONObj size is invalid: the largest document has 16 MiB"}

// isTooLarge reports whether a document has more than 16 MiB. Only one that may have is encoded.
func isTooLarge(doc bson.D) bool {
	if lengthOf(doc) < largest/4 {
		return false
	}
	data, err := bson.Marshal(doc)
	return err != nil || len(data) > largest
}

// lengthOf is the size of the texts and bytes of a value.
func lengthOf(value any) (n int) {
	switch v := value.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	case bson.Binary:
		return len(v.Data)
	case bson.D:
		for _, e := range v {
			n += len(e.Key) + lengthOf(e.Value)
		}
	case bson.A:
		for _, e := range v {
			n += lengthOf(e)
		}
	default:
		n = 8
	}
	return n
}

func assign(doc bson.D, e bson.E) bson.D {
	for i := range doc {
		if doc[i].Key == e.Key {
			doc[i].Value = e.Value
			return doc
		}
	}
	return append(doc, e)
}

func deleteSome(c *collection, statement bson.D) (effect, error) {
	filter, _ := get(statement, "q").(bson.D)
	limit, ok := number(get(statement, "limit"))
	if !ok {
		return effect{}, unknown("delete %v", statement)
	}
	ids, err := c.matching(filter, int(limit))
	if err != nil {
		return effect{}, err
	}
	for _, id := range ids {
		delete(c.docs, id)
	}
	return effect{matched: int32(len(ids))}, nil
}
