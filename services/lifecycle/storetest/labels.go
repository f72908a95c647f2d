package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func labelTests() map[string]test {
	return map[string]test{
		"labels come back, also after a restart":          labelsComeBack,
		"labels count and list as if everything was read": labelsCount,
		"an absorbed subject leaves its labels":           absorbedLabels,
		"pages of labels meet without a gap":              labelPages,
		"sorted pages of labels meet without a gap":       sortedPages,
	}
}

// labelled is a subject with labels.
func labelled(id string, labels ...string) lifecycle.Subject {
	slices.Sort(labels)
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	return lifecycle.Subject{ID: id, Facts: []fact.Fact{{ID: "f" + id}}, ReviewAt: &at, Labels: labels}
}

// saved saves subjects and sets their versions.
func saved(t *testing.T, st Store, subjects ...*lifecycle.Subject) {
	t.Helper()
	changes := make([]store.Change, len(subjects))
	for i, s := range subjects {
		changes[i] = store.Change{Subject: *s}
	}
	errs, err := st.Save(t.Context(), changes)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
	for _, s := range subjects {
		s.Version++
	}
}

func labelsComeBack(t *testing.T, open func() Store) {
	st := open()
	a := labelled("a", "stage:customer", "lapse:2027-01")
	a.Outbox = []decision.Decision{{ID: "d", Subject: "a", Decision: stream.Decision{Kind: stream.KindAskConsent}}}
	saved(t, st, &a)
	for _, st := range []Store{st, open()} {
		found, err := st.Load(t.Context(), []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"lapse:2027-01", "stage:customer"}
		if got := found["a"].Labels; !slices.Equal(got, want) {
			t.Errorf("got the labels %v, want %v: those of the last evaluation", got, want)
		}
		counts, err := st.Counts(t.Context())
		if err != nil || counts["decision:ask-consent:held"] != 1 {
			t.Errorf("got the counts %v (%v), want one question that is not published", counts, err)
		}
	}
}

func labelsCount(t *testing.T, open func() Store) {
	st := open()
	r := rand.New(rand.NewPCG(1, 2))
	all := []string{"a", "b", "c", "d", "e"}
	subjects := map[string]*lifecycle.Subject{}
	for round := range 40 {
		var changed []*lifecycle.Subject
		for range 1 + r.IntN(4) {
			id := fmt.Sprintf("s%02d", r.IntN(20))
			if slices.ContainsFunc(changed, func(s *lifecycle.Subject) bool { return s.ID == id }) {
				continue
			}
			s := subjects[id]
			if s == nil {
				made := labelled(id)
				s = &made
				subjects[id] = s
			}
			s.Labels = nil
			for _, l := range all {
				if r.IntN(2) == 0 {
					s.Labels = append(s.Labels, l)
				}
			}
			changed = append(changed, s)
		}
		saved(t, st, changed...)
		if round%10 == 9 { // a subject that is gone
			for id, s := range subjects {
				s.Facts, s.ReviewAt = nil, nil
				saved(t, st, s)
				delete(subjects, id)
				break
			}
			checkLabels(t, st, subjects, all)
		}
	}
	stale := labelled("s00", "a", "b", "c")
	stale.Version = 1000
	if errs, err := st.Save(
		t.Context(),
		[]store.Change{{Subject: stale}},
	); err != nil ||
		!errors.Is(errs[0], store.ErrConflict) {
		t.Fatalf("a write on another version: got %v, %v, want a conflict", errs, err)
	}
	checkLabels(t, st, subjects, all)
}

// checkLabels compares counts and lists with the subjects.
func checkLabels(t *testing.T, st Store, subjects map[string]*lifecycle.Subject, all []string) {
	t.Helper()
	counts, err := st.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range all {
		for _, wanted := range [][]string{{l}, {l, all[(i+1)%len(all)]}} {
			var want []string
			for id, s := range subjects {
				if !slices.ContainsFunc(wanted, func(l string) bool { return !slices.Contains(s.Labels, l) }) {
					want = append(want, id)
				}
			}
			slices.Sort(want)
			if len(wanted) == 1 && counts[l] != int64(len(want)) {
				t.Errorf("label %s: got the count %d, want %d", l, counts[l], len(want))
			}
			found, err := st.Labelled(t.Context(), store.Page{Labels: wanted, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			got := idsOf(found)
			slices.Sort(got) // the ids of this test do not follow the time, as those of persons do
			if !slices.Equal(got, want) {
				t.Errorf("labels %v: got %v, want %v", wanted, got, want)
			}
		}
	}
}

func idsOf(list []lifecycle.Subject) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].ID)
	}
	return out
}

func absorbedLabels(t *testing.T, open func() Store) {
	st := open()
	a, b := labelled("a", "x"), labelled("b", "x", "y")
	saved(t, st, &a, &b)
	a.MergedFrom = []string{"b"}
	errs, err := st.Save(
		t.Context(),
		[]store.Change{{Subject: a, Redirect: []lifecycle.Subject{lifecycle.Redirect(b, "a")}}},
	)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
	counts, err := st.Counts(t.Context())
	if err != nil || counts["x"] != 1 || counts["y"] != 0 {
		t.Errorf("got %v (%v), want x: 1 and no y", counts, err)
	}
}

func labelPages(t *testing.T, open func() Store) {
	st := open()
	var want []string
	var all []*lifecycle.Subject
	for i := range 25 {
		s := labelled(fmt.Sprintf("s%02d", i), "x")
		all = append(all, &s)
		want = append(want, s.ID)
	}
	saved(t, st, all...)
	for _, newest := range []bool{false, true} {
		var got []string
		for after := ""; ; {
			page, err := st.Labelled(t.Context(), store.Page{Labels: []string{"x"}, After: after, Newest: newest, Limit: 7})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got, after = append(got, idsOf(page)...), page[len(page)-1].ID
		}
		if newest {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("newest %v: got %v, want %v", newest, got, want)
		}
	}
	if _, err := st.Labelled(t.Context(), store.Page{Limit: 1}); !errors.Is(err, store.ErrNoLabel) {
		t.Errorf("without a label: got %v, want %v", err, store.ErrNoLabel)
	}
	if none, err := st.Labelled(
		t.Context(),
		store.Page{Labels: []string{"x", "unknown"}, Limit: 5},
	); err != nil ||
		len(none) > 0 {
		t.Errorf("with an unknown label: got %v, %v, want nobody", idsOf(none), err)
	}
}

// sortedPages lists subjects by an instant, in both directions, with several of one instant and several without any.
func sortedPages(t *testing.T, open func() Store) {
	st := open()
	base := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	var all []*lifecycle.Subject
	for i := range 40 {
		s := labelled(fmt.Sprintf("s%02d", i), "x")
		if i%2 == 0 {
			s.Labels = append(s.Labels, "y")
		}
		if i%4 != 3 {
			at := base.AddDate(0, 0, i*7%5)
			s.ReviewAt, s.RequestDue, s.NoticeDue = &at, &at, &at
		} else {
			s.ReviewAt, s.RequestDue, s.NoticeDue = nil, nil, nil
		}
		all = append(all, &s)
	}
	saved(t, st, all...)
	for _, by := range []store.Sort{store.SortReview, store.SortRequest, store.SortNotice} {
		for _, labels := range [][]string{{"x"}, {"y", "x"}} {
			for _, newest := range []bool{false, true} {
				var want, got []string
				for _, s := range inOrder(all, newest) {
					if len(labels) == 1 || slices.Contains(s.Labels, "y") {
						want = append(want, s.ID)
					}
				}
				page := store.Page{Labels: labels, Sort: by, Newest: newest, Limit: 7}
				for {
					list, err := st.Labelled(t.Context(), page)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, idsOf(list)...)
					if len(list) < page.Limit {
						break
					}
					page.After = page.Next(&list[len(list)-1])
				}
				if !slices.Equal(got, want) {
					t.Errorf("%v by %s, newest %v:\ngot  %v\nwant %v", labels, by, newest, got, want)
				}
			}
		}
	}
	_, err := st.Labelled(t.Context(), store.Page{Labels: []string{"x"}, Sort: store.SortReview, After: "s01", Limit: 5})
	if !errors.Is(err, store.ErrPlace) {
		t.Errorf("after a place of another list: got %v, want %v", err, store.ErrPlace)
	}
}

// inOrder sorts subjects by their instant, those without one last.
func inOrder(all []*lifecycle.Subject, newest bool) []*lifecycle.Subject {
	out := slices.Clone(all)
	sign := 1
	if newest {
		sign = -1
	}
	slices.SortFunc(out, func(a, b *lifecycle.Subject) int {
		switch {
		case a.ReviewAt == nil && b.ReviewAt != nil:
			return 1
		case a.ReviewAt != nil && b.ReviewAt == nil:
			return -1
		case a.ReviewAt != nil:
			if c := a.ReviewAt.Compare(*b.ReviewAt); c != 0 {
				return sign * c
			}
		}
		return sign * strings.Compare(a.ID, b.ID)
	})
	return out
}
