package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Reader reads journals and their subjects.
type Reader interface {
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	Tails(ctx context.Context, subjects []string) (map[string]chain.Entry, error)
	WalkJournal(ctx context.Context, after string, limit int) ([]chain.Entry, error)
	State(ctx context.Context, name string) (string, error)
}

// Fault is an inconsistency of a journal.
type Fault struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Report is the result of a verification of all journals.
type Report struct {
	Journals int     `json:"journals"`
	Entries  int     `json:"entries"`
	Faults   []Fault `json:"faults"`
	// Digest is a hash over the heads of all journals and over their number. A copy of Digest in another place later
	// proves that no earlier entry or journal was changed or removed.
	Digest string `json:"digest"`
}

// page is the number of subjects read at once.
const page = 500

// Verify verifies every journal: no entry was changed, removed or inserted, and every journal ends
// at the head stored with its subject. Entries older than kept may have been pruned. progress
// receives the number of journals verified.
func Verify(ctx context.Context, r Reader, kept time.Time, progress func(journals int)) (*Report, error) {
	v := verifier{
		Reader: r,
		kept:   kept,
		digest: sha256.New(),
		merged: map[string]bool{},
		report: Report{Faults: []Fault{}},
	}
	if err := v.journals(ctx, progress); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	if err := v.missing(ctx); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	if err := v.missingActs(ctx); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	v.unclosed()
	_, _ = fmt.Fprintf(v.digest, "%d journals, %d entries\n", v.report.Journals, v.report.Entries) // a hash never fails
	v.report.Digest = hex.EncodeToString(v.digest.Sum(nil))
	return &v.report, nil
}

type verifier struct {
	Reader
	kept   time.Time
	digest hash.Hash
	report Report
	// open are removed subjects without a closing entry in their journal; absorbed are subjects
	// named as merged in the journal of another subject.
	open   []string
	merged map[string]bool
}

func (v *verifier) fault(subject, format string, args ...any) {
	v.report.Faults = append(v.report.Faults, Fault{subject, fmt.Sprintf(format, args...)})
}

func (v *verifier) journals(ctx context.Context, progress func(int)) error {
	after := ""
	for {
		entries, err := v.WalkJournal(ctx, after, page)
		if err != nil || len(entries) == 0 {
			return err
		}
		var chains [][]chain.Entry
		for from, i := 0, 1; i <= len(entries); i++ {
			if i == len(entries) || entries[i].Subject != entries[from].Subject {
				chains, from = append(chains, entries[from:i]), i
			}
		}
		if err := v.chains(ctx, chains); err != nil {
			return err
		}
		after = entries[len(entries)-1].Subject
		progress(v.report.Journals)
	}
}

func (v *verifier) chains(ctx context.Context, chains [][]chain.Entry) error {
	ids := make([]string, len(chains))
	for i, c := range chains {
		ids[i] = c[0].Subject
	}
	subjects, err := v.Load(ctx, ids)
	if err != nil {
		return err
	}
	for i, c := range chains {
		v.report.Journals++
		v.report.Entries += len(c)
		last := &c[len(c)-1]
		_, _ = fmt.Fprintf(v.digest, "%s %d %s\n", ids[i], last.Seq, last.Hash) // a hash never fails
		if err := chain.Check(c, v.kept); err != nil {
			v.fault(ids[i], "%v", err)
		}
		for j := range c {
			if c[j].Kind == chain.KindMerged {
				v.merged[c[j].Text] = true
			}
		}
		if ids[i] == chain.Installation {
			if err := v.endActs(ctx, c); err != nil {
				return err
			}
			continue
		}
		v.end(ids[i], subjects, c)
	}
	return nil
}

// endActs compares the journal of the acts of the controller with its last entry as stored beside.
func (v *verifier) endActs(ctx context.Context, entries []chain.Entry) error {
	last, err := readLastAct(ctx, v)
	switch {
	case err != nil:
		return err
	case last.Seq > entries[len(entries)-1].Seq:
		v.fault(chain.Installation, "entries %d to %d are missing at the end", entries[len(entries)-1].Seq+1, last.Seq)
	case !hasHead(entries, chain.Head{Seq: last.Seq, Hash: last.Hash}):
		v.fault(chain.Installation, "entry %d differs from the written entry", last.Seq)
	}
	return nil
}

// end compares a journal with the head of its subject. A longer journal is valid, because entries are written before
// the subject.
func (v *verifier) end(id string, subjects map[string]lifecycle.Subject, entries []chain.Entry) {
	s, stored := subjects[id]
	last := &entries[len(entries)-1]
	switch {
	case !stored && last.Kind != chain.KindClosed:
		v.open = append(v.open, id)
	case !stored:
	case last.Seq < s.Journal.Seq:
		v.fault(id, "entries %d to %d are missing at the end", last.Seq+1, s.Journal.Seq)
	case !hasHead(entries, s.Journal):
		v.fault(id, "entry %d differs from the written entry", s.Journal.Seq)
	}
}

// hasHead reports whether a journal contains the head that its subject knows. The entry of an old head may be pruned.
func hasHead(entries []chain.Entry, head chain.Head) bool {
	if head.Seq < entries[0].Seq {
		return true
	}
	return slices.ContainsFunc(entries, func(e chain.Entry) bool { return e.Seq == head.Seq && e.Hash == head.Hash })
}

// missing finds subjects without their journal.
func (v *verifier) missing(ctx context.Context) error {
	var ids []string // subjects of one query
	last := ""
	err := store.Walk(ctx, v, func(s *lifecycle.Subject) error {
		if last = s.ID; s.Journal.Seq > 0 {
			ids = append(ids, s.ID)
		}
		if len(ids) < page {
			return nil
		}
		found := ids
		ids = nil
		return v.checkPresent(ctx, found)
	})
	if errors.Is(err, store.ErrMisplaced) {
		v.fault(last, "the stored subject has the id of another subject")
		err = nil
	}
	if err != nil || len(ids) == 0 {
		return err
	}
	return v.checkPresent(ctx, ids)
}

// missingActs finds that the journal of acts is missing although its last entry is not old enough for it.
func (v *verifier) missingActs(ctx context.Context) error {
	last, err := readLastAct(ctx, v)
	if err != nil || last.Seq == 0 || last.At.Before(v.kept) {
		return err
	}
	return v.checkPresent(ctx, []string{chain.Installation})
}

// checkPresent finds the subjects without a journal.
func (v *verifier) checkPresent(ctx context.Context, ids []string) error {
	tails, err := v.Tails(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := tails[id]; !ok {
			v.fault(id, "the whole journal is missing")
		}
	}
	return nil
}

// unclosed finds journals that end without a closing entry or a merge.
func (v *verifier) unclosed() {
	for _, id := range v.open {
		if !v.merged[id] {
			v.fault(id, "the subject is removed without a closing entry: the end of the journal is missing")
		}
	}
}
