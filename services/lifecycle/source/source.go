// Package source shows each source with its history, its webhooks and what a reconciliation found.
package source

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/lifecycle/live"
)

// Configured is a source of the configuration.
type Configured struct {
	ID, Platform string
	// Reads reports whether the configuration has an access to the platform.
	Reads bool
}

// Notes are what is known of the connection to a source.
type Notes interface {
	Arrivals(ctx context.Context, source string) (connection.Arrivals, error)
	Look(ctx context.Context, source string) (connection.Look, error)
	Found(ctx context.Context, source string) (connection.Found, error)
}

// Overview is the answer of /v1/sources.
type Overview struct {
	Sources []Source `json:"sources"`
}

// Source is the state of one source.
type Source struct {
	Source   string `json:"source"`
	Platform string `json:"platform"`
	// History is how far back it is known what happened; absent for a system of the controller's own.
	History *live.Coverage `json:"history,omitempty"`
	// Webhooks are what arrived.
	Webhooks Webhooks `json:"webhooks"`
	// Faults are what is wrong with the set-up.
	Faults []Fault `json:"faults"`
	// Reconciliation is the comparison with the platform; absent without an access to the platform.
	Reconciliation *Reconciliation `json:"reconciliation,omitempty"`
	// Missed are the facts that no webhook told and a reconciliation found.
	Missed Missed `json:"missed"`
}

// Webhooks are what arrived at a source. A nil time is never.
type Webhooks struct {
	// Last is the time of the last webhook with a valid signature, Pinged of the last test message of the platform.
	Last   *time.Time `json:"last,omitempty"`
	Pinged *time.Time `json:"pinged,omitempty"`
	// Accepted and Refused are numbers of webhooks since Since.
	Accepted int64      `json:"accepted"`
	Refused  int64      `json:"refused"`
	Since    *time.Time `json:"since,omitempty"`
	// Refusals are the last refused webhooks, the latest first.
	Refusals []connection.Refusal `json:"refusals"`
}

// Fault is what is wrong with the set-up of a source.
type Fault struct {
	Kind string `json:"kind"`
	// Text says what is wrong and what to do.
	Text  string    `json:"text"`
	Since time.Time `json:"since"`
}

// Reconciliation is the comparison of a source with its platform.
type Reconciliation struct {
	// Began is the instant from which the webhooks are compared; Until is up to when.
	Began *time.Time `json:"began,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// Done is when the last comparison ended, Objects the number of objects that it read.
	Done    *time.Time `json:"done,omitempty"`
	Objects int        `json:"objects"`
	// Running reports whether a comparison is under way.
	Running bool `json:"running"`
	// Error is why the last attempt failed, at Failed.
	Error  string     `json:"error,omitempty"`
	Failed *time.Time `json:"failed,omitempty"`
	// Webhooks are the webhooks at the platform as of Checked, or CheckError is why they could not be read.
	Webhooks   []connection.Webhook `json:"webhooks"`
	Checked    *time.Time           `json:"checked,omitempty"`
	CheckError string               `json:"check_error,omitempty"`
}

// Missed counts facts that no webhook told.
type Missed struct {
	Facts int64 `json:"facts"`
	// Found is when the last one was found; First and Last are the times of the earliest and the latest event.
	Found *time.Time `json:"found,omitempty"`
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
}

// Read reads the state of the sources.
func Read(
	ctx context.Context, configured []Configured, history []live.Coverage, notes Notes, now time.Time,
) (Overview, error) {
	out := Overview{Sources: []Source{}}
	for _, c := range configured {
		s := Source{Source: c.ID, Platform: c.Platform, Faults: []Fault{}}
		if i := slices.IndexFunc(history, func(h live.Coverage) bool { return h.Source == c.ID }); i >= 0 {
			s.History = &history[i]
		}
		arrivals, err := notes.Arrivals(ctx, c.ID)
		if err != nil {
			return out, err
		}
		found, err := notes.Found(ctx, c.ID)
		if err != nil {
			return out, err
		}
		s.Webhooks = Webhooks{
			Last: some(arrivals.Last), Pinged: some(arrivals.Pinged), Accepted: arrivals.Accepted, Refused: arrivals.Refused,
			Since: some(arrivals.Since), Refusals: append([]connection.Refusal{}, arrivals.Refusals...),
		}
		slices.Reverse(s.Webhooks.Refusals)
		s.Missed = Missed{Facts: found.Facts, Found: some(found.At), First: some(found.First), Last: some(found.Last)}
		s.addFaults(arrivals.Faults, func(f connection.Fault) bool { return now.Sub(f.Seen) < connection.FaultLasts })
		if c.Reads {
			look, err := notes.Look(ctx, c.ID)
			if err != nil {
				return out, err
			}
			s.Reconciliation = reconciliation(&look, now)
			s.addFaults(look.Faults, func(connection.Fault) bool { return true })
		}
		out.Sources = append(out.Sources, s)
	}
	return out, nil
}

func reconciliation(l *connection.Look, now time.Time) *Reconciliation {
	return &Reconciliation{
		Began: some(l.Began), Until: some(l.Until), Done: some(l.Done), Objects: l.Objects,
		Running: l.Run != nil && l.Lease.After(now), Error: l.Error, Failed: some(l.Failed),
		Webhooks: append([]connection.Webhook{}, l.Webhooks...), Checked: some(l.Checked), CheckError: l.CheckError,
	}
}

func (s *Source) addFaults(faults map[string]connection.Fault, counts func(connection.Fault) bool) {
	for _, kind := range slices.Sorted(maps.Keys(faults)) {
		if f := faults[kind]; counts(f) {
			s.Faults = append(s.Faults, Fault{kind, f.Text, f.Since})
		}
	}
}

// some is a time; nil for none.
func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
