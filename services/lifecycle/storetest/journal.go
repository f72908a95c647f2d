package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

func journalTests() map[string]test {
	return map[string]test{
		"a journal comes back as it was appended":         journalComesBack,
		"an entry that stands can be appended again":      appendAgain,
		"another entry in the same place is a conflict":   appendConflict,
		"nothing is appended after an entry that is lost": appendAfterLost,
		"one of many who append an entry wins":            appendOnce,
		"entries of 500 subjects are appended":            appendBulk,
		"the tail is the last entry by number":            tails,
		"what is noted is known by its key":               noted,
		"journals are walked, each whole":                 walkJournal,
		"journals are walked in the order of their ids":   walkJournalOrder,
		"what is about a decision is found by it":         ofDecision,
		"nothing noted, nothing answered":                 nothingNoted,
	}
}

func name(i int) string { return fmt.Sprintf("p-%03d", i) }

// newChain makes the entries of a journal, one for each instant.
func newChain(t *testing.T, subject string, at ...time.Time) []chain.Entry {
	t.Helper()
	return follow(t, chain.Entry{Subject: subject}, "", at...)
}

// follow returns entries chained after last; the keys have a common prefix.
func follow(t *testing.T, last chain.Entry, keys string, at ...time.Time) []chain.Entry {
	t.Helper()
	var out []chain.Entry
	for _, at := range at {
		e := chain.Entry{
			Subject: last.Subject,
			Key:     fmt.Sprintf("%sk%d", keys, last.Seq+1),
			At:      at,
			Kind:    chain.KindDelete,
		}
		e, err := e.Chained(last)
		if err != nil {
			t.Fatal(err)
		}
		out, last = append(out, e), e
	}
	return out
}

// times repeats an instant.
func times(n int, at time.Time) []time.Time { return slices.Repeat([]time.Time{at}, n) }

func mustAppend(t *testing.T, st Store, entries ...chain.Entry) {
	t.Helper()
	errs, err := st.Append(t.Context(), entries)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatalf("append: %v", err)
	}
	if len(errs) != len(entries) {
		t.Fatalf("%d entries, %d answers", len(entries), len(errs))
	}
}

// wantLost appends entries and expects conflicts at the given positions.
func wantLost(t *testing.T, st Store, entries []chain.Entry, places ...int) {
	t.Helper()
	errs, err := st.Append(t.Context(), entries)
	if err != nil || len(errs) != len(entries) {
		t.Fatalf("%d entries, %d answers, %v", len(entries), len(errs), err)
	}
	for i, err := range errs {
		if lost := slices.Contains(places, i); lost != errors.Is(err, store.ErrConflict) || !lost && err != nil {
			t.Errorf("entry %s/%d: %v", entries[i].Subject, entries[i].Seq, err)
		}
	}
}

func wantJournal(t *testing.T, st Store, subject string, want []chain.Entry) {
	t.Helper()
	got, err := st.Entries(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the journal of %s differs (-want +got):\n%s", subject, diff)
	}
}

func journalComesBack(t *testing.T, open func() Store) {
	st := open()
	warsaw := time.FixedZone("", 3600)
	effective := day.Add(17*time.Hour + 123456789*time.Nanosecond)
	want := newChain(t, "a", times(10, day.Add(987654321*time.Nanosecond))...)
	full := chain.Entry{
		Subject:   "a",
		Key:       "full",
		At:        day.In(warsaw),
		Kind:      chain.KindAlarm,
		Decision:  "dec_1",
		Effective: &effective,
		Revision:  "r1",
		Items: []rules.Item{
			{Category: "order", Ref: "żółw <&> \u2028"},
			{Category: "contact"},
		},
		Rules: []string{"tax_documents 6(1)(c)"},
		Text:  "Zażółć \"gęślą\" jaźń",
	}
	full, err := full.Chained(want[9])
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, full)
	mustAppend(t, st, newChain(t, "b", day)...)
	mustAppend(t, st, want...)
	wantJournal(t, st, "a", want)
	// Verification of a chain computes the hashes of the stored entries again.
	got, err := st.Entries(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	var last chain.Entry
	for i, e := range got {
		again, err := e.Chained(last)
		if err != nil || again.Hash != e.Hash || again.Hash != want[i].Hash {
			t.Errorf("entry %d has another hash than it had: %v", e.Seq, err)
		}
		last = e
	}
}

func appendAgain(t *testing.T, open func() Store) {
	st := open()
	entries := newChain(t, "a", day, day, day)
	mustAppend(t, st, entries[:2]...)
	mustAppend(t, st, entries...) // the third is new
	mustAppend(t, st, entries[1], entries[1])
	wantJournal(t, st, "a", entries)
}

func appendConflict(t *testing.T, open func() Store) {
	st := open()
	entries := newChain(t, "a", day, day)
	mustAppend(t, st, entries...)
	other := follow(t, entries[0], "other-", day)
	b := newChain(t, "b", day)
	wantLost(t, st, []chain.Entry{other[0], b[0]}, 0)
	wantJournal(t, st, "a", entries)
	wantJournal(t, st, "b", b)
	// In one batch the first of two has the place.
	c := newChain(t, "c", day)
	wantLost(t, st, append(c, follow(t, chain.Entry{Subject: "c"}, "other-", day)...), 1)
	wantJournal(t, st, "c", c)
}

func appendAfterLost(t *testing.T, open func() Store) {
	st := open()
	entries := newChain(t, "a", day, day)
	mustAppend(t, st, entries...)
	other := follow(t, entries[0], "other-", day, day, day) // the later positions are free
	b := newChain(t, "b", day, day)
	wantLost(t, st, []chain.Entry{b[0], other[0], other[1], b[1], other[2]}, 1, 2, 4)
	wantJournal(t, st, "a", entries)
	wantJournal(t, st, "b", b)
	mustAppend(t, st, follow(t, entries[1], "", day)...)
}

func appendOnce(t *testing.T, open func() Store) {
	st := open()
	entries := newChain(t, "a", day)
	mustAppend(t, st, entries...)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		wins []chain.Entry
	)
	for i := range 16 {
		rival := follow(t, entries[0], fmt.Sprintf("w%d-", i), day, day)
		wg.Go(func() {
			errs, err := st.Append(context.WithoutCancel(t.Context()), rival)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("append: %v", err)
			case errs[0] == nil && errs[1] == nil:
				wins = append(wins, rival...)
			case !errors.Is(errs[0], store.ErrConflict) || !errors.Is(errs[1], store.ErrConflict):
				t.Errorf("append: %v", errs)
			}
		})
	}
	wg.Wait()
	if len(wins) != 2 {
		t.Fatalf("%d entries stand for good, want 2", len(wins))
	}
	wantJournal(t, st, "a", append(entries, wins...))
}

func appendBulk(t *testing.T, open func() Store) {
	st := open()
	var entries []chain.Entry
	var subjects []string
	for i := range 500 {
		subjects = append(subjects, name(i))
		entries = append(entries, newChain(t, name(i), times(1+i%3, day)...)...)
	}
	mustAppend(t, st, entries...)
	ends, err := st.Tails(t.Context(), subjects)
	if err != nil || len(ends) != len(subjects) {
		t.Fatalf("%d of %d tails, %v", len(ends), len(subjects), err)
	}
	for i, subject := range subjects {
		if e := ends[subject]; e.Subject != subject || e.Seq != int64(1+i%3) {
			t.Errorf("the journal of %s ends with %s/%d", subject, e.Subject, e.Seq)
		}
	}
}

func tails(t *testing.T, open func() Store) {
	st := open()
	a := newChain(t, "a", times(11, day)...) // as text, 9 sorts after 11
	b := newChain(t, "b", day.AddDate(1, 0, 0), day)
	mustAppend(t, st, append(slices.Clone(a), b...)...)
	got, err := st.Tails(t.Context(), []string{"b", "nobody", "a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]chain.Entry{"a": a[10], "b": b[1]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tails differ (-want +got):\n%s", diff)
	}
}

func noted(t *testing.T, open func() Store) {
	st := open()
	mustAppend(t, st, append(newChain(t, "a", day, day, day), newChain(t, "b", times(5, day)...)...)...)
	keys := []string{"k3", "k4", "k1", "k1", "K2"} // b has k4
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("other-%d", i))
	}
	got, err := st.Noted(t.Context(), "a", append(keys, "k2"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"k1": true, "k2": true, "k3": true}, got); diff != "" {
		t.Errorf("keys differ (-want +got):\n%s", diff)
	}
	for _, keys := range [][]string{nil, {}, {"k9"}} {
		if got, err := st.Noted(t.Context(), "a", keys); err != nil || len(got) != 0 {
			t.Errorf("of %v: got %v, %v", keys, got, err)
		}
	}
}

// walkJournals walks in pages and returns all entries.
func walkJournals(t *testing.T, st Store, limit int) []chain.Entry {
	t.Helper()
	var all []chain.Entry
	short := false // only the last page may be
	for after := ""; ; after = all[len(all)-1].Subject {
		page, err := st.WalkJournal(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("walk after %q: %v", after, err)
		}
		subjects := map[string]bool{}
		for _, e := range page {
			subjects[e.Subject] = true
		}
		if n := len(subjects); n > limit || short && n > 0 {
			t.Fatalf("a page of %d holds %d subjects, short before: %v", limit, n, short)
		}
		short = len(subjects) < limit
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

func walkJournal(t *testing.T, open func() Store) {
	st := open()
	var entries []chain.Entry
	for i := range 400 { // more entries than a database sends at once
		entries = append(entries, newChain(t, name(i), times(1+i%5, day)...)...)
	}
	entries = append(entries, newChain(t, "q", times(12, day)...)...)
	mustAppend(t, st, entries...)
	for _, limit := range []int{7, 400, 401, 1000} {
		if diff := cmp.Diff(entries, walkJournals(t, st, limit)); diff != "" {
			t.Errorf("in pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	page, err := st.WalkJournal(t.Context(), name(399), 1)
	if err != nil || len(page) != 12 {
		t.Errorf("the last page holds %d, %v", len(page), err)
	}
	for _, limit := range []int{-1, 0} {
		if page, err := st.WalkJournal(t.Context(), "", limit); err != nil || len(page) != 0 {
			t.Errorf("a page of %d holds %d, %v", limit, len(page), err)
		}
	}
}

func walkJournalOrder(t *testing.T, open func() Store) {
	st := open()
	for _, id := range []string{"ź", "p-2", "p-10", "P-3", "p"} {
		mustAppend(t, st, newChain(t, id, day)...)
	}
	for _, limit := range []int{1, 2, 9} {
		var got []string
		for _, e := range walkJournals(t, st, limit) {
			got = append(got, e.Subject)
		}
		if want := "P-3 p p-10 p-2 ź"; strings.Join(got, " ") != want {
			t.Errorf("in pages of %d: got %v, want %s", limit, got, want)
		}
	}
}

func ofDecision(t *testing.T, open func() Store) {
	st := open()
	about := func(
		last chain.Entry, subject, key string, kind chain.Kind, decision string, at time.Time,
	) chain.Entry {
		e, err := chain.Entry{
			Subject:  subject,
			Key:      key,
			At:       at,
			Kind:     kind,
			Decision: decision,
			Names:    []string{"h1"},
		}.Chained(
			last,
		)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	made := about(chain.Entry{}, "b", "dec_1", chain.KindDelete, "dec_1", day)
	other := about(made, "b", "dec_2", chain.KindDelete, "dec_2", day)
	confirmed := chain.Entry{
		Subject:  "a",
		Key:      "confirmed:dec_1",
		At:       day.Add(time.Hour),
		Kind:     chain.KindConfirmed,
		Decision: "dec_1",
		Names:    []string{"h1"},
		Answers: []chain.Answer{
			{
				Decision:   "dec_1",
				Recipient:  "crm",
				Outcome:    "done",
				Categories: map[string]fact.Outcome{"order": fact.OutcomeDone},
				At:         day,
			},
		},
	}
	confirmed, err := confirmed.Chained(chain.Entry{})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, st, confirmed, made, other)
	mustAppend(t, st, newChain(t, "c", day)...)
	got, err := st.EntriesOf(t.Context(), "dec_1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]chain.Entry{made, confirmed}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the entries differ (-want +got):\n%s", diff)
	}
	if got, err := st.EntriesOf(t.Context(), "dec_9"); err != nil || len(got) != 0 {
		t.Errorf("of a decision that nobody made: %v, %v", got, err)
	}
}
