// Package storetest is the conformance suite of the stores: the guarantees on which the loops rely.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Store is the complete interface of a store.
type Store interface {
	// Lookup returns the subjects of keys; unknown keys are absent.
	Lookup(ctx context.Context, keys []string) (map[string]string, error)
	// Load reads subjects; unknown ids are left out.
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
	// Save applies changes independently. Error i is nil when change i is durable, and wraps
	// store.ErrConflict after a version conflict. The last error is an error of the store: no
	// change counts as stored then.
	Save(ctx context.Context, changes []store.Change) ([]error, error)
	// Pending returns subjects with unpublished decisions or unwritten journal entries.
	Pending(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	// Due returns the ids of subjects whose review time has passed, the earliest first, and then of
	// subjects evaluated under another policy revision.
	Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error)
	// Requested returns subjects with an open request, by deadline and id.
	Requested(ctx context.Context, limit int) ([]lifecycle.Subject, error)
	// CountPending returns the number of pending subjects, up to limit.
	CountPending(ctx context.Context, limit int) (int, error)
	// OpenNotices returns the notices of at most limit subjects with unconfirmed decisions.
	OpenNotices(ctx context.Context, limit int) ([]notice.Notice, error)
	// Unconfirmed returns subjects with decisions that recipients have not answered, by deadline
	// and id.
	Unconfirmed(ctx context.Context, limit int) ([]lifecycle.Subject, error)
	// Walk returns the next subjects after an id, by id and without redirects. A page is full while
	// enough subjects remain.
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	// Counts returns the number of subjects of each label; a label of nobody may be absent.
	Counts(ctx context.Context) (map[string]int64, error)
	// Labelled returns the next subjects that have every label of a page, by id. An error wraps store.ErrNoLabel for a
	// page without a label.
	Labelled(ctx context.Context, page store.Page) ([]lifecycle.Subject, error)
	// Count returns the number of subjects, without redirects.
	Count(ctx context.Context) (int64, error)
	// Bounds returns at most n-1 ids, in order, that divide the subjects into ranges of about the same size.
	Bounds(ctx context.Context, n int) ([]string, error)
	Journal
	// Policies returns the policies that were in force, by time.
	Policies(ctx context.Context) ([]store.Policy, error)
	// AddPolicy records that a policy entered into force. A revision may return with a later From;
	// existing records stay unchanged.
	AddPolicy(ctx context.Context, p store.Policy) error
	// State returns a document about the installation itself; empty for an unknown name.
	State(ctx context.Context, name string) (string, error)
	// SetState stores such a document; the latest one counts.
	SetState(ctx context.Context, name, doc string) error
	// AddState stores such a document unless there is one, and returns the stored one.
	AddState(ctx context.Context, name, doc string) (string, error)
	// ReplaceState stores such a document in place of a former one.
	ReplaceState(ctx context.Context, name, former, doc string) error
	Close() error
}

// Journal is the journal interface of a store. Stored entries never change.
type Journal interface {
	// Append appends entries, in the given order within each subject. Error i is nil when entry i
	// is durable, even from an earlier call, and wraps store.ErrConflict when another entry has the
	// position or when an earlier entry of the subject failed. The last error is an error of the
	// store.
	Append(ctx context.Context, entries []chain.Entry) ([]error, error)
	// Tails returns the last entry of each subject's journal; subjects without a
	// journal are left out.
	Tails(ctx context.Context, subjects []string) (map[string]chain.Entry, error)
	// Noted reports which keys the journal of a subject contains.
	Noted(ctx context.Context, subject string, keys []string) (map[string]bool, error)
	// Entries returns the subject's journal, in order.
	Entries(ctx context.Context, subject string) ([]chain.Entry, error)
	// EntriesOf returns the journal entries of a decision, by time.
	EntriesOf(ctx context.Context, decision string) ([]chain.Entry, error)
	// WalkJournal returns the complete journals of the next subjects after an id, at most limit of
	// them, in order.
	WalkJournal(ctx context.Context, after string, limit int) ([]chain.Entry, error)
	// Prune removes at most limit entries older than before and returns the number removed. Entries
	// are removed from the beginning of a chain only, and the last entry of a stored subject or
	// redirect is kept.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// Run tests a store. storage creates empty storage for one test; the returned function opens the
// storage, any number of times.
func Run(t *testing.T, storage func(t *testing.T) (open func(t *testing.T) Store)) {
	for _, tests := range []map[string]test{
		subjectTests(), walkTests(), journalTests(), pruneTests(), policyTests(), stateTests(), labelTests(),
	} {
		for name, run := range tests {
			t.Run(name, func(t *testing.T) {
				open := storage(t)
				run(t, func() Store { return open(t) })
			})
		}
	}
}

// test is one test of a store, with a function that opens the store.
type test func(t *testing.T, open func() Store)

func subjectTests() map[string]test {
	return map[string]test{
		"a subject comes back as it was saved":                 comesBack,
		"a write on an old version is a conflict":              conflict,
		"one of many who create a subject wins":                createOnce,
		"one of many who claim a key wins":                     claimOnce,
		"a lost claim leaves nothing behind":                   lostClaim,
		"no write is lost among concurrent writers":            noLostUpdate,
		"a batch of 500 is saved, each change alone":           bulk,
		"due subjects come earliest first, in pages":           due,
		"subjects of another policy revision are due":          oldRevision,
		"pending subjects are those with an outbox or notes":   pending,
		"absorbing moves the keys and leaves a redirect":       absorb,
		"absorbing on an old version of the other is conflict": absorbConflict,
		"a subject that is gone goes with its keys":            gone,
		"a subject that is gone takes what it absorbed along":  goneWithAbsorbed,
		"a key of a subject that is no more can be claimed":    reclaim,
		"a key that is released leads nowhere":                 release,
		"only a subject's own keys are released":               releaseOwn,
		"everything is still there after a restart":            restart,
		"nothing asked, nothing answered":                      nothing,
	}
}

var day = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// person returns a subject with a value in every field.
func person(id string) lifecycle.Subject {
	until := day.AddDate(5, 0, 0)
	return lifecycle.Subject{
		HoldsPersonal: true,
		ID:            id,
		Keys:          []string{"key-" + id},
		Sealed:        []byte{1, 2, 3, 0, 255},
		Facts: []fact.Fact{
			{
				ID:         "fact-" + id,
				Kind:       fact.KindSale,
				Source:     "shop",
				Occurred:   day.Add(-time.Hour),
				Received:   day.Add(123 * time.Millisecond),
				Ref:        "order-1",
				Links:      []string{"stripe:pi_1"},
				Access:     fact.AccessCourse,
				AccessDays: 30,
				PaidUntil:  &until,
				Proof:      []byte{9},
			},
		},
		Announced: []lifecycle.AnnouncedDeletion{
			{Item: rules.Item{Category: "newsletter"}, Lapse: day, At: day, Decision: "dec_1"},
		},
		Questions:    []rules.AnnouncedQuestion{{Purpose: "offers", Channel: "email", At: day, Decision: "dec_2"}},
		Revision:     "r1",
		LastReceived: day,
		ReviewAt:     &until,
	}
}

func create(s lifecycle.Subject) store.Change {
	return store.Change{Subject: s, Claim: s.Keys}
}

// save saves one change and returns the error of the change.
func save(t *testing.T, st Store, c store.Change) error {
	t.Helper()
	errs, err := st.Save(t.Context(), []store.Change{c})
	if err != nil {
		t.Fatalf("save: %v", err)
	}
	if len(errs) != 1 {
		t.Fatalf("one change, %d answers", len(errs))
	}
	return errs[0]
}

func mustSave(t *testing.T, st Store, changes ...store.Change) {
	t.Helper()
	errs, err := st.Save(t.Context(), changes)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatalf("save: %v", err)
	}
}

func load(t *testing.T, st Store, id string) (lifecycle.Subject, bool) {
	t.Helper()
	found, err := st.Load(t.Context(), []string{id})
	if err != nil {
		t.Fatalf("load %s: %v", id, err)
	}
	s, ok := found[id]
	return s, ok
}

func mustLoad(t *testing.T, st Store, id string) lifecycle.Subject {
	t.Helper()
	s, ok := load(t, st, id)
	if !ok {
		t.Fatalf("subject %s is not stored", id)
	}
	return s
}

func owner(t *testing.T, st Store, key string) string {
	t.Helper()
	found, err := st.Lookup(t.Context(), []string{key})
	if err != nil {
		t.Fatalf("look up %s: %v", key, err)
	}
	return found[key]
}

func comesBack(t *testing.T, open func() Store) {
	st := open()
	want := person("a")
	want.Outbox = []decision.Decision{
		{
			ID: "dec_3", Subject: "a", At: day, Revision: "r1", Decision: stream.Decision{
				Kind: stream.KindAskConsent, Effective: day, Because: []stream.Reason{{
					Rule: "tax", Purpose: "tax_documents", Article: "6(1)(c)", Ref: "order-1", Since: day,
					Until: want.ReviewAt, Facts: []string{"fact-a"},
				}},
				Ask: &stream.Ask{
					Purpose: "offers", Channel: "email", Text: "Zgadzam się…", Places: []string{"checkout"}, Until: day,
				},
			},
		},
		{
			ID: "dec_4", Subject: "a", At: day, Revision: "r1", Decision: stream.Decision{
				Kind: stream.KindDelete, Effective: day, Recipients: []string{"crm"}, Because: []stream.Reason{},
				Delete: &stream.Delete{
					Scope: "part", Purposes: []string{"tax_documents"},
					Items: []stream.Item{{Category: "order", Ref: "order-1", Names: []string{"pi_1"}}},
					Retained: []stream.RetainedItem{
						{Item: stream.Item{Category: "contact"}, Purpose: "tax_documents", Article: "6(1)(c)"},
					},
				},
			},
		},
	}
	want.Notes = []chain.Note{
		{
			Key:   "alarm",
			At:    day,
			Kind:  chain.KindAlarm,
			Text:  "…",
			Items: []rules.Item{{Category: "order", Ref: "order-1"}},
		},
	}
	want.Journal = chain.Head{Seq: 7, Hash: "h7"}
	want.RequestDue = want.ReviewAt
	mustSave(t, st, create(want))
	got := mustLoad(t, st, "a")
	want.Version = 1
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("subject differs (-saved +loaded):\n%s", diff)
	}
	if got := owner(t, st, "key-a"); got != "a" {
		t.Errorf("key belongs to %q", got)
	}
}

func conflict(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	first := mustLoad(t, st, "a")
	second := first
	first.Revision = "first"
	mustSave(t, st, store.Change{Subject: first})
	second.Revision = "second"
	if err := save(t, st, store.Change{Subject: second}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if err := save(t, st, create(person("a"))); !errors.Is(err, store.ErrConflict) {
		t.Errorf("creating it again: got %v, want a conflict", err)
	}
	if got := mustLoad(t, st, "a"); got.Revision != "first" || got.Version != 2 {
		t.Errorf("got revision %q, version %d", got.Revision, got.Version)
	}
}

// race saves n changes concurrently and returns the number of successes.
func race(t *testing.T, st Store, n int, change func(i int) store.Change) int {
	t.Helper()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		wins int
	)
	for i := range n {
		wg.Go(func() {
			errs, err := st.Save(context.WithoutCancel(t.Context()), []store.Change{change(i)})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("save: %v", err)
			case errs[0] == nil:
				wins++
			case !errors.Is(errs[0], store.ErrConflict):
				t.Errorf("save: %v", errs[0])
			}
		})
	}
	wg.Wait()
	return wins
}

func createOnce(t *testing.T, open func() Store) {
	st := open()
	if wins := race(t, st, 16, func(int) store.Change { return create(person("a")) }); wins != 1 {
		t.Errorf("%d writers created the subject", wins)
	}
	if got := mustLoad(t, st, "a"); got.Version != 1 {
		t.Errorf("version %d", got.Version)
	}
}

func claimOnce(t *testing.T, open func() Store) {
	st := open()
	wins := race(t, st, 16, func(i int) store.Change {
		s := person(fmt.Sprintf("claimant-%02d", i))
		s.Keys = []string{"shared"}
		return create(s)
	})
	if wins != 1 {
		t.Errorf("%d writers claimed the key", wins)
	}
	if s := mustLoad(t, st, owner(t, st, "shared")); s.Version != 1 {
		t.Errorf("version %d", s.Version)
	}
}

func lostClaim(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	thief := person("b")
	thief.Keys = []string{"key-a", "key-b"}
	if err := save(t, st, create(thief)); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if _, ok := load(t, st, "b"); ok {
		t.Error("the loser was stored")
	}
	if got := owner(t, st, "key-a"); got != "a" {
		t.Errorf("the key belongs to %q", got)
	}
	// The claims of the failed writer must not block other subjects.
	c := person("c")
	c.Keys = []string{"key-b"}
	mustSave(t, st, create(c))
}

func noLostUpdate(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	const writers, writes = 8, 10
	race(t, st, writers, func(i int) store.Change {
		for n := range writes - 1 {
			append1(t, st, fmt.Sprintf("w%d-%d", i, n))
		}
		return store.Change{Subject: person(fmt.Sprintf("done-%d", i)), Claim: []string{fmt.Sprintf("key-done-%d", i)}}
	})
	if got := len(mustLoad(t, st, "a").MergedFrom); got != writers*(writes-1) {
		t.Errorf("%d of %d writes are there", got, writers*(writes-1))
	}
}

// append1 adds a mark to subject a, with retries after conflicts.
func append1(t *testing.T, st Store, mark string) {
	for {
		found, err := st.Load(context.WithoutCancel(t.Context()), []string{"a"})
		if err != nil {
			t.Errorf("load: %v", err)
			return
		}
		s := found["a"]
		s.MergedFrom = append(slices.Clone(s.MergedFrom), mark)
		errs, err := st.Save(context.WithoutCancel(t.Context()), []store.Change{{Subject: s}})
		switch {
		case err != nil:
			t.Errorf("save: %v", err)
			return
		case errs[0] == nil:
			return
		case !errors.Is(errs[0], store.ErrConflict):
			t.Errorf("save: %v", errs[0])
			return
		}
	}
}

func bulk(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("p-007")), create(person("p-008")))
	var changes []store.Change
	var ids, keys []string
	for i := range 500 {
		s := person(fmt.Sprintf("p-%03d", i))
		if i == 8 {
			s.Version = 1 // an update among the creations
		}
		changes = append(changes, create(s))
		ids, keys = append(ids, s.ID), append(keys, s.Keys...)
	}
	errs, err := st.Save(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if (i == 7) != errors.Is(err, store.ErrConflict) || (i != 7 && err != nil) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	found, err := st.Load(t.Context(), ids)
	if err != nil || len(found) != 500 {
		t.Errorf("%d of 500 subjects, %v", len(found), err)
	}
	owners, err := st.Lookup(t.Context(), keys)
	if err != nil || len(owners) != 500 {
		t.Errorf("%d of 500 keys, %v", len(owners), err)
	}
	if v := found["p-008"].Version; v != 2 {
		t.Errorf("updated subject has version %d", v)
	}
}

func due(t *testing.T, open func() Store) {
	st := open()
	var changes []store.Change
	for i := range 10 {
		s := person(fmt.Sprintf("p-%d", i))
		at := day.Add(time.Duration(9-i) * time.Hour)
		s.ReviewAt = &at
		changes = append(changes, create(s))
	}
	never := person("never")
	never.ReviewAt = nil
	mustSave(t, st, append(changes, create(never))...)
	for _, c := range []struct {
		at    time.Time
		limit int
		want  []string
	}{
		{day.Add(-time.Millisecond), 5, nil},
		{day, 5, []string{"p-9"}},
		{day.Add(3 * time.Hour), 3, []string{"p-9", "p-8", "p-7"}},
		{day.Add(24 * time.Hour), 100, []string{"p-9", "p-8", "p-7", "p-6", "p-5", "p-4", "p-3", "p-2", "p-1", "p-0"}},
	} {
		got, err := st.Due(t.Context(), c.at, "r1", c.limit)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("at %s: got %v, %v, want %v", c.at, got, err, c.want)
		}
	}
}

func oldRevision(t *testing.T, open func() Store) {
	st := open()
	for i, revision := range []string{"r0", "r1", "r2"} {
		s := person(fmt.Sprintf("p-%d", i))
		s.Revision = revision
		mustSave(t, st, create(s))
	}
	redirect := lifecycle.Redirect(person("old"), "p-1")
	mustSave(t, st, store.Change{Subject: redirect})
	got, err := st.Due(t.Context(), day, "r1", 10)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"p-0", "p-2"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, _ := st.Due(t.Context(), day, "r1", 1); len(got) != 1 {
		t.Errorf("a page of one holds %v", got)
	}
}

func pending(t *testing.T, open func() Store) {
	st := open()
	for i := range 4 {
		s := person(fmt.Sprintf("p-%d", i))
		switch i {
		case 0, 2:
			s.Outbox = []decision.Decision{
				decision.NewDeletion("dec_"+s.ID, s.ID, day, nil, nil, nil),
			}
		case 3:
			s.Notes = []chain.Note{{Key: "alarm", At: day, Kind: chain.KindAlarm}}
		}
		mustSave(t, st, create(s))
	}
	for limit, want := range map[int]int{0: 0, 1: 1, 10: 3} {
		if n, err := st.CountPending(t.Context(), limit); n != want || err != nil {
			t.Errorf("got %d pending subjects and %v up to %d, want %d", n, err, limit, want)
		}
	}
	got, err := st.Pending(t.Context(), "", 10)
	if err != nil || !sameIDs(got, "p-0", "p-2", "p-3") {
		t.Fatalf("got %v, %v", ids(got), err)
	}
	if one, err := st.Pending(t.Context(), "", 1); err != nil || len(one) != 1 {
		t.Errorf("a page of one holds %d, %v", len(one), err)
	}
	for _, s := range got {
		if len(s.Outbox)+len(s.Notes) != 1 || s.Version != 1 {
			t.Errorf("pending %s: %d decisions, %d notes, version %d", s.ID, len(s.Outbox), len(s.Notes), s.Version)
		}
		s.Outbox, s.Notes = nil, nil
		mustSave(t, st, store.Change{Subject: s})
	}
	if left, err := st.Pending(t.Context(), "", 10); err != nil || len(left) != 0 {
		t.Errorf("after clearing: %d, %v", len(left), err)
	}
}

func ids(subjects []lifecycle.Subject) []string {
	out := make([]string, len(subjects))
	for i := range subjects {
		out[i] = subjects[i].ID
	}
	return out
}

// sameIDs reports whether the subjects have the given ids, in any order.
func sameIDs(subjects []lifecycle.Subject, want ...string) bool {
	return slices.Equal(slices.Sorted(slices.Values(ids(subjects))), want)
}

func absorb(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")))
	a, b := mustLoad(t, st, "a"), mustLoad(t, st, "b")
	a = lifecycle.Merge(a, b)
	change := store.Change{Subject: a, Claim: []string{"key-b"}, Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")}}
	mustSave(t, st, change)
	if got := owner(t, st, "key-b"); got != "a" {
		t.Errorf("key of the absorbed belongs to %q", got)
	}
	if got := mustLoad(t, st, "b"); got.MergedInto != "a" || len(got.Facts) > 0 || got.Version != 2 {
		t.Errorf("the absorbed is %+v", got)
	}
	if got := mustLoad(t, st, "a"); len(got.Facts) != 2 {
		t.Errorf("%d facts", len(got.Facts))
	}
}

func absorbConflict(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")))
	a, b := mustLoad(t, st, "a"), mustLoad(t, st, "b")
	late := b
	late.Revision = "written meanwhile"
	mustSave(t, st, store.Change{Subject: late})
	change := store.Change{
		Subject:  lifecycle.Merge(a, b),
		Claim:    []string{"key-b"},
		Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")},
	}
	if err := save(t, st, change); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if got := mustLoad(t, st, "b"); got.MergedInto != "" || got.Revision != "written meanwhile" {
		t.Errorf("the other was overwritten: %+v", got)
	}
	// The keys must still lead to the merged subject, or facts written in the meantime are lost:
	// keys move only after the redirect is written on its version.
	if got := owner(t, st, "key-b"); got != "b" {
		t.Errorf("after a conflict the key of the other belongs to %q", got)
	}
	// The same merge on the current state must succeed.
	a, b = mustLoad(t, st, "a"), mustLoad(t, st, "b")
	mustSave(
		t,
		st,
		store.Change{
			Subject:  lifecycle.Merge(a, b),
			Claim:    []string{"key-b"},
			Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")},
		},
	)
	if got := owner(t, st, "key-b"); got != "a" {
		t.Errorf("key of the absorbed belongs to %q", got)
	}
}

func gone(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	s := mustLoad(t, st, "a")
	stale := s
	s.Facts, s.ReviewAt, s.Sealed = nil, nil, nil
	if !s.Removable() {
		t.Fatal("the subject is not gone")
	}
	mustSave(t, st, store.Change{Subject: s})
	if _, ok := load(t, st, "a"); ok {
		t.Error("still stored")
	}
	if got := owner(t, st, "key-a"); got != "" {
		t.Errorf("key still belongs to %q", got)
	}
	if err := save(t, st, store.Change{Subject: stale}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("writing what is gone: got %v, want a conflict", err)
	}
	if err := save(t, st, store.Change{Subject: s}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("removing what is gone: got %v, want a conflict", err)
	}
}

func goneWithAbsorbed(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")))
	a, b := mustLoad(t, st, "a"), mustLoad(t, st, "b")
	mustSave(
		t,
		st,
		store.Change{
			Subject:  lifecycle.Merge(a, b),
			Claim:    []string{"key-b"},
			Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")},
		},
	)
	s := mustLoad(t, st, "a")
	s.Facts, s.ReviewAt, s.Sealed = nil, nil, nil
	mustSave(t, st, store.Change{Subject: s})
	for _, id := range []string{"a", "b"} {
		if _, ok := load(t, st, id); ok {
			t.Errorf("%s is still stored", id)
		}
		if got := owner(t, st, "key-"+id); got != "" {
			t.Errorf("the key of %s still belongs to %q", id, got)
		}
	}
}

func reclaim(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	s := mustLoad(t, st, "a")
	s.Facts, s.ReviewAt = nil, nil
	mustSave(t, st, store.Change{Subject: s})
	again := person("b")
	again.Keys = []string{"key-a"}
	mustSave(t, st, create(again))
	if got := owner(t, st, "key-a"); got != "b" {
		t.Errorf("key belongs to %q", got)
	}
}

func release(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")))
	a, b := mustLoad(t, st, "a"), mustLoad(t, st, "b")
	mustSave(
		t,
		st,
		store.Change{
			Subject:  lifecycle.Merge(a, b),
			Claim:    []string{"key-b"},
			Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")},
		},
	)
	a = mustLoad(t, st, "a")
	a.Keys = append(a.Keys, "key-new")
	mustSave(t, st, store.Change{Subject: a, Claim: []string{"key-new"}})
	a = mustLoad(t, st, "a")
	a.Keys = []string{"key-new"}
	mustSave(t, st, store.Change{Subject: a, Release: []string{"key-a", "key-b", "key-none"}})
	for key, want := range map[string]string{"key-a": "", "key-b": "", "key-new": "a"} {
		if got := owner(t, st, key); got != want {
			t.Errorf("%s belongs to %q, want %q", key, got, want)
		}
	}
	if got := mustLoad(t, st, "a").Keys; !slices.Equal(got, []string{"key-new"}) {
		t.Errorf("keys %v", got)
	}
	again := person("c")
	again.Keys = []string{"key-a"}
	mustSave(t, st, create(again))
}

func releaseOwn(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")), create(person("b")))
	mustSave(t, st, store.Change{Subject: mustLoad(t, st, "a"), Release: []string{"key-b"}})
	if got := owner(t, st, "key-b"); got != "b" {
		t.Errorf("the key of another belongs to %q", got)
	}
}

func restart(t *testing.T, open func() Store) {
	st := open()
	mustSave(t, st, create(person("a")))
	entries := newChain(t, "a", day, day)
	mustAppend(t, st, entries...)
	policy := store.Policy{Revision: "r1", From: day, Text: "text"}
	mustAddPolicy(t, st, policy)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = open()
	if got := mustLoad(t, st, "a"); got.Version != 1 {
		t.Errorf("version %d", got.Version)
	}
	if got := owner(t, st, "key-a"); got != "a" {
		t.Errorf("key belongs to %q", got)
	}
	wantJournal(t, st, "a", entries)
	wantPolicies(t, st, policy)
}

func nothing(t *testing.T, open func() Store) {
	st := open()
	if got, err := st.Lookup(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("look up: %v, %v", got, err)
	}
	if got, err := st.Load(t.Context(), []string{"nobody"}); err != nil || len(got) != 0 {
		t.Errorf("load: %v, %v", got, err)
	}
	if got, err := st.Save(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("save: %v, %v", got, err)
	}
	for _, limit := range []int{-1, 0, 10} {
		if got, err := st.Pending(t.Context(), "", limit); err != nil || len(got) != 0 {
			t.Errorf("pending: %v, %v", got, err)
		}
		if got, err := st.Requested(t.Context(), limit); err != nil || len(got) != 0 {
			t.Errorf("requested: %v, %v", got, err)
		}
		if got, err := st.Walk(t.Context(), "", limit); err != nil || len(got) != 0 {
			t.Errorf("walk: %v, %v", got, err)
		}
	}
	if got, err := st.Due(t.Context(), day, "r1", 10); err != nil || len(got) != 0 {
		t.Errorf("due: %v, %v", got, err)
	}
	if got, err := st.Count(t.Context()); err != nil || got != 0 {
		t.Errorf("count: %v, %v", got, err)
	}
	if got, err := st.Policies(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("policies: %v, %v", got, err)
	}
}

func nothingNoted(t *testing.T, open func() Store) {
	st := open()
	if got, err := st.Append(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("append: %v, %v", got, err)
	}
	if got, err := st.Tails(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("tails of nobody: %v, %v", got, err)
	}
	if got, err := st.Tails(t.Context(), []string{"nobody"}); err != nil || len(got) != 0 {
		t.Errorf("tails: %v, %v", got, err)
	}
	if got, err := st.Noted(t.Context(), "nobody", nil); err != nil || len(got) != 0 {
		t.Errorf("noted, of no keys: %v, %v", got, err)
	}
	if got, err := st.Noted(t.Context(), "nobody", []string{"key"}); err != nil || len(got) != 0 {
		t.Errorf("noted: %v, %v", got, err)
	}
	if got, err := st.Entries(t.Context(), "nobody"); err != nil || len(got) != 0 {
		t.Errorf("entries: %v, %v", got, err)
	}
	if got, err := st.WalkJournal(t.Context(), "", 10); err != nil || len(got) != 0 {
		t.Errorf("walk: %v, %v", got, err)
	}
	if n, err := st.Prune(t.Context(), day, 10); err != nil || n != 0 {
		t.Errorf("prune: %v, %v", n, err)
	}
}
