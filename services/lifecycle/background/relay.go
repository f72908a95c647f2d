package background

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	Pending(ctx context.Context, limit int) ([]lifecycle.Subject, error)
	store.Updater
}

// Publisher publishes events. Nil means that all events are durable.
type Publisher interface {
	PublishEvents(ctx context.Context, events []*stream.Event) error
}

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
	// Tracer starts a span for each decision; nil only passes trace ids on.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// Relay sends decisions.
type Relay struct {
	opts RelayOptions
	wake chan struct{}
	// sending is held while decisions are under way.
	sending sync.Mutex
}

// NewRelay makes a Relay.
func NewRelay(opts RelayOptions) *Relay {
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
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

// Drain publishes all outboxes and returns the number of published decisions.
func (r *Relay) Drain(ctx context.Context) (int, error) {
	sent := 0
	for {
		n, full, err := r.publishPage(ctx)
		sent += n
		if err != nil || !full {
			return sent, err
		}
	}
}

// publishPage publishes one page of outboxes; full reports whether more may follow.
func (r *Relay) publishPage(ctx context.Context) (sent int, full bool, err error) {
	r.sending.Lock()
	defer r.sending.Unlock()
	subjects, err := r.opts.Store.Pending(ctx, relayPage)
	if err != nil || len(subjects) == 0 {
		return 0, false, err
	}
	var events []*stream.Event
	notices := make([][]notice.Notice, len(subjects))
	for i := range subjects {
		s := &subjects[i]
		names, err := r.opts.Vault.Open(s.ID, s.Sealed)
		if err != nil {
			return 0, false, err
		}
		for j := range s.Outbox {
			events = append(events, r.event(&s.Outbox[j], names))
			if n := r.notice(&s.Outbox[j], names); n != nil {
				notices[i] = append(notices[i], *n)
			}
		}
		r.logAlarms(s)
	}
	// The purge comes first, to keep the time between publication and update of the subjects short.
	if err := r.purge(ctx, subjects); err != nil {
		return 0, false, err
	}
	end := r.startSpans(ctx, events)
	err = r.opts.Publisher.PublishEvents(ctx, events)
	end(err)
	if err != nil {
		return 0, false, fmt.Errorf("publish %d decisions: %w", len(events), err)
	}
	heads, err := r.opts.Journal.Write(ctx, subjects)
	if err != nil {
		return 0, false, err
	}
	return len(events), len(subjects) == relayPage, r.clearOutboxes(ctx, subjects, notices, heads)
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

// clearOutboxes clears the published outboxes.
func (r *Relay) clearOutboxes(
	ctx context.Context,
	subjects []lifecycle.Subject,
	notices [][]notice.Notice,
	heads map[string]chain.Head,
) error {
	changes := make([]store.Change, len(subjects))
	for i, s := range subjects {
		ids := make([]string, len(s.Outbox))
		for j := range s.Outbox {
			ids[j] = s.Outbox[j].ID
		}
		s = lifecycle.AddNotices(r.opts.Policy, lifecycle.MarkSent(lifecycle.MarkPurged(s), ids), notices[i])
		changes[i].Subject = lifecycle.MarkJournaled(s, heads[s.ID])
	}
	conflicts, err := store.Write(ctx, r.opts.Store, changes)
	for _, i := range conflicts {
		// A subject with a version conflict keeps its outbox, and its decisions are published again
		// under the same ids.
		err = errors.Join(err, r.addNotices(ctx, subjects[i].ID, notices[i], heads[subjects[i].ID]))
	}
	return err
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
