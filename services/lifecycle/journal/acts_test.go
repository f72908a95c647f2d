package journal_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
)

func noted(t *testing.T, acts *journal.Acts, at time.Time, what string) {
	t.Helper()
	if err := acts.Note(t.Context(), journal.Act{At: at, By: "owner anna", What: what, About: "r-1"}); err != nil {
		t.Fatal(err)
	}
}

func faults(t *testing.T, st *sqlitestore.Store, kept time.Time) string {
	t.Helper()
	report, err := journal.Verify(t.Context(), st, kept, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(report.Faults)
}

// TestActs_AreListedFromTheNewest, page by page, and form a chain of their own.
func TestActs_AreListedFromTheNewest(t *testing.T) {
	st := lifecycletest.Store(t)
	acts := &journal.Acts{Store: st}
	for i := range 5 {
		noted(t, acts, now.Add(time.Duration(i)*time.Minute), fmt.Sprint("act ", i))
	}
	page, _, err := acts.Find(t.Context(), journal.Filter{}, 0, 2)
	if err != nil || len(page) != 2 || page[0].Text != "act 4" || page[1].Seq != 4 {
		t.Fatalf("got %+v (%v), want acts 4 and 3", page, err)
	}
	rest, _, err := acts.Find(t.Context(), journal.Filter{}, page[1].Seq, 10)
	if err != nil || len(rest) != 3 || rest[0].Text != "act 2" || rest[0].By != "owner anna" || rest[0].About != "r-1" {
		t.Errorf("got %+v (%v), want acts 2, 1 and 0", rest, err)
	}
	if got := faults(t, st, now.AddDate(-6, 0, 0)); got != "[]" {
		t.Errorf("got the faults %s, want none", got)
	}
}

// TestActs_GoOnAfterAllWerePruned: the chain does not begin anew.
func TestActs_GoOnAfterAllWerePruned(t *testing.T) {
	st := lifecycletest.Store(t)
	acts := &journal.Acts{Store: st}
	noted(t, acts, now.AddDate(-7, 0, 0), "old")
	if n, err := st.Prune(t.Context(), now.AddDate(-6, 0, 0), 10); n != 1 || err != nil {
		t.Fatalf("pruned %d (%v), want 1", n, err)
	}
	if got := faults(t, st, now.AddDate(-6, 0, 0)); got != "[]" {
		t.Errorf("after pruning: got the faults %s, want none", got)
	}
	noted(t, acts, now, "new")
	if page, _, err := acts.Find(t.Context(), journal.Filter{}, 0, 1); err != nil || page[0].Seq != 2 {
		t.Errorf("got %+v (%v), want the second act", page, err)
	}
	if got := faults(t, st, now.AddDate(-6, 0, 0)); got != "[]" {
		t.Errorf("got the faults %s, want none", got)
	}
}

// TestActs_ACutJournalIsFound, at its end and as a whole.
func TestActs_ACutJournalIsFound(t *testing.T) {
	st := lifecycletest.Store(t)
	acts := &journal.Acts{Store: st}
	noted(t, acts, now, "one")
	noted(t, acts, now, "two")
	other := lifecycletest.Store(t)
	doc, err := st.State(t.Context(), "last-act")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.SetState(t.Context(), "last-act", doc); err != nil {
		t.Fatal(err)
	}
	if got := faults(t, other, now.AddDate(-6, 0, 0)); !strings.Contains(got, "the whole journal is missing") {
		t.Errorf("without a journal: got the faults %s", got)
	}
	entries, err := st.Entries(t.Context(), chain.Installation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Append(t.Context(), entries[:1]); err != nil {
		t.Fatal(err)
	}
	if got := faults(t, other, now.AddDate(-6, 0, 0)); !strings.Contains(got, "entries 2 to 2 are missing at the end") {
		t.Errorf("without the end: got the faults %s", got)
	}
}

// TestActs_OfSeveralReplicasAreAllRecorded at once.
func TestActs_OfSeveralReplicasAreAllRecorded(t *testing.T) {
	st := lifecycletest.Store(t)
	var replicas sync.WaitGroup
	for range 3 {
		replicas.Go(func() {
			acts := &journal.Acts{Store: st}
			for range 10 {
				if err := acts.Note(t.Context(), journal.Act{At: now, By: "helper basia", What: "hold"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	replicas.Wait()
	entries, err := st.Entries(t.Context(), chain.Installation)
	if err != nil || len(entries) != 30 {
		t.Errorf("got %d acts (%v), want 30", len(entries), err)
	}
	if err := chain.Check(entries, now.AddDate(-6, 0, 0)); err != nil {
		t.Error(err)
	}
}

// TestActs_AreFound by kind, by who acted and by time, page by page, while others act: no act comes twice and none is
// missing.
func TestActs_AreFound(t *testing.T) {
	acts := &journal.Acts{Store: lifecycletest.Store(t)}
	for i := range 700 {
		what, by := "hold", "owner anna"
		if i%7 == 0 {
			what, by = "export", "helper Basia"
		}
		act := journal.Act{At: now.Add(time.Duration(i) * time.Hour), By: by, What: what, About: fmt.Sprint(i)}
		if err := acts.Note(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}
	from, to := now.Add(70*time.Hour), now.Add(630*time.Hour)
	var got []string
	filter := journal.Filter{Kind: journal.ActExport, By: "basia", From: from, To: to}
	for before := int64(0); ; {
		page, next, err := acts.Find(t.Context(), filter, before, 9)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			got = append(got, page[i].About)
		}
		if before = next; next == 0 {
			break
		}
		noted(t, acts, now.Add(5000*time.Hour), "export") // newer than the page
	}
	var want []string
	for i := 623; i >= 70; i -= 7 {
		want = append(want, fmt.Sprint(i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got the acts %v, want %v", got, want)
	}
	if page, next, err := acts.Find(
		t.Context(),
		journal.Filter{By: "nobody"},
		0,
		9,
	); err != nil || len(page) > 0 ||
		next != 0 {
		t.Errorf("got %d acts of nobody and the next page %d (%v), want none", len(page), next, err)
	}
}
