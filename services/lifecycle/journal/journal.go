// Package journal writes decisions and notes to the journals of subjects and verifies the integrity
// of journals.
package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Store stores journals. Append skips an entry whose position is occupied, with store.ErrConflict
// for the entry.
type Store interface {
	Append(ctx context.Context, entries []chain.Entry) ([]error, error)
	Tails(ctx context.Context, subjects []string) (map[string]chain.Entry, error)
	Noted(ctx context.Context, subject string, keys []string) (map[string]bool, error)
}

// Writer writes journals.
type Writer struct {
	Store Store
	// Mark makes a keyed hash of the name of a record.
	Mark func(ref string) string
}

// attempts bounds the attempts of a write after conflicts.
const attempts = 10

// Write appends the outboxes and notes of subjects to the journals and returns the new heads.
// Entries that the journal contains already are skipped.
func (w *Writer) Write(ctx context.Context, subjects []lifecycle.Subject) (map[string]chain.Head, error) {
	heads := map[string]chain.Head{}
	for attempt := range attempts {
		if len(subjects) == 0 {
			return heads, nil
		}
		lost, err := w.try(ctx, subjects, heads, attempt == 0)
		if err != nil {
			return nil, fmt.Errorf("write journal: %w", err)
		}
		subjects = lost
	}
	return nil, fmt.Errorf(
		"write journal: %d subjects had a version conflict on every attempt: %w",
		len(subjects),
		store.ErrConflict,
	)
}

// try writes once and returns the subjects with a conflict. With trusting set, a subject that knows of no entry is
// taken to have no journal, which the store refuses where another writer was faster.
func (w *Writer) try(
	ctx context.Context,
	subjects []lifecycle.Subject,
	heads map[string]chain.Head,
	trusting bool,
) ([]lifecycle.Subject, error) {
	ids := make([]string, 0, len(subjects))
	for i := range subjects {
		if !trusting || subjects[i].Journal.Seq > 0 {
			ids = append(ids, subjects[i].ID)
		}
	}
	tails, err := w.Store.Tails(ctx, ids)
	if err != nil {
		return nil, err
	}
	var batch []chain.Entry
	var owner []int
	for i := range subjects {
		entries, err := w.following(ctx, &subjects[i], tails[subjects[i].ID])
		if err != nil {
			return nil, err
		}
		last := tails[subjects[i].ID]
		if n := len(entries); n > 0 {
			last = entries[n-1]
		}
		heads[subjects[i].ID] = chain.Head{Seq: last.Seq, Hash: last.Hash}
		for range entries {
			owner = append(owner, i)
		}
		batch = append(batch, entries...)
	}
	errs, err := w.Store.Append(ctx, batch)
	if err != nil {
		return nil, err
	}
	return conflicts(subjects, owner, errs)
}

func conflicts(subjects []lifecycle.Subject, owner []int, errs []error) ([]lifecycle.Subject, error) {
	var lost []lifecycle.Subject
	last := -1
	for n, err := range errs {
		switch {
		case errors.Is(err, store.ErrConflict):
			if owner[n] != last {
				lost, last = append(lost, subjects[owner[n]]), owner[n]
			}
		case err != nil:
			return nil, err
		}
	}
	return lost, nil
}

// following returns the new entries of a subject, chained after its last entry. Entries that the
// journal contains already are skipped.
func (w *Writer) following(ctx context.Context, s *lifecycle.Subject, last chain.Entry) ([]chain.Entry, error) {
	entries := make([]chain.Entry, 0, len(s.Outbox)+len(s.Notes))
	for i := range s.Outbox {
		entries = append(entries, chain.NewDecisionEntry(&s.Outbox[i], w.Mark))
	}
	for i := range s.Notes {
		entries = append(entries, chain.NewNoteEntry(&s.Notes[i], w.Mark))
	}
	noted := map[string]bool{}
	if last.Seq != s.Journal.Seq {
		// Another writer has appended entries since the subject was read, perhaps the same ones.
		keys := make([]string, len(entries))
		for i := range entries {
			keys[i] = entries[i].Key
		}
		var err error
		if noted, err = w.Store.Noted(ctx, s.ID, keys); err != nil {
			return nil, err
		}
	}
	out := entries[:0]
	for _, e := range entries {
		if noted[e.Key] {
			continue
		}
		e.Subject = s.ID
		e, err := e.Chained(last)
		if err != nil {
			return nil, err
		}
		out, last = append(out, e), e
	}
	return out, nil
}
