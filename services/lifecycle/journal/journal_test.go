package journal_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// scene is a store with a file that a test can tamper with.
type scene struct {
	*journal.Writer
	t     *testing.T
	store *sqlitestore.Store
	path  string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rodopath.db")
	st, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return &scene{lifecycletest.Journal(st, lifecycletest.Vault(t)), t, st, path}
}

// person stores somebody of whom something was decided, writes the journal, and
// returns the subject as it stands then.
func (s *scene) person(id string) lifecycle.Subject {
	s.t.Helper()
	newFact := func(name string, kind fact.Kind, days int) fact.Fact {
		at := now.AddDate(0, 0, -days)
		return fact.Fact{
			ID:       id + name,
			Kind:     kind,
			Occurred: at,
			Received: at,
			Ref:      "order-1",
			Wording:  "newsletter-offers",
		}
	}
	subject := lifecycle.Subject{ID: id}
	for _, f := range []fact.Fact{newFact("a", fact.KindSignup, 30), newFact("b", fact.KindSale, 20), newFact("c", fact.KindUnsubscribe, 1)} {
		subject, _ = lifecycle.Decide(lifecycletest.Policy(s.t), subject, []fact.Fact{f}, f.Received)
		subject = s.written(subject)
	}
	return subject
}

// written writes a subject's journal and then the subject, as the relay does.
func (s *scene) written(subject lifecycle.Subject) lifecycle.Subject {
	s.t.Helper()
	heads, err := s.Write(s.t.Context(), []lifecycle.Subject{subject})
	if err != nil {
		s.t.Fatal(err)
	}
	var ids []string
	for _, d := range subject.Outbox {
		ids = append(ids, d.ID)
	}
	subject = lifecycle.MarkJournaled(lifecycle.MarkSent(subject, ids), heads[subject.ID])
	errs, err := s.store.Save(s.t.Context(), []store.Change{{Subject: subject}})
	if err := errors.Join(append(errs, err)...); err != nil {
		s.t.Fatal(err)
	}
	subject.Version++
	return subject
}

func (s *scene) verify() *journal.Report {
	s.t.Helper()
	r, err := journal.Verify(s.t.Context(), s.store, now.AddDate(-6, 0, 0), func(int) {})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// tamper changes the file behind the store's back.
func (s *scene) tamper(query string, args ...any) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	res, err := db.ExecContext(s.t.Context(), query, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		s.t.Fatalf("%s changed nothing: %v", query, err)
	}
}

func TestVerify_AnUntouchedJournalIsWhole(t *testing.T) {
	s := newScene(t)
	s.person("ala")
	s.person("ela")
	r := s.verify()
	if r.Journals != 2 || r.Entries < 2 || len(r.Faults) != 0 {
		t.Errorf("got %+v", r)
	}
	if again := s.verify(); again.Digest != r.Digest {
		t.Error("the digest of the same journals differs")
	}
}

func TestVerify_FindsWhateverWasDone(t *testing.T) {
	for name, c := range map[string]struct{ query, want string }{
		"an entry was changed":        {"UPDATE journal SET doc = CAST(replace(CAST(doc AS TEXT), 'newsletter 6(1)(a)', 'newsletter 6(1)(f)') AS BLOB) WHERE subject = 'ala' AND CAST(doc AS TEXT) LIKE '%newsletter 6(1)(a)%'", "was changed"},
		"an entry was taken out":      {"DELETE FROM journal WHERE subject = 'ala' AND seq = 1", "are missing and were not old enough"},
		"the last entry was taken":    {"DELETE FROM journal WHERE subject = 'ala' AND seq = (SELECT max(seq) FROM journal WHERE subject = 'ala')", "missing at the end"},
		"the whole journal was taken": {"DELETE FROM journal WHERE subject = 'ala'", "the whole journal is missing"},
		"two journals were exchanged": {"UPDATE journal SET subject = CASE subject WHEN 'ala' THEN 'ela' ELSE 'ala' END, seq = seq + 1000; UPDATE journal SET seq = seq - 1000", "was changed"},
		"the person was taken":        {"DELETE FROM subjects WHERE id = 'ala'", "removed without a closing entry"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.person("ala")
			s.person("ela")
			s.tamper(c.query)
			r := s.verify()
			if len(r.Faults) == 0 || r.Faults[0].Subject != "ala" || !strings.Contains(r.Faults[0].Text, c.want) {
				t.Errorf("got %+v, want %q", r.Faults, c.want)
			}
		})
	}
}

// TestVerify_AForgedEndDoesNotFit replaces the last entry by one that is itself well
// made: its subject knows better.
func TestVerify_AForgedEndDoesNotFit(t *testing.T) {
	s := newScene(t)
	subject := s.person("ala")
	entries, err := s.store.Entries(t.Context(), "ala")
	if err != nil {
		t.Fatal(err)
	}
	var before chain.Entry
	last := entries[len(entries)-1]
	if len(entries) > 1 {
		before = entries[len(entries)-2]
	}
	last.Text = "nothing happened"
	forged, err := last.Chained(before)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	s.tamper("UPDATE journal SET doc = ? WHERE subject = 'ala' AND seq = ?", doc, forged.Seq)
	if r := s.verify(); len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Text, "differs from the written entry") {
		t.Errorf("got %+v, with the head %+v", r.Faults, subject.Journal)
	}
	// A further entry makes the journal longer than the subject knows, and hides nothing.
	longer, err := chain.Entry{Subject: "ala", Key: "forged", At: last.At, Kind: last.Kind}.Chained(forged)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = json.Marshal(longer); err != nil {
		t.Fatal(err)
	}
	s.tamper("INSERT INTO journal (subject, seq, key, at, doc) VALUES ('ala', ?, 'forged', 0, ?)", longer.Seq, doc)
	if r := s.verify(); len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Text, "differs from the written entry") {
		t.Errorf("a longer journal: got %+v", r.Faults)
	}
}

func TestVerify_WhatWasLetGoInTimeIsNotMissed(t *testing.T) {
	s := newScene(t)
	s.person("ala")
	entries, err := s.store.Entries(t.Context(), "ala")
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	kept := entries[0].At.Add(time.Millisecond)
	if n, err := s.store.Prune(t.Context(), kept, 100); n != 1 || err != nil {
		t.Fatalf("let go of %d, %v", n, err)
	}
	r, err := journal.Verify(t.Context(), s.store, kept, func(int) {})
	if err != nil || len(r.Faults) != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestWrite_HoldsNoRecordByItsName(t *testing.T) {
	s := newScene(t)
	s.person("ala")
	entries, err := s.store.Entries(t.Context(), "ala")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "order-1") {
			t.Errorf("the record stands in %s", data)
		}
	}
}

func TestWrite_TwiceIsOnce(t *testing.T) {
	s := newScene(t)
	subject := s.person("ala")
	subject.Notes = []chain.Note{{Key: "alarm:1", At: now, Kind: chain.KindAlarm, Text: "look"}}
	first, err := s.Write(t.Context(), []lifecycle.Subject{subject})
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Write(t.Context(), []lifecycle.Subject{subject})
	if err != nil || second["ala"] != first["ala"] {
		t.Errorf("the journal ends at %+v and then at %+v, %v", first, second, err)
	}
}

// TestWrite_ManyWritersMakeOneChain lets writers who know nothing of each other write
// into one journal at once.
func TestWrite_ManyWritersMakeOneChain(t *testing.T) {
	s := newScene(t)
	subject := s.person("ala")
	const writers, notes = 4, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range notes {
				mine := subject
				mine.Notes = []chain.Note{
					{Key: strings.Repeat("w", w+1) + strings.Repeat("n", n+1), At: now, Kind: chain.KindAlarm, Text: "look"},
				}
				if _, err := s.Write(
					context.WithoutCancel(t.Context()),
					[]lifecycle.Subject{mine},
				); err != nil &&
					!errors.Is(err, store.ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := s.store.Entries(t.Context(), "ala")
	if err != nil {
		t.Fatal(err)
	}
	if err := chain.Check(entries, now.AddDate(-6, 0, 0)); err != nil {
		t.Error(err)
	}
	keys := map[string]int{}
	for _, e := range entries {
		keys[e.Key]++
		if keys[e.Key] > 1 {
			t.Errorf("%s was noted twice", e.Key)
		}
	}
}
