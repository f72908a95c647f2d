package mongowire

import (
	"cmp"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// firstBatch is the default size of the first batch.
const firstBatch = 101

// cursor holds the remaining documents of a find.
type cursor struct {
	namespace string
	rest      []bson.D
}

func (d *data) find(c Command) (bson.D, error) {
	for _, e := range c.Body {
		if !slices.Contains(
			[]string{
				"find",
				"filter",
				"sort",
				"limit",
				"skip",
				"batchSize",
				"projection",
				"readConcern",
				"lsid",
				"txnNumber",
				"$db",
				"$readPreference",
				"$clusterTime",
			},
			e.Key,
		) {
			return nil, unknown("find with %s", e.Key)
		}
	}
	coll := d.readFrom(c)
	filter, _ := c.Field("filter").(bson.D)
	ids, err := coll.matching(filter, 0)
	if err != nil {
		return nil, err
	}
	docs := make([]bson.D, len(ids))
	for i, id := range ids {
		docs[i] = coll.docs[id]
	}
	if order, ok := c.Field("sort").(bson.D); ok {
		slices.SortStableFunc(docs, func(a, b bson.D) int { return compareBy(order, a, b) })
	}
	if skip, ok := number(c.Field("skip")); ok {
		docs = docs[min(len(docs), int(skip)):]
	}
	if limit, ok := number(c.Field("limit")); ok && limit > 0 {
		docs = docs[:min(len(docs), int(limit))]
	}
	if projection, ok := c.Field("projection").(bson.D); ok {
		for i := range docs {
			docs[i] = project(docs[i], projection)
		}
	}
	size, ok := number(c.Field("batchSize"))
	if !ok {
		size = firstBatch
	}
	d.next++
	d.cursors[d.next] = &cursor{namespace: c.Database + "." + c.Collection(), rest: docs}
	return d.batch(d.next, int(size), "firstBatch"), nil
}

// count counts the documents that match a query.
func (d *data) count(c Command) (bson.D, error) {
	query, _ := c.Field("query").(bson.D)
	ids, err := d.readFrom(c).matching(query, 0)
	if err != nil {
		return nil, err
	}
	return bson.D{{Key: "n", Value: int32(len(ids))}}, nil
}

func (d *data) getMore(c Command) (bson.D, error) {
	id, _ := c.Field("getMore").(int64)
	if d.cursors[id] == nil {
		return nil, wireError{code: 43, text: "no such cursor"}
	}
	size, ok := number(c.Field("batchSize"))
	if !ok {
		size = firstBatch
	}
	return d.batch(id, int(size), "nextBatch"), nil
}

func (d *data) killCursors(c Command) (bson.D, error) {
	ids, _ := c.Field("cursors").(bson.A)
	for _, e := range ids {
		if id, ok := e.(int64); ok {
			delete(d.cursors, id)
		}
	}
	return bson.D{{Key: "cursorsKilled", Value: ids}}, nil
}

// batch returns the next documents of a cursor.
func (d *data) batch(id int64, size int, name string) bson.D {
	c := d.cursors[id]
	n := min(size, len(c.rest))
	docs := bson.A{}
	for _, doc := range c.rest[:n] {
		docs = append(docs, doc)
	}
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		delete(d.cursors, id)
		id = 0
	}
	return bson.D{
		{Key: "cursor", Value: bson.D{{Key: name, Value: docs}, {Key: "id", Value: id}, {Key: "ns", Value: c.namespace}}},
	}
}

func compareBy(order, a, b bson.D) int {
	for _, by := range order {
		direction, _ := number(by.Value)
		if c := compare(get(a, by.Key), get(b, by.Key)); c != 0 {
			return cmp.Compare(direction, 0) * c
		}
	}
	return 0
}

// project returns the fields of a projection and the id.
func project(doc, projection bson.D) bson.D {
	out := bson.D{}
	for _, e := range doc {
		inner := bson.D{}
		for _, p := range projection {
			name, rest, nested := strings.Cut(p.Key, ".")
			switch {
			case name != e.Key:
			case nested:
				inner = append(inner, bson.E{Key: rest, Value: p.Value})
			default:
				inner = append(inner, bson.E{})
			}
		}
		sub, isDoc := e.Value.(bson.D)
		switch {
		case e.Key == "_id" || len(inner) > 0 && inner[0].Key == "":
			out = append(out, e)
		case len(inner) > 0 && isDoc:
			out = append(out, bson.E{Key: e.Key, Value: withoutID(project(sub, inner))})
		}
	}
	return out
}

// withoutID removes the special meaning of _id, for nested documents.
func withoutID(doc bson.D) bson.D {
	return slices.DeleteFunc(doc, func(e bson.E) bool { return e.Key == "_id" })
}
