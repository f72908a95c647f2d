package background

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/trace"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// RelayStore is the storage of subjects.
type RelayStore interface {
	// Pending returns subjects after an id, by id. Subjects that cannot be decoded are left out and named by a
	// store.DamagedError.
	Pending(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	store.Updater
}

// Publisher publishes events. Nil means that all events are durable. An error that wraps ErrUnavailable is passing
// and concerns no single event.
type Publisher interface {
	PublishEvents(ctx context.Context, events []*stream.Event) error
}

// ErrUnavailable means that the broker takes no event now, and may take events later.
var ErrUnavailable = errors.New("the broker does not take decisions")

// Purger removes the events of decisions about a subject from the stream.
type Purger interface {
	PurgeEvents(ctx context.Context, subject string, decisions []string) error
}

// Journal writes the decisions and notes of subjects to their journals and returns the new heads.
// Existing entries are not written twice.
type Journal interface {
	Write(ctx context.Context, subjects []lifecycle.Subject) (map[string]chain.Head, error)
}

// RelayOptions configure a Relay.
type RelayOptions struct {
	Store     RelayStore
	Publisher Publisher
	Reader    Reader
	Purger    Purger
	Journal   Journal
	Vault     *identity.Vault
	Policy    *rules.Policy
	// PublicURL is the base URL of the consent page; empty means that questions have no page.
	PublicURL string
	// Every is the interval between reads of the outboxes; 0 means one second.
	Every time.Duration
	// SetAside reports a subject whose decisions cannot be published, and why; a nil cause means that they are
	// published after all. The relay tries the subject again with a growing backoff, and no other subject
	// waits. Nil means that nobody is told.
	SetAside func(ctx context.Context, subject string, cause error) error
	// Unrecorded is called when decisions may be published that could not be recorded: if another replica retracted one
	// of them in that moment, no outbox leads to it. Nil means that no other replica writes.
	Unrecorded func()
	// Hold reports whether no deletion may be published now; nil means never. A subject with a deletion waits.
	Hold func() bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Weigh returns the ids of the subjects of a page whose deletions wait for an approval; first reports whether the page
	// is the first one of all outboxes. Published receives the subjects that were published. Nil means that none waits.
	Weigh     func(ctx context.Context, subjects []lifecycle.Subject, first bool) (map[string]bool, error)
	Published func(subjects []lifecycle.Subject)
	// Tracer starts a span for each decision; nil only passes trace ids on.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// Relay sends decisions.
type Relay struct {
	opts RelayOptions
	wake chan struct{}
	// sending is held while decisions are under way, and guards aside.
	sending sync.Mutex
	aside   aside
}

// NewRelay makes a Relay.
func NewRelay(opts RelayOptions) *Relay {
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Relay{opts: opts, wake: make(chan struct{}, 1)}
}

// Wake triggers a read of the outboxes without blocking.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run sends decisions until the context ends.
func (r *Relay) Run(ctx context.Context) {
	w := loop.Worker{
		Failure: "decisions were not published", Every: r.opts.Every, Wake: r.wake, Log: r.opts.Log,
		Do: func(ctx context.Context) error {
			_, err := r.Drain(ctx)
			return err
		},
	}
	w.Run(ctx)
}

// relayPage is the number of subjects in one page.
const relayPage = 500

// Drain publishes all outboxes and returns the number of published decisions. A subject whose decisions cannot be
// published is set aside, and the others are published all the same; the error names what failed.
func (r *Relay) Drain(ctx context.Context) (int, error) {
	sent, after := 0, ""
	var failed []error
	pending := map[string]bool{}
	for {
		n, next, err := r.publishPage(ctx, after, pending)
		sent += n
		if errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			return sent, errors.Join(append(failed, err)...)
		}
		if err != nil {
			failed = append(failed, err)
		}
		if next == "" {
			return sent, errors.Join(append(failed, r.forget(ctx, pending))...)
		}
		after = next
	}
}

// publishPage publishes one page of outboxes, and adds the subjects of the page to pending; next is the last id of a
// full page, and empty otherwise.
func (r *Relay) publishPage(
	ctx context.Context, after string, pending map[string]bool,
) (sent int, next string, err error) {
	r.sending.Lock()
	defer r.sending.Unlock()
	subjects, err := r.opts.Store.Pending(ctx, after, relayPage)
	damaged, err := store.SplitDamaged(err)
	if err != nil {
		return 0, "", err
	}
	var failed []error
	for id, cause := range damaged {
		pending[id] = true
		failed = append(failed, r.setAside(ctx, id, cause))
	}
	for i := range subjects {
		pending[subjects[i].ID] = true
	}
	if len(subjects)+len(damaged) >= relayPage {
		next = lastID(subjects, damaged)
	}
	held := r.opts.Hold != nil && r.opts.Hold()
	later := heldBack(subjects)
	subjects = slices.DeleteFunc(subjects, func(s lifecycle.Subject) bool {
		return r.aside.waits(s.ID) || held && (slices.ContainsFunc(s.Outbox, deletes) || len(notice.Looks(s.Notices)) > 0)
	})
	if subjects, err = r.whole(ctx, subjects); err != nil {
		return 0, next, errors.Join(append(failed, err)...)
	}
	if subjects, err = r.weighed(ctx, subjects, after == ""); err != nil {
		return 0, next, errors.Join(append(failed, err)...)
	}
	sent, err = r.publishEach(ctx, subjects, later)
	if err == nil && r.opts.Published != nil {
		r.opts.Published(subjects)
	}
	return sent, next, errors.Join(append(failed, err)...)
}

// weighed returns the subjects whose deletions do not wait for an approval.
func (r *Relay) weighed(ctx context.Context, subjects []lifecycle.Subject, first bool) ([]lifecycle.Subject, error) {
	if r.opts.Weigh == nil {
		return subjects, nil
	}
	waits, err := r.opts.Weigh(ctx, subjects, first)
	if err != nil {
		return nil, fmt.Errorf("weigh deletions: %w", err)
	}
	return slices.DeleteFunc(subjects, func(s lifecycle.Subject) bool { return waits[s.ID] }), nil
}

// whole returns the subjects without those of a merge that is written in part: a store without transactions writes
// the survivor first, and a subject merged into the survivor is no redirect yet. The writer of the merge tries again
// until all of it is written, and may decide anew meanwhile.
func (r *Relay) whole(ctx context.Context, subjects []lifecycle.Subject) ([]lifecycle.Subject, error) {
	var merged []string
	for i := range subjects {
		merged = append(merged, subjects[i].MergedFrom...)
	}
	if len(merged) == 0 {
		return subjects, nil
	}
	found, err := r.opts.Store.Load(ctx, merged)
	if _, err = store.SplitDamaged(err); err != nil {
		return nil, fmt.Errorf("read merged subjects: %w", err)
	}
	return slices.DeleteFunc(subjects, func(s lifecycle.Subject) bool {
		return slices.ContainsFunc(s.MergedFrom, func(id string) bool {
			other, stored := found[id]
			return stored && other.MergedInto == ""
		})
	}), nil
}

// later are the decisions that subjects hold back, by subject.
type later map[string][]decision.Decision

// heldBack leaves to each subject the decisions that may be published, and returns the others.
func heldBack(subjects []lifecycle.Subject) later {
	var out later
	for i := range subjects {
		due, held := subjects[i].DueDecisions()
		if len(held) == 0 {
			continue
		}
		if out == nil {
			out = later{}
		}
		subjects[i].Outbox, out[subjects[i].ID] = due, held
	}
	return out
}

// deletes reports whether a decision is a deletion.
func deletes(d decision.Decision) bool { return d.Delete != nil }

// lastID is the last id of a page.
func lastID(subjects []lifecycle.Subject, damaged store.Damaged) string {
	last := ""
	for i := range subjects {
		last = max(last, subjects[i].ID)
	}
	for id := range damaged {
		last = max(last, id)
	}
	return last
}

// publishEach publishes the outboxes of subjects together. After an error of a subject the halves are published
// apart, until the subject at fault is alone.
func (r *Relay) publishEach(ctx context.Context, subjects []lifecycle.Subject, held later) (int, error) {
	sent, err := r.publish(ctx, subjects, held)
	switch {
	case err == nil:
		return sent, r.restore(ctx, subjects)
	case errors.Is(err, ErrUnavailable), ctx.Err() != nil, !r.storeAnswers(ctx):
		return sent, err
	case len(subjects) == 1:
		return sent, r.setAside(ctx, subjects[0].ID, err)
	}
	half := len(subjects) / 2
	first, err := r.publishEach(ctx, subjects[:half], held)
	if errors.Is(err, ErrUnavailable) {
		return first, err
	}
	second, other := r.publishEach(ctx, subjects[half:], held)
	return first + second, errors.Join(err, other)
}

// restore forgets subjects that were set aside and are published now.
func (r *Relay) restore(ctx context.Context, subjects []lifecycle.Subject) error {
	var errs []error
	for i := range subjects {
		if r.aside.clear(subjects[i].ID) && r.opts.SetAside != nil {
			errs = append(errs, r.opts.SetAside(ctx, subjects[i].ID, nil))
		}
	}
	return errors.Join(errs...)
}

// storeAnswers reports whether the store works, so that an error is that of a subject.
func (r *Relay) storeAnswers(ctx context.Context) bool {
	_, err := r.opts.Store.Pending(ctx, "", 1)
	_, err = store.SplitDamaged(err)
	return err == nil
}

// publish publishes the outboxes of subjects and clears them.
func (r *Relay) publish(ctx context.Context, subjects []lifecycle.Subject, held later) (sent int, err error) {
	if len(subjects) == 0 {
		return 0, nil
	}
	var events []*stream.Event
	out := make([]published, len(subjects))
	for i := range subjects {
		s := &subjects[i]
		out[i].subject, out[i].held = *s, held[s.ID]
		names, err := r.opts.Vault.Open(s.ID, s.Sealed)
		if err != nil {
			return 0, err
		}
		for j := range s.Outbox {
			events = append(events, r.event(&s.Outbox[j], names))
			if n := r.notice(&s.Outbox[j], names); n != nil {
				out[i].notices = append(out[i].notices, *n)
			}
		}
	}
	// The purge comes first, to keep the time between publication and update of the subjects short.
	if err := r.purge(ctx, subjects); err != nil {
		return 0, err
	}
	again, err := r.lookAgain(ctx, subjects)
	if err != nil {
		return 0, err
	}
	for i := range again {
		if again[i].event != nil {
			events = append(events, again[i].event)
		}
	}
	defer func() {
		if err != nil && len(events) > 0 && r.opts.Unrecorded != nil {
			r.opts.Unrecorded()
		}
	}()
	end := r.startSpans(ctx, events)
	err = r.opts.Publisher.PublishEvents(ctx, events)
	end(err)
	if err != nil {
		return 0, fmt.Errorf("publish %d decisions: %w", len(events), err)
	}
	heads, err := r.opts.Journal.Write(ctx, subjects)
	if err != nil {
		return 0, err
	}
	for i := range out {
		out[i].head = heads[subjects[i].ID]
		r.logAlarms(&subjects[i])
	}
	for i := range again {
		p := &out[again[i].subject]
		p.looks = append(p.looks, again[i])
	}
	return len(events), r.clearOutboxes(ctx, out)
}

// notice returns the notice of a decision, with hashed names.
func (r *Relay) notice(d *decision.Decision, names []identity.Identity) *notice.Notice {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.Normal().String()
	}
	generation := r.opts.Vault.Generation()
	key := r.opts.Vault.ProofKey(d.ID, generation)
	n := notice.New(r.opts.Policy, d, texts, func(name string) string { return stream.Hash(key, name) })
	if n != nil {
		n.Generation = generation
	}
	return n
}

// purge removes the events of confirmed decisions, which contain names of persons, from the stream.
func (r *Relay) purge(ctx context.Context, subjects []lifecycle.Subject) error {
	for i := range subjects {
		s := &subjects[i]
		decisions := s.Purgeable()
		if len(decisions) == 0 {
			continue
		}
		for _, id := range append([]string{s.ID}, s.MergedFrom...) {
			if err := r.opts.Purger.PurgeEvents(ctx, id, decisions); err != nil {
				return fmt.Errorf("purge confirmed decisions from the stream: %w", err)
			}
		}
	}
	return nil
}

// logAlarms logs new alarms.
func (r *Relay) logAlarms(s *lifecycle.Subject) {
	for i := range s.Notes {
		if n := &s.Notes[i]; n.Kind == chain.KindAlarm {
			r.opts.Log.Warn("an alarm was raised: look at this subject",
				"subject", s.ID, "alarm", n.Text, "next", "rodopath explain subject:"+s.ID)
		}
	}
}
