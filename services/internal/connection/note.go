package connection

import (
	"context"
	"encoding/json"
	"time"
)

// The kinds of notes.
const (
	kindArrivals = "arrivals"
	kindLook     = "look"
	kindFound    = "found"
)

// Arrivals is what arrived at the door of a source.
type Arrivals struct {
	// Last is the time of the last webhook with a valid signature, Pinged of the last test message; zero for none.
	Last   time.Time `json:"last,omitzero"`
	Pinged time.Time `json:"pinged,omitzero"`
	// Accepted and Refused count the webhooks since Since.
	Accepted int64     `json:"accepted"`
	Refused  int64     `json:"refused"`
	Since    time.Time `json:"since,omitzero"`
	// Faults are the set-up faults that the webhooks show, by kind.
	Faults map[string]Fault `json:"faults,omitempty"`
	// Refusals are the last refused webhooks, the latest last, at most RefusalsKept.
	Refusals []Refusal `json:"refusals,omitempty"`
}

// Refusal is a refused webhook, or several that were refused in a row for one reason. A Refusal holds nothing of the
// body but an id of the platform.
type Refusal struct {
	// First and Last are the times of the first and of the last of Count webhooks.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Count int64     `json:"count"`
	// Outcome is the kind of the refusal, such as "bad_signature", Status that of the answer.
	Outcome string `json:"outcome"`
	Status  int    `json:"status"`
	// Text is the sentence of the answer.
	Text string `json:"text"`
	// Topic is the platform's name of the event, and Event its id for the webhook; empty when unknown. Whoever sent the
	// webhook chose both, if the signature is wrong.
	Topic string `json:"topic,omitempty"`
	Event string `json:"event,omitempty"`
}

// RefusalsKept is the number of refusals that are kept of a source.
const RefusalsKept = 20

// AddRefusals adds refusals to a list, oldest first. Refusals of one kind in a row are one entry.
func AddRefusals(list []Refusal, more ...Refusal) []Refusal {
	for _, r := range more {
		if n := len(list); n > 0 && list[n-1].isLike(&r) {
			list[n-1].Count += r.Count
			list[n-1].Last = r.Last
			continue
		}
		list = append(list, r)
	}
	return list[max(0, len(list)-RefusalsKept):]
}

// isLike reports whether two refusals are one entry. Of webhooks with an id each is an entry of its own.
func (r *Refusal) isLike(other *Refusal) bool {
	return r.Outcome == other.Outcome && r.Text == other.Text && r.Topic == other.Topic && r.Event == other.Event
}

// Fault is a set-up fault of a source.
type Fault struct {
	// Text says what is wrong and what to do.
	Text  string    `json:"text"`
	Since time.Time `json:"since"`
	// Seen is when a process last stated the fault: a fault that nobody states is over.
	Seen time.Time `json:"seen,omitzero"`
}

// FaultLasts is how long a fault counts without being stated again.
const FaultLasts = 10 * time.Minute

// Look is the reconciliation of a source: what changed at the platform is read again and again, so that a missed
// webhook is found.
type Look struct {
	// Began is the instant from which the webhooks have to be complete: that of the first look. All instants up to Until
	// are those of the platform.
	Began time.Time `json:"began,omitzero"`
	// Until is the instant up to which the changes were read, WideUntil up to which a wide look has read them.
	Until     time.Time `json:"until,omitzero"`
	WideUntil time.Time `json:"wide_until,omitzero"`
	// Started and Done are when the last complete look began and ended, by the clock of the program.
	Started time.Time `json:"started,omitzero"`
	Done    time.Time `json:"done,omitzero"`
	// Objects is the number of objects of the last look.
	Objects int `json:"objects"`
	// Run is the look in progress; nil for none.
	Run *Run `json:"run,omitempty"`
	// Error is why the last attempt failed, at Failed; empty after a success.
	Error  string    `json:"error,omitempty"`
	Failed time.Time `json:"failed,omitzero"`
	// Webhooks are the webhooks at the platform for the source, and Faults what is wrong with them, as of Checked.
	Webhooks []Webhook        `json:"webhooks,omitempty"`
	Faults   map[string]Fault `json:"faults,omitempty"`
	Checked  time.Time        `json:"checked,omitzero"`
	// CheckError is why the webhooks could not be read; empty when they were.
	CheckError string `json:"check_error,omitempty"`
	// Holder is the process that looks, until Lease.
	Holder string    `json:"holder,omitempty"`
	Lease  time.Time `json:"lease,omitzero"`
}

// Run is a look in progress.
type Run struct {
	// Wide reports whether the look reads all of the recent past again.
	Wide bool `json:"wide,omitempty"`
	// First reports whether the look is the first one, of which nothing counts as missed.
	First bool `json:"first,omitempty"`
	// Started is when the look began, by the clock of the program.
	Started time.Time `json:"started"`
	// Since and Until bound the changes that are read.
	Since   time.Time       `json:"since"`
	Until   time.Time       `json:"until"`
	Cursor  json.RawMessage `json:"cursor,omitempty"`
	Objects int             `json:"objects"`
}

// Webhook is a webhook that a platform has for a source.
type Webhook struct {
	ID     string   `json:"id"`
	URL    string   `json:"url"`
	Active bool     `json:"active"`
	Status string   `json:"status"`
	Topics []string `json:"topics"`
}

// Found counts the facts that no webhook told.
type Found struct {
	Facts int64 `json:"facts"`
	// At is when the last one was found; First and Last are the times of the earliest and the latest event.
	At    time.Time `json:"at,omitzero"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// Arrivals returns what arrived at a source.
func (b *Book) Arrivals(ctx context.Context, source string) (Arrivals, error) {
	note, _, err := read[Arrivals](ctx, b, kindArrivals, source)
	return note, err
}

// NoteArrivals adds what arrived. change may be called several times.
func (b *Book) NoteArrivals(ctx context.Context, source string, add func(*Arrivals)) error {
	_, err := change(ctx, b, kindArrivals, source, func(a *Arrivals) bool {
		add(a)
		return true
	})
	return err
}

// Look returns the reconciliation of a source.
func (b *Book) Look(ctx context.Context, source string) (Look, error) {
	note, _, err := read[Look](ctx, b, kindLook, source)
	return note, err
}

// ChangeLook changes the reconciliation of a source, unless alter returns false, and returns the state. alter may be
// called several times.
func (b *Book) ChangeLook(ctx context.Context, source string, alter func(*Look) bool) (Look, error) {
	return change(ctx, b, kindLook, source, alter)
}

// Found returns what was found at a source.
func (b *Book) Found(ctx context.Context, source string) (Found, error) {
	note, _, err := read[Found](ctx, b, kindFound, source)
	return note, err
}

// NoteFound adds what was found.
func (b *Book) NoteFound(ctx context.Context, source string, more Found) error {
	_, err := change(ctx, b, kindFound, source, func(f *Found) bool {
		f.Add(more)
		return true
	})
	return err
}

// Add adds what was found later.
func (f *Found) Add(more Found) {
	f.Facts += more.Facts
	if f.At.Before(more.At) {
		f.At = more.At
	}
	if f.First.IsZero() || !more.First.IsZero() && more.First.Before(f.First) {
		f.First = more.First
	}
	if f.Last.Before(more.Last) {
		f.Last = more.Last
	}
}
