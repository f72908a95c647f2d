package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// Reader reads journals and the subjects that they are about.
type Reader interface {
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	Tails(ctx context.Context, subjects []string) (map[string]lifecycle.Entry, error)
	WalkJournal(ctx context.Context, after string, limit int) ([]lifecycle.Entry, error)
}

// Fault is a journal that was tampered with.
type Fault struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Report is what a check of all journals found.
type Report struct {
	Journals int     `json:"journals"`
	Entries  int     `json:"entries"`
	Faults   []Fault `json:"faults"`
	// Digest stands for where all journals end. Who writes it down elsewhere can
	// later show that nothing before was changed, whole journals included.
	Digest string `json:"digest"`
}

// page is how many subjects are read at once.
const page = 500

// Verify checks every journal: that no entry was changed, taken out or put in, and
// that each ends where its subject says. Entries that were made before kept may have
// been let go. progress is told how many journals were read.
func Verify(ctx context.Context, r Reader, kept time.Time, progress func(journals int)) (*Report, error) {
	v := verifier{Reader: r, kept: kept, digest: sha256.New(), absorbed: map[string]bool{}, report: Report{Faults: []Fault{}}}
	if err := v.journals(ctx, progress); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	if err := v.missing(ctx); err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	v.unclosed()
	v.report.Digest = hex.EncodeToString(v.digest.Sum(nil))
	return &v.report, nil
}

type verifier struct {
	Reader
	kept   time.Time
	digest hash.Hash
	report Report
	// open are subjects that are no more and whose journals were not closed; absorbed
	// those that another subject's journal says it took over.
	open     []string
	absorbed map[string]bool
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
		var chains [][]lifecycle.Entry
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

func (v *verifier) chains(ctx context.Context, chains [][]lifecycle.Entry) error {
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
		_, _ = io.WriteString(v.digest, fmt.Sprintf("%s %d %s\n", ids[i], last.Seq, last.Hash)) // a hash never fails
		if err := lifecycle.CheckChain(c, v.kept); err != nil {
			v.fault(ids[i], "%v", err)
		}
		for j := range c {
			if c[j].Kind == lifecycle.EntryMerged {
				v.absorbed[c[j].Text] = true
			}
		}
		v.end(ids[i], subjects, last)
	}
	return nil
}

// end compares where a journal ends with what its subject says. An entry more than
// that was written a moment ago, before the subject was.
func (v *verifier) end(id string, subjects map[string]lifecycle.Subject, last *lifecycle.Entry) {
	s, stored := subjects[id]
	switch {
	case !stored && last.Kind != lifecycle.EntryClosed:
		v.open = append(v.open, id)
	case !stored:
	case last.Seq < s.Journal.Seq:
		v.fault(id, "entries %d to %d are missing at the end", last.Seq+1, s.Journal.Seq)
	case last.Seq == s.Journal.Seq && last.Hash != s.Journal.Hash:
		v.fault(id, "the last entry is not the one that was written")
	}
}

// missing finds subjects whose whole journal is gone.
func (v *verifier) missing(ctx context.Context) error {
	var ids []string // whose journals are looked for at once
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
		return v.look(ctx, found)
	})
	if errors.Is(err, store.ErrMisplaced) {
		v.fault(last, "the stored subject bears the id of another")
		err = nil
	}
	if err != nil || len(ids) == 0 {
		return err
	}
	return v.look(ctx, ids)
}

// look finds those of some subjects that have no journal.
func (v *verifier) look(ctx context.Context, ids []string) error {
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

// unclosed finds journals that end although nothing says why.
func (v *verifier) unclosed() {
	for _, id := range v.open {
		if !v.absorbed[id] {
			v.fault(id, "the subject is gone and its journal was not closed: the end is missing")
		}
	}
}
