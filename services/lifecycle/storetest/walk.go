package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func walkTests() map[string]test {
	return map[string]test{
		"subjects are walked in the order of their ids":        walk,
		"a walk goes on where there are only redirects":        walkRedirects,
		"subjects with open requests come most urgent first":   requested,
		"unconfirmed decisions come most urgent first":         unconfirmed,
		"a request that is answered or postponed is no longer": answered,
		"subjects are counted, redirects are not":              count,
		"bounds divide the subjects evenly":                    bounds,
	}
}

// walkAll walks in pages and returns all ids.
func walkAll(t *testing.T, st Store, limit int) []string {
	t.Helper()
	var all []string
	short := false // only the last page may be
	for after := ""; ; after = all[len(all)-1] {
		page, err := st.Walk(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("walk after %q: %v", after, err)
		}
		if n := len(page); n > limit || short && n > 0 {
			t.Fatalf("a page of %d holds %d, short before: %v", limit, n, short)
		}
		short = len(page) < limit
		if len(page) == 0 {
			return all
		}
		all = append(all, ids(page)...)
	}
}

// bounds: no range has more than its share and one, whatever the number of ranges is.
func bounds(t *testing.T, open func() Store) {
	st := open()
	if got, err := st.Bounds(t.Context(), 4); len(got) > 0 || err != nil {
		t.Errorf("without subjects: got %v, %v, want none", got, err)
	}
	const persons = 23
	for i := range persons {
		mustSave(t, st, create(person(fmt.Sprintf("p%02d", i))))
	}
	for _, n := range []int{1, 2, 4, 7, 23, 40} {
		got, err := st.Bounds(t.Context(), n)
		if err != nil || !slices.IsSorted(got) || len(got) > n-1 || n <= persons && len(got) != n-1 {
			t.Fatalf("in %d ranges: got the bounds %v, %v", n, got, err)
		}
		from := 0
		for _, bound := range got {
			var to int
			if _, err := fmt.Sscanf(bound, "p%d", &to); err != nil || to+1-from != persons/n {
				t.Errorf("in %d ranges: the bounds %v are uneven, %v", n, got, err)
			}
			from = to + 1
		}
	}
}

func walk(t *testing.T, open func() Store) {
	st := open()
	for _, id := range []string{"ź", "p-2", "p-10", "P-3", "p-1", "p"} {
		mustSave(t, st, create(person(id)))
	}
	mustSave(t, st, store.Change{Subject: mustLoad(t, st, "p-1")})
	want := []string{"P-3", "p", "p-1", "p-10", "p-2", "ź"} // byte by byte
	for _, limit := range []int{1, 2, 3, 6, 7} {
		if got := walkAll(t, st, limit); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: got %v, want %v", limit, got, want)
		}
	}
	page, err := st.Walk(t.Context(), "p-0", 1) // an id without a subject
	if err != nil || len(page) != 1 || page[0].ID != "p-1" || page[0].Version != 2 || len(page[0].Facts) != 1 {
		t.Errorf("got %+v, %v", page, err)
	}
	for _, limit := range []int{-1, 0} {
		if page, err := st.Walk(t.Context(), "", limit); err != nil || len(page) != 0 {
			t.Errorf("a page of %d holds %v, %v", limit, ids(page), err)
		}
	}
}

func walkRedirects(t *testing.T, open func() Store) {
	st := open()
	for _, id := range []string{"p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7"} {
		mustSave(t, st, create(person(id)))
	}
	for _, id := range []string{"p-2", "p-3", "p-4", "p-5", "p-7"} {
		mustSave(t, st, store.Change{Subject: lifecycle.Redirect(mustLoad(t, st, id), "p-1")})
	}
	unborn := person("p-8") // not evaluated under any policy yet, and no redirect
	unborn.Revision = ""
	mustSave(t, st, create(unborn))
	if got, want := walkAll(t, st, 2), []string{"p-1", "p-6", "p-8"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if page, err := st.Walk(t.Context(), "p-1", 2); err != nil || !slices.Equal(ids(page), []string{"p-6", "p-8"}) {
		t.Errorf("a page of two holds %v, %v", ids(page), err)
	}
}

// asking makes a person with an open request.
func asking(id string, due time.Time) lifecycle.Subject {
	s := person(id)
	s.RequestDue = &due
	return s
}

func wantRequested(t *testing.T, st Store, limit int, want ...string) {
	t.Helper()
	got, err := st.Requested(t.Context(), limit)
	if err != nil || !slices.Equal(ids(got), want) {
		t.Errorf("got %v, %v, want %v", ids(got), err, want)
	}
}

func requested(t *testing.T, open func() Store) {
	st := open()
	late, early := day.AddDate(0, 0, 30), day.AddDate(0, 0, -3)
	mustSave(t, st,
		create(asking("p-5", late)), create(asking("p-4", day)), create(person("p-3")), create(asking("p-2", day)),
		create(asking("p-1", day)), create(asking("p-6", early)), create(asking("p-7", day.Add(-time.Millisecond))))
	wantRequested(t, st, 10, "p-6", "p-7", "p-1", "p-2", "p-4", "p-5")
	wantRequested(t, st, 4, "p-6", "p-7", "p-1", "p-2")
	wantRequested(t, st, 1, "p-6")
	wantRequested(t, st, 0)
	wantRequested(t, st, -1)
	got, err := st.Requested(t.Context(), 1)
	if err != nil || got[0].Version != 1 || got[0].RequestDue == nil || !got[0].RequestDue.Equal(early) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func answered(t *testing.T, open func() Store) {
	st := open()
	mustSave(
		t,
		st,
		create(asking("p-1", day)),
		create(asking("p-2", day)),
		create(asking("p-3", day)),
		create(person("p-4")),
	)
	one, two, three, four := mustLoad(t, st, "p-1"), mustLoad(t, st, "p-2"), mustLoad(t, st, "p-3"), mustLoad(t, st, "p-4")
	postponed, sooner := day.AddDate(0, 2, 0), day.AddDate(0, 0, -1)
	one.RequestDue, three.RequestDue, four.RequestDue = nil, &postponed, &sooner
	two = lifecycle.Redirect(two, "p-1")
	mustSave(
		t,
		st,
		store.Change{Subject: one},
		store.Change{Subject: two},
		store.Change{Subject: three},
		store.Change{Subject: four},
	)
	wantRequested(t, st, 10, "p-4", "p-3")
}

// awaiting returns a subject that awaits the answer of a recipient.
func awaiting(id string, due time.Time) lifecycle.Subject {
	s := person(id)
	s.NoticeDue = &due
	s.Notices = []notice.Notice{
		{
			Decision:  "dec_" + id,
			Kind:      stream.KindDelete,
			At:        day,
			Effective: day,
			Names:     []string{"h1"},
			Notifications: []notice.Notification{
				{
					Recipient:  "crm",
					Due:        due,
					Sent:       &due,
					Outcome:    "partial",
					Categories: map[string]fact.Outcome{"order": fact.OutcomeHeld},
					Reason:     "…",
					At:         &due,
				},
			},
			Items: []notice.HashedItem{{Category: "order", Hashes: []string{"h2"}}},
		},
	}
	return s
}

func unconfirmed(t *testing.T, open func() Store) {
	st := open()
	want := func(limit int, want ...string) {
		t.Helper()
		got, err := st.Unconfirmed(t.Context(), limit)
		if err != nil || !slices.Equal(ids(got), want) {
			t.Errorf("got %v, %v, want %v", ids(got), err, want)
		}
	}
	mustSave(t, st, create(awaiting("p-3", day.AddDate(0, 0, 7))), create(person("p-4")), create(asking("p-5", day)),
		create(awaiting("p-2", day)), create(awaiting("p-1", day)))
	want(10, "p-1", "p-2", "p-3")
	want(2, "p-1", "p-2")
	want(0)
	want(-1)
	for limit, want := range map[int]int{0: 0, 2: 2, 10: 3} {
		if got, err := st.OpenNotices(t.Context(), limit); len(got) != want || err != nil {
			t.Errorf("got %d notices and %v of %d subjects, want %d", len(got), err, limit, want)
		}
	}
	first := mustLoad(t, st, "p-1")
	saved := awaiting("p-1", day)
	saved.Version = 1
	if diff := cmp.Diff(saved, first, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("subject differs (-saved +loaded):\n%s", diff)
	}
	first.NoticeDue = nil
	second := lifecycle.Redirect(mustLoad(t, st, "p-2"), "p-1")
	mustSave(t, st, store.Change{Subject: first}, store.Change{Subject: second})
	want(10, "p-3")
}

func count(t *testing.T, open func() Store) {
	st := open()
	want := func(n int64) {
		t.Helper()
		if got, err := st.Count(t.Context()); err != nil || got != n {
			t.Errorf("counted %d, %v, want %d", got, err, n)
		}
	}
	var changes []store.Change
	for i := range 250 {
		s := person(name(i))
		if i%2 == 0 {
			s.Revision = "" // not decided yet
		}
		changes = append(changes, create(s))
	}
	mustSave(t, st, changes...)
	want(250)
	a, b := mustLoad(t, st, name(0)), mustLoad(t, st, name(1))
	mustSave(
		t,
		st,
		store.Change{
			Subject:  lifecycle.Merge(a, b),
			Claim:    b.Keys,
			Redirect: []lifecycle.Subject{lifecycle.Redirect(b, a.ID)},
		},
	)
	want(249)
	a = mustLoad(t, st, a.ID)
	a.Facts, a.ReviewAt, a.Sealed = nil, nil, nil
	mustSave(t, st, store.Change{Subject: a})
	want(248)
}
