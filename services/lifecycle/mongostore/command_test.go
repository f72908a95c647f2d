package mongostore_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// TestStore_Commands looks at everything that a whole life sends to the server.
func TestStore_Commands(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	live(t, st)
	readAll(t, st)
	seen := map[string]bool{}
	for _, c := range srv.Log() {
		seen[c.Name] = true
		checkCommand(t, c)
		if c.Name == "find" && c.Collection() != "policies" { // which are few
			checkIndexed(t, c, srv.Indexes("rodopath", c.Collection()))
		}
	}
	for _, name := range []string{"insert", "update", "delete", "find", "createIndexes"} {
		if !seen[name] {
			t.Errorf("no %s was sent", name)
		}
	}
}

// readAll reads in every way that live does not.
func readAll(t *testing.T, st *mongostore.Store) {
	t.Helper()
	_, err := st.Pending(t.Context(), "", 10)
	errs := []error{err}
	_, err = st.Due(t.Context(), noon(), "r9", 10)
	errs = append(errs, err)
	_, err = st.Requested(t.Context(), 10)
	errs = append(errs, err)
	_, err = st.Unconfirmed(t.Context(), 10)
	errs = append(errs, err)
	_, err = st.EntriesOf(t.Context(), "dec_1")
	errs = append(errs, err)
	_, err = st.Walk(t.Context(), "", 10)
	errs = append(errs, err)
	_, err = st.Count(t.Context())
	errs = append(errs, err)
	_, err = st.WalkJournal(t.Context(), "", 10)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// checkIndexed checks that an index begins with a field that a find filters by,
// and holds the fields that it sorts by.
func checkIndexed(t *testing.T, c mongowire.Command, indexes []bson.D) {
	t.Helper()
	filter, _ := c.Field("filter").(bson.D)
	sort, _ := c.Field("sort").(bson.D)
	for _, index := range append(indexes, bson.D{{Key: "key", Value: bson.D{{Key: "_id", Value: int32(1)}}}}) {
		keys, _ := field(index, "key").(bson.D)
		serves := field(filter, keys[0].Key) != nil
		for _, e := range sort {
			serves = serves && field(keys, e.Key) != nil
		}
		if serves {
			return
		}
	}
	t.Errorf("no index serves a find in %s by %v in the order %v", c.Collection(), filter, sort)
}

func checkCommand(t *testing.T, c mongowire.Command) {
	t.Helper()
	allowed := []string{
		"insert",
		"update",
		"delete",
		"find",
		"getMore",
		"killCursors",
		"createIndexes",
		"dropIndexes",
		"hello",
		"isMaster",
		"ping",
		"endSessions",
	}
	if !slices.Contains(allowed, c.Name) {
		t.Errorf("command %s was sent", c.Name)
	}
	if isWrite(c.Name) && c.Field("writeConcern.w") != "majority" {
		t.Errorf("%s with write concern %v", c.Name, c.Field("writeConcern"))
	}
	if isWrite(c.Name) && c.Field("writeConcern.j") != true {
		t.Errorf("%s is acknowledged before the journal has it", c.Name)
	}
	if c.Name == "createIndexes" && c.Field("commitQuorum") != "majority" {
		t.Errorf("createIndexes waits for %v, want a majority", c.Field("commitQuorum"))
	}
	if isWrite(c.Name) && c.Field("txnNumber") == nil {
		t.Errorf("%s of %s cannot be retried", c.Name, c.Collection())
	}
	if c.Name == "find" && c.Field("readConcern.level") != "majority" {
		t.Errorf("find with read concern %v", c.Field("readConcern"))
	}
	for _, s := range statements(c) {
		checkStatement(t, c, s)
	}
}

// checkStatement checks that a write is of one document, and only on a condition.
func checkStatement(t *testing.T, c mongowire.Command, s bson.D) {
	t.Helper()
	if c.Name == "insert" {
		return
	}
	var q, u bson.D
	for _, e := range s {
		switch e.Key {
		case "q":
			q = e.Value.(bson.D)
		case "u":
			u = e.Value.(bson.D)
		case "multi", "upsert":
			if e.Value != false {
				t.Errorf("%s: %s is %v", c.Name, e.Key, e.Value)
			}
		case "limit":
			if e.Value != int32(1) {
				t.Errorf("%s of many documents", c.Name)
			}
		}
	}
	condition := map[string]string{"subjects": "version", "identities": "subject", "journal": "hash"}[c.Collection()]
	if _, ok := field(q, "_id").(string); !ok || field(q, condition) == nil {
		t.Errorf("%s of %s on condition %v", c.Name, c.Collection(), q)
	}
	if c.Collection() == "journal" && field(q, "subject") == nil {
		t.Errorf("%s of the journal without the shard key: %v", c.Name, q)
	}
	if c.Name == "update" && c.Collection() == "subjects" && field(u, "version") != field(q, "version").(int64)+1 {
		t.Errorf("version %v replaces %v", field(u, "version"), field(q, "version"))
	}
}

func field(doc bson.D, name string) any {
	for _, e := range doc {
		if e.Key == name {
			return e.Value
		}
	}
	return nil
}

// TestStore_Documents checks that what is about a person is in one field, and
// that documents have an index field only when it applies.
func TestStore_Documents(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	asking, silent, due := subject("c"), subject("d"), noon()
	asking.RequestDue, silent.Outbox, silent.ReviewAt = &due, nil, nil
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")), create(asking), create(silent))
	mustSave(t, st, merge(mustLoad(t, st, "a"), mustLoad(t, st, "b")))
	want := map[string][]string{
		"a": {"_id", "version", "write", "review_at", "revision", "pending", "labels", "subject"},
		"b": {"_id", "version", "write", "subject"}, // a redirect is never due
		"c": {"_id", "version", "write", "review_at", "request_due", "revision", "pending", "labels", "subject"},
		"d": {"_id", "version", "write", "revision", "subject"},
	}
	writes := map[any]bool{}
	for _, d := range srv.Documents("rodopath", "subjects") {
		id := field(d, "_id").(string)
		for _, e := range d {
			if !slices.Contains(want[id], e.Key) {
				t.Errorf("%s has field %s", id, e.Key)
			}
		}
		if len(d) != len(want[id]) {
			t.Errorf("%s has %d fields, want %d", id, len(d), len(want[id]))
		}
		if writes[field(d, "write")] {
			t.Error("two writes have one name")
		}
		writes[field(d, "write")] = true
	}
	for _, d := range srv.Documents("rodopath", "identities") {
		for _, e := range d {
			if !slices.Contains([]string{"_id", "subject", "at", "write"}, e.Key) {
				t.Errorf("an identity has field %s", e.Key)
			}
		}
	}
}

func TestOpen_Indexes(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			st, err := mongostore.Open(t.Context(), mongostore.Options{URI: srv.URI()})
			if err != nil {
				t.Error(err)
				return
			}
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	open(t, mongostore.Options{URI: srv.URI()})
	wantIndexes(
		t,
		srv,
		"subjects",
		"labels,_id partial",
		"notice_due,_id partial",
		"pending,_id partial",
		"request_due,_id partial",
		"review_at,_id partial",
		"revision,_id partial",
	)
	wantIndexes(t, srv, "journal", "at", "decision partial", "subject,key", "subject,seq")
	wantIndexes(t, srv, "identities")
	wantIndexes(t, srv, "policies")
}

func wantIndexes(t *testing.T, srv *mongowire.Server, collection string, want ...string) {
	t.Helper()
	var got []string
	for _, spec := range srv.Indexes("rodopath", collection) {
		var keys []string
		for _, e := range field(spec, "key").(bson.D) {
			keys = append(keys, e.Key)
		}
		if field(spec, "sparse") != nil || field(spec, "unique") != nil {
			t.Errorf("%v is more than an index", spec)
		}
		name := strings.Join(keys, ",")
		if field(spec, "partialFilterExpression") != nil {
			name += " partial"
		}
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s have indexes %q, want %q", collection, got, want)
	}
}

// TestOpen_ReplacesIndexesOfBefore: the sparse indexes of an earlier version are replaced.
func TestOpen_ReplacesIndexesOfBefore(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	client, err := mongo.Connect(options.Client().ApplyURI(srv.URI()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	before := mongo.IndexModel{
		Keys:    bson.D{{Key: "review_at", Value: 1}, {Key: "_id", Value: 1}},
		Options: options.Index().SetName("review").SetSparse(true),
	}
	if _, err := client.Database("rodopath").Collection("subjects").Indexes().CreateOne(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	open(t, mongostore.Options{URI: srv.URI()})
	for _, spec := range srv.Indexes("rodopath", "subjects") {
		if field(spec, "sparse") != nil {
			t.Errorf("got %v, want no sparse index", spec)
		}
	}
}

// counter names the commands that a store sends.
type counter struct {
	mu    sync.Mutex
	names []string
}

func (c *counter) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.names = append(c.names, e.CommandName)
	}}
}

// taken returns the commands since the former call.
func (c *counter) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.names
	c.names = nil
	return out
}

// TestStore_RoundTrips counts commands: a batch must not cost more of them than a few, however many subjects it has.
func TestStore_RoundTrips(t *testing.T) {
	srv, sent := listen(t, mongowire.Options{}), &counter{}
	st := open(t, mongostore.Options{URI: srv.URI(), Monitor: sent.monitor()})
	labels := []string{"insert"} // new labels are stored once
	for _, n := range []int{1, 300} {
		changes := newChanges(n)
		ids := make([]string, n)
		entries := make([]chain.Entry, n)
		for i := range changes {
			ids[i] = changes[i].Subject.ID
			entries[i] = journal(t, ids[i], 1)[0]
		}
		expect := func(path string, want ...string) {
			t.Helper()
			if got := sent.taken(); !slices.Equal(got, want) {
				t.Errorf("%s of %d subjects takes %v, want %v", path, n, got, want)
			}
		}
		sent.taken()
		mustSave(t, st, changes...)
		expect("the save of new ones", append(labels, "insert", "insert", "find")...)
		labels = nil
		found, err := st.Load(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		expect("the load", "find")
		again := make([]store.Change, 0, n)
		for _, id := range ids {
			again = append(again, store.Change{Subject: found[id]})
		}
		mustSave(t, st, again...)
		expect("the save of stored ones", "update")
		mustAppend(t, st, entries...)
		expect("the journal", "insert")
		if _, err := st.Tails(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
		expect("the end of the journal", "find", "find")
	}
}
