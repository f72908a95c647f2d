// Package backfill brings the history of a source into the installation: page by page, and after an interruption from
// the last page on.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// Server takes the objects of a history.
type Server interface {
	// Tell reads objects as webhooks of a source. In a dry run nothing is stored. The error is a *problem.Problem with
	// the status 503 while the server cannot take more.
	Tell(ctx context.Context, source string, how Telling, objects []history.Object) (Told, error)
}

// Telling is how objects are told.
type Telling struct {
	// DryRun reads and counts, and stores nothing about a person.
	DryRun bool `json:"dry_run"`
	// Keep names the dry run for which the facts are kept, for a preview; empty keeps none.
	Keep string `json:"keep"`
}

// Told is what objects gave.
type Told struct {
	Facts  int            `json:"facts"`
	Kinds  map[string]int `json:"kinds"`
	Silent map[string]int `json:"silent"`
	Faults []Fault        `json:"faults"`
	// Persons are hashes of persons, in a dry run alone.
	Persons []string `json:"persons"`
	// Unkept reports whether facts of a dry run were to be kept for a preview and were not.
	Unkept bool `json:"unkept"`
}

// Fault is an object that was not understood in whole, by its place among the objects.
type Fault struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}

// Options configure an import.
type Options struct {
	Source string
	Reader history.Reader
	Server Server
	// DryRun reads and counts, and stores nothing. Keep names a dry run whose facts are kept for a preview.
	DryRun bool
	Keep   string
	// State is where the import goes on, and Save remembers the state after every page; nil is the beginning, and
	// nothing that is remembered.
	State *State
	Save  func() error
	// Listed reports whether the configuration lists a product.
	Listed func(product string) bool
	// Progress is called after every page, and before a wait; nil means nobody is.
	Progress func(Progress)
	// Backoff is the first wait for a server that cannot take more; 0 means a second.
	Backoff time.Duration
}

// Progress is how far an import is.
type Progress struct {
	// Part is what is read, such as "orders".
	Part    string `json:"part"`
	Objects int    `json:"objects"`
	Facts   int    `json:"facts"`
	// Remaining is the number of objects of the part that are not read; 0 when unknown.
	Remaining int `json:"remaining,omitempty"`
	// Waiting is the cause of a wait; empty when the import goes on.
	Waiting string `json:"waiting,omitempty"`
}

// full is the cause of a wait for the server.
const full = "the server cannot take more now"

// Run imports the history from the state on. After an error the next Run goes on where this one stopped.
func Run(ctx context.Context, o Options) (*Summary, error) {
	state := o.State
	if state == nil {
		state = NewState(o.Source)
	}
	if o.Save == nil {
		o.Save = func() error { return nil }
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	persons := map[string]struct{}{}
	if state.Done {
		return state.Summary, nil
	}
	o.Progress(Progress{Objects: state.Summary.Objects, Facts: state.Summary.Facts}) // of a run that was interrupted
	for page, err := range o.Reader.Pages(ctx, state.Cursor) {
		if err != nil {
			return state.Summary, err
		}
		for batch := range batches(page.Objects) {
			if err := o.tell(ctx, state, page.Part, batch, persons); err != nil {
				return state.Summary, err
			}
		}
		for _, f := range page.Faults {
			state.Summary.fault(f.Row, f.Reason)
		}
		state.Summary.note(page.Note)
		state.Summary.Persons = len(persons)
		state.Cursor, state.Done = page.Next, page.Next == nil
		if err := o.Save(); err != nil {
			return state.Summary, err
		}
		o.Progress(progressOf(state.Summary, &page))
	}
	return state.Summary, nil
}

func progressOf(s *Summary, page *history.Page) Progress {
	return Progress{
		Part: page.Part, Objects: s.Objects, Facts: s.Facts, Remaining: max(0, page.Remaining-len(page.Objects)),
	}
}

// tell hands a batch to the server, and waits while the server cannot take more.
func (o *Options) tell(
	ctx context.Context, state *State, part string, batch []history.Object, persons map[string]struct{},
) error {
	wait := backoff.NewExponentialBackOff()
	if wait.InitialInterval = o.Backoff; o.Backoff == 0 {
		wait.InitialInterval = time.Second
	}
	told, err := backoff.Retry(ctx, func() (Told, error) {
		told, err := o.Server.Tell(ctx, o.Source, o.telling(state.Summary), batch)
		if p, ok := errors.AsType[*problem.Problem](err); err != nil && (!ok || p.Status != http.StatusServiceUnavailable) {
			err = backoff.Permanent(err)
		}
		return told, err
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(time.Hour), backoff.WithNotify(func(error, time.Duration) {
		o.Progress(Progress{Part: part, Objects: state.Summary.Objects, Facts: state.Summary.Facts, Waiting: full})
	}))
	if err != nil {
		return fmt.Errorf("hand the %s to the server: %w", part, err)
	}
	state.Summary.add(told, batch)
	if o.Listed != nil {
		state.Summary.unlisted(batch, o.Listed)
	}
	for _, p := range told.Persons {
		persons[p] = struct{}{}
	}
	return nil
}

// telling is how the next batch is told: once facts could not be kept, a preview would not be whole, and no more are.
func (o *Options) telling(s *Summary) Telling {
	out := Telling{DryRun: o.DryRun, Keep: o.Keep}
	if s.Unkept {
		out.Keep = ""
	}
	return out
}

// batchSize bounds the objects of one request, in bytes, unless a single object has more.
const batchSize = 4 << 20

// batches iterates over the objects in parts of a bounded size.
func batches(objects []history.Object) iter.Seq[[]history.Object] {
	return func(yield func([]history.Object) bool) {
		first, size := 0, 0
		for i := range objects {
			if size += len(objects[i].Body); size > batchSize && i > first {
				if !yield(objects[first:i]) {
					return
				}
				first, size = i, len(objects[i].Body)
			}
		}
		if first < len(objects) {
			yield(objects[first:])
		}
	}
}

// Summary is what an import found.
type Summary struct {
	Source  string         `json:"source"`
	Objects int            `json:"objects"`
	Facts   int            `json:"facts"`
	Kinds   map[string]int `json:"kinds"`
	// Silent counts the parts that gave no fact, by reason.
	Silent map[string]int `json:"silent"`
	// Faults counts the objects that were not understood in whole, by reason; Rows are those of a file, at most maxRows.
	Faults map[string]int `json:"faults"`
	Rows   []Row          `json:"rows,omitempty"`
	// Unlisted counts the products that the configuration does not list, at most maxUnlisted.
	Unlisted map[string]int `json:"unlisted"`
	// Persons is the number of persons, in a dry run.
	Persons int `json:"persons,omitempty"`
	// Unkept reports whether no preview of the dry run can be made, because its facts had no room.
	Unkept bool     `json:"unkept,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// Row is a row of a file that was not understood in whole. Reason contains no value.
type Row struct {
	Row    int    `json:"row"`
	Reason string `json:"reason"`
}

const (
	maxRows     = 1000
	maxUnlisted = 1000
)

func newSummary(source string) *Summary {
	return &Summary{
		Source:   source,
		Kinds:    map[string]int{},
		Silent:   map[string]int{},
		Faults:   map[string]int{},
		Unlisted: map[string]int{},
	}
}

func (s *Summary) add(t Told, batch []history.Object) {
	s.Objects += len(batch)
	s.Unkept = s.Unkept || t.Unkept
	s.Facts += t.Facts
	for counts, more := range map[*map[string]int]map[string]int{&s.Kinds: t.Kinds, &s.Silent: t.Silent} {
		for word, n := range more {
			(*counts)[word] += n
		}
	}
	for _, f := range t.Faults {
		row := 0
		if f.Index < len(batch) {
			row = batch[f.Index].Row
		}
		s.fault(row, f.Reason)
	}
}

// fault counts an object that was not understood in whole; row is 0 for an object of an interface.
func (s *Summary) fault(row int, reason string) {
	s.Faults[reason]++
	if row > 0 && len(s.Rows) < maxRows {
		s.Rows = append(s.Rows, Row{row, reason})
	}
}

// unlisted counts the products without an entry in the configuration, by their last name, the product itself.
func (s *Summary) unlisted(batch []history.Object, listed func(string) bool) {
	for i := range batch {
		for _, names := range batch[i].Products {
			if slices.ContainsFunc(names, listed) {
				continue
			}
			product := names[len(names)-1]
			if _, known := s.Unlisted[product]; known || len(s.Unlisted) < maxUnlisted {
				s.Unlisted[product]++
			}
		}
	}
}

func (s *Summary) note(text string) {
	if text != "" && !slices.Contains(s.Notes, text) {
		s.Notes = append(s.Notes, text)
	}
}

// Most lists the words of counts, the most frequent first.
func Most(counts map[string]int) []string {
	words := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(words, func(a, b string) int { return counts[b] - counts[a] })
	return words
}
