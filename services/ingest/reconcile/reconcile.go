// Package reconcile finds what the webhooks of the sources left out. What changed at a platform is read from the
// platform's own interface every hour, and more of it every night. The objects go the way of webhooks, so what is known
// already stays as it is, and what was missed becomes facts.
package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// Window bounds the changes that a look reads, by the clock of the platform.
type Window struct {
	Since, Until time.Time
	// Wide reports whether lists that cannot be selected by time are read as well.
	Wide bool
}

// Platform is the interface of one source's platform.
type Platform interface {
	// Webhooks reports what the platform has for the source and what is wrong with it, and the time by its clock. The
	// time is right also with an error.
	Webhooks(ctx context.Context) ([]endpoint.Webhook, []endpoint.Defect, time.Time, error)
	// Changes returns a reader of what changed.
	Changes(w Window) (history.Reader, error)
}

// Source is a source with an access to its platform.
type Source struct {
	ID string
	// Open connects to the platform, with the present key.
	Open func() (Platform, error)
	// Reach is how far back the nightly look reads.
	Reach time.Duration
	// Zone is where the night of the source is; nil means UTC.
	Zone *time.Location
}

// Finder stores the facts of objects, and counts those that no webhook told, if they count.
type Finder interface {
	Find(ctx context.Context, source string, counted bool, objects []ingest.PastObject) error
}

// Notes keep how far each source was looked at. ChangeLook changes the state as it is stored, unless alter returns
// false; alter may be called several times.
type Notes interface {
	Look(ctx context.Context, source string) (connection.Look, error)
	ChangeLook(ctx context.Context, source string, alter func(*connection.Look) bool) (connection.Look, error)
}

// Options configure a Reconciler.
type Options struct {
	Sources []Source
	Finder  Finder
	Notes   Notes
	// Seen is called with the state of a source every minute, on every replica; nil means that nobody is.
	Seen func(source string, look *connection.Look)
	// Every is how often a source is looked at; 0 means an hour.
	Every time.Duration
	// Tick is how often it is checked what is due; 0 means a minute.
	Tick time.Duration
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Log receives one record for each look that failed; nil means slog.Default().
	Log *slog.Logger
}

const (
	// settle is how long a change may have no webhook yet: MailerLite sends a webhook again for 19 minutes, and the
	// queue of a shop takes its time. Younger changes are left to the next look.
	settle = 20 * time.Minute
	// overlap is read again by each look, for clocks of several servers and for slow transactions.
	overlap = 15 * time.Minute
	// nightHour is the hour of the day at which a wide look is due.
	nightHour = 2
	// leaseFor is how long a process may look without a sign of life: longer than the patience of a call.
	leaseFor = 20 * time.Minute
	// again is the wait after a look that failed, and recheck how often webhooks are checked that were wrong, so that a
	// correction shows.
	again   = 10 * time.Minute
	recheck = 5 * time.Minute
)

// Reconciler looks at the platforms of sources. Several processes may share the notes: one of them looks at a source at
// a time.
type Reconciler struct {
	opts Options
	// me is this process.
	me string
}

// New makes a Reconciler.
func New(o Options) *Reconciler {
	if o.Every == 0 {
		o.Every = time.Hour
	}
	if o.Tick == 0 {
		o.Tick = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Seen == nil {
		o.Seen = func(string, *connection.Look) {}
	}
	return &Reconciler{opts: o, me: rand.Text()}
}

// Run looks at the platforms until the context ends, at each by itself.
func (r *Reconciler) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i := range r.opts.Sources {
		s := &r.opts.Sources[i]
		all.Go(func() {
			w := loop.Worker{
				Failure: "the notes about a source cannot be read or written", Every: r.opts.Tick,
				Do: func(ctx context.Context) error { return r.visit(ctx, s) }, Log: r.opts.Log.With("source", s.ID),
			}
			w.Run(ctx)
		})
	}
	all.Wait()
}

// visit looks at a source if a look is due and no other process looks. The error is one of the notes alone: a failure
// of a platform is noted.
func (r *Reconciler) visit(ctx context.Context, s *Source) error {
	look, err := r.opts.Notes.Look(ctx, s.ID)
	if err != nil {
		return err
	}
	r.opts.Seen(s.ID, &look)
	due, do := r.isDue, r.look
	if !r.isDue(s, &look) {
		due, do = r.isWrong, r.check
	}
	if !due(s, &look) {
		return nil
	}
	mine := false
	look, err = r.opts.Notes.ChangeLook(ctx, s.ID, func(l *connection.Look) bool {
		if mine = due(s, l); mine {
			l.Holder, l.Lease = r.me, r.opts.Now().Add(leaseFor)
		}
		return mine
	})
	if err != nil || !mine {
		return err
	}
	failure := do(ctx, s, &look)
	if ctx.Err() != nil { // the next process goes on, and need not wait
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = r.change(ending, s, &look, func(l *connection.Look) { l.Lease = time.Time{} }) // or it waits for the lease
		return nil
	}
	if errors.Is(failure, errTaken) {
		return nil
	}
	err = r.change(ctx, s, &look, func(l *connection.Look) {
		l.Lease = time.Time{}
		l.Error, l.Failed = "", time.Time{}
		if failure != nil {
			l.Error, l.Failed = failure.Error(), r.opts.Now()
		}
	})
	if failure != nil && look.Error != "" {
		r.opts.Log.Error("a platform cannot be compared with what arrived; the next attempt follows",
			"source", s.ID, "error", failure, "in", again.String())
	}
	r.opts.Seen(s.ID, &look)
	return err
}

// isDue reports whether this process may and must look at a source now.
func (r *Reconciler) isDue(s *Source, l *connection.Look) bool {
	now := r.opts.Now()
	switch {
	case l.Lease.After(now) && l.Holder != r.me:
		return false
	case now.Sub(l.Failed) < again:
		return false
	case l.Run != nil, l.Began.IsZero():
		return true
	}
	return now.Sub(l.Started) >= r.opts.Every || r.isNight(s, l)
}

// isWrong reports whether the webhooks at the platform were wrong, and are to be checked again.
func (r *Reconciler) isWrong(_ *Source, l *connection.Look) bool {
	now := r.opts.Now()
	return len(l.Faults) > 0 && now.Sub(l.Checked) >= recheck && now.Sub(l.Failed) >= again &&
		(!l.Lease.After(now) || l.Holder == r.me)
}

// check checks the webhooks at the platform.
func (r *Reconciler) check(ctx context.Context, s *Source, look *connection.Look) error {
	platform, err := s.Open()
	if err != nil {
		return err
	}
	hooks, defects, _, err := platform.Webhooks(ctx)
	if err != nil && !isForbidden(err) {
		return err
	}
	return r.change(ctx, s, look, func(l *connection.Look) { r.noteWebhooks(l, hooks, defects, err) })
}

// isNight reports whether a wide look is due.
func (r *Reconciler) isNight(s *Source, l *connection.Look) bool {
	now := r.opts.Now()
	if s.Zone != nil {
		now = now.In(s.Zone)
	} else {
		now = now.UTC()
	}
	night := time.Date(now.Year(), now.Month(), now.Day(), nightHour, 0, 0, 0, now.Location())
	if now.Before(night) {
		night = night.AddDate(0, 0, -1)
	}
	return l.WideUntil.Before(night.Add(-settle))
}

// errTaken means that another process looks at the source.
var errTaken = errors.New("another process looks at the source")

// change changes the state of a source that this process looks at.
func (r *Reconciler) change(
	ctx context.Context, s *Source, look *connection.Look, alter func(*connection.Look),
) (err error) {
	taken := false
	*look, err = r.opts.Notes.ChangeLook(ctx, s.ID, func(l *connection.Look) bool {
		if taken = l.Holder != r.me; taken {
			return false
		}
		l.Lease = r.opts.Now().Add(leaseFor)
		alter(l)
		return true
	})
	if err == nil && taken {
		err = errTaken
	}
	return err
}

// look checks the webhooks at the platform, and reads what changed.
func (r *Reconciler) look(ctx context.Context, s *Source, look *connection.Look) error {
	started := r.opts.Now()
	platform, err := s.Open()
	if err != nil {
		return err
	}
	hooks, defects, now, checked := platform.Webhooks(ctx)
	if checked != nil && !isForbidden(checked) {
		return checked
	}
	if err := r.change(ctx, s, look, func(l *connection.Look) {
		r.noteWebhooks(l, hooks, defects, checked)
		r.begin(s, l, started, now)
	}); err != nil {
		return err
	}
	if look.Run == nil {
		return nil
	}
	reader, err := platform.Changes(Window{Since: look.Run.Since, Until: look.Run.Until, Wide: look.Run.Wide})
	if err != nil {
		return err
	}
	for page, err := range reader.Pages(ctx, look.Run.Cursor) {
		if errors.Is(err, history.ErrCursor) { // of another version of the program
			return errors.Join(err, r.change(ctx, s, look, func(l *connection.Look) { l.Run = nil }))
		}
		if err != nil {
			return err
		}
		if err := r.find(ctx, s, !look.Run.First, page.Objects); err != nil {
			return err
		}
		if err := r.change(ctx, s, look, func(l *connection.Look) { r.advance(l, &page) }); err != nil {
			return err
		}
	}
	return nil
}

// isForbidden reports whether a key may not read the webhooks: the rest may be read all the same.
func isForbidden(err error) bool {
	answer, ok := errors.AsType[*history.StatusError](err)
	return ok && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden ||
		answer.Status == http.StatusNotFound)
}

// begin begins a look, or goes on with one that was interrupted. The first look of an installation, or after the notes
// were lost with a restored backup, reads as far back as a nightly one; what was before is no gap, and does not count.
func (r *Reconciler) begin(s *Source, l *connection.Look, started, now time.Time) {
	until := now.Add(-settle)
	switch {
	case l.Began.IsZero():
		l.Began = now
		l.Run = &connection.Run{Wide: true, First: true, Started: started, Since: now.Add(-s.Reach), Until: now}
		return
	case l.Run != nil:
		return
	}
	run := &connection.Run{
		Wide: r.isNight(s, l), Started: started, Since: l.Until.Add(-overlap), Until: until,
	}
	if wide := until.Add(-s.Reach); run.Wide && wide.Before(run.Since) {
		run.Since = wide
	}
	if run.Since.Before(l.Began) {
		run.Since = l.Began
	}
	if !run.Until.After(run.Since) { // soon after the first look
		l.Started, l.Done = started, r.opts.Now()
		return
	}
	l.Run = run
}

// advance notes that a page was read.
func (r *Reconciler) advance(l *connection.Look, page *history.Page) {
	if l.Run == nil {
		return
	}
	l.Run.Objects += len(page.Objects)
	l.Run.Cursor = page.Next
	if page.Next != nil {
		return
	}
	l.Until, l.Objects, l.Started, l.Done = l.Run.Until, l.Run.Objects, l.Run.Started, r.opts.Now()
	if l.Run.Wide {
		l.WideUntil = l.Run.Until
	}
	l.Run = nil
}

// noteWebhooks notes the state of the webhooks at the platform.
func (r *Reconciler) noteWebhooks(
	l *connection.Look, hooks []endpoint.Webhook, defects []endpoint.Defect, failure error,
) {
	if l.CheckError = ""; failure != nil {
		l.CheckError = failure.Error()
		return
	}
	now := r.opts.Now()
	l.Checked, l.Webhooks = now, nil
	for _, h := range hooks {
		l.Webhooks = append(l.Webhooks, connection.Webhook{
			ID: h.ID, URL: h.URL, Active: h.Active, Status: h.Status, Topics: h.Topics,
		})
	}
	before := l.Faults
	l.Faults = map[string]connection.Fault{}
	for _, d := range defects {
		since := now
		if was, ok := before[d.Kind]; ok {
			since = was.Since
		}
		l.Faults[d.Kind] = connection.Fault{Text: d.Text, Since: since}
	}
}

// patience bounds the wait for a store that cannot take more.
const (
	patience     = 10 * time.Minute
	patienceStep = 5 * time.Second
)

// find hands the objects of a page over, and waits while they cannot be stored.
func (r *Reconciler) find(ctx context.Context, s *Source, counted bool, objects []history.Object) error {
	if len(objects) == 0 {
		return nil
	}
	past := make([]ingest.PastObject, len(objects))
	for i := range objects {
		past[i] = ingest.PastObject{Header: objects[i].Header, Body: objects[i].Body}
	}
	full := func(err error) bool { return errors.Is(err, ingest.ErrUnavailable) }
	err := loop.Retry(ctx, patienceStep, patience, full, func() error {
		return r.opts.Finder.Find(ctx, s.ID, counted, past)
	})
	if err != nil {
		return fmt.Errorf("store what was read: %w", err)
	}
	return nil
}
