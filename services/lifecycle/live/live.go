// Package live knows which recipients the controller lets the installation notify, since when, and how long a deletion
// waits before its recipients are notified.
//
// A new installation observes: the installation works everything out and notifies no recipient, because it knows only
// what happened since its start. The controller goes live after the preview, for each recipient and kind of decision.
package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// The delay of deletions at a recipient without a delay of its own, in the time after the recipient went live.
const (
	FirstDelay = 7 * 24 * time.Hour
	FirstTime  = 30 * 24 * time.Hour
)

// ErrUnknown means that no recipient accepts decisions of the kind under the id.
var ErrUnknown = errors.New("no recipient of the configuration accepts such decisions")

// Recipient is a configured recipient.
type Recipient struct {
	ID string
	// Kinds are the accepted kinds of decisions.
	Kinds []string
	// Platform reports whether the recipient is a platform at which the installation itself erases.
	Platform bool
	// Delay is how long a deletion waits; nil means FirstDelay in the time FirstTime after the recipient went live, and
	// no delay afterwards.
	Delay *time.Duration
}

// Options configure a Register.
type Options struct {
	Store      store.Stater
	Recipients []Recipient
	// Sources are the sources whose history matters: see Cover.
	Sources []string
	// AtOnce notifies every recipient from the start, without a default delay.
	AtOnce bool
	// Existing reports whether the installation has worked before it knew of this state: its recipients are live.
	Existing bool
	// Products is a hash of the products of the configuration. The subjects are evaluated after a change, as after an
	// order.
	Products string
	// Alone reports whether no other process works with the same store.
	Alone bool
	// Now is the current time.
	Now func() time.Time
}

// state is what a Register keeps in the store.
type state struct {
	// Since is the instant from which each recipient is notified, by recipient and kind; zero without a default delay.
	Since map[string]map[string]time.Time `json:"since"`
	// Covered are the sources of which it is known what happened before the installation.
	Covered map[string]Covered `json:"covered,omitempty"`
	// Releasing reports whether the subjects are still to be evaluated after the last order, which came at Ordered.
	Releasing bool      `json:"releasing,omitempty"`
	Ordered   time.Time `json:"ordered,omitzero"`
	// Fresh reports whether the installation was new when the state was created.
	Fresh bool `json:"fresh,omitempty"`
	// Products is the hash of the products under which the subjects were evaluated.
	Products string `json:"products,omitempty"`
}

// stateName is the name of the state in the store.
const stateName = "live"

// Register answers whether recipients are notified. A Register may be used concurrently.
type Register struct {
	opts    Options
	current atomic.Pointer[state]
}

// New opens the state of the installation. The state of a new installation is created.
func New(ctx context.Context, opts Options) (*Register, error) {
	r := &Register{opts: opts}
	s, err := store.ReadState[*state](ctx, opts.Store, stateName)
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &state{Since: map[string]map[string]time.Time{}, Fresh: !opts.Existing, Products: opts.Products}
		if opts.Existing {
			for i := range opts.Recipients {
				s.open(&opts.Recipients[i], nil, time.Time{})
			}
			s.Covered = map[string]Covered{}
			for _, id := range opts.Sources {
				s.Covered[id] = Covered{How: CoveredBefore}
			}
		}
		if err := store.WriteState(ctx, opts.Store, stateName, s); err != nil {
			return nil, err
		}
	}
	r.current.Store(s)
	if s.Products == opts.Products {
		return r, nil
	}
	s = s.clone()
	s.Products, s.Releasing, s.Ordered = opts.Products, true, opts.Now().UTC()
	return r, r.save(ctx, s)
}

// open notifies a recipient of decisions of some kinds, or of all its kinds, from an instant on.
func (s *state) open(to *Recipient, kinds []string, since time.Time) {
	for _, kind := range to.Kinds {
		if len(kinds) > 0 && !slices.Contains(kinds, kind) {
			continue
		}
		if s.Since[to.ID] == nil {
			s.Since[to.ID] = map[string]time.Time{}
		}
		if _, open := s.Since[to.ID][kind]; !open {
			s.Since[to.ID][kind] = since
		}
	}
}

func (s *state) clone() *state {
	out := *s
	out.Since, out.Covered = map[string]map[string]time.Time{}, maps.Clone(s.Covered)
	for id, kinds := range s.Since {
		out.Since[id] = maps.Clone(kinds)
	}
	return &out
}

var _ rules.Gate = (*Register)(nil)

// Opening implements rules.Gate.
func (r *Register) Opening(recipient, kind string, at time.Time) rules.Opening {
	n := slices.IndexFunc(r.opts.Recipients, func(to Recipient) bool { return to.ID == recipient })
	if n < 0 {
		return rules.Opening{Closed: string(decision.HeldObserving)}
	}
	to, now := &r.opts.Recipients[n], r.current.Load()
	since, open := now.Since[recipient][kind]
	switch {
	case r.opts.AtOnce:
		since = time.Time{}
	case !open:
		return rules.Opening{Closed: string(decision.HeldObserving)}
	case to.Platform && kind == string(stream.KindDelete) && len(r.uncovered(now)) > 0:
		return rules.Opening{Closed: string(decision.HeldHistory)}
	}
	out := rules.Opening{Since: since}
	switch {
	case to.Delay != nil:
		out.Delay = *to.Delay
	case !since.IsZero() && at.Before(since.Add(FirstTime)):
		out.Delay = FirstDelay
	}
	return out
}

// Opened is the state of one recipient and kind.
type Opened struct {
	Recipient string `json:"recipient"`
	Kind      string `json:"kind"`
	// Live reports whether the recipient is notified, Since from when on; nil from the start. Closed is why the recipient
	// is not notified.
	Live   bool       `json:"live"`
	Closed string     `json:"closed,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	// Delay is how long a deletion waits now, in words such as "168h0m0s"; empty for none.
	Delay string `json:"delay,omitempty"`
}

// Status lists the recipients and their kinds of decisions.
func (r *Register) Status() []Opened {
	out := []Opened{}
	for i := range r.opts.Recipients {
		to := &r.opts.Recipients[i]
		for _, kind := range to.Kinds {
			opening := r.Opening(to.ID, kind, r.opts.Now())
			o := Opened{Recipient: to.ID, Kind: kind, Live: opening.Closed == "", Closed: opening.Closed}
			if !opening.Since.IsZero() {
				o.Since = &opening.Since
			}
			if opening.Delay > 0 && kind == string(stream.KindDelete) {
				o.Delay = opening.Delay.String()
			}
			out = append(out, o)
		}
	}
	return out
}

// HoldsUnlisted reports whether recipients are notified of no deletion that rests on a product that the configuration
// does not list: in an installation that was new when it began to observe.
func (r *Register) HoldsUnlisted() bool { return r.current.Load().Fresh && !r.opts.AtOnce }

// AtOnce reports whether the configuration notifies every recipient from the start.
func (r *Register) AtOnce() bool { return r.opts.AtOnce }

// Observes reports whether a recipient is not notified of decisions of a kind that it accepts.
func (r *Register) Observes() bool {
	return slices.ContainsFunc(r.Status(), func(o Opened) bool { return !o.Live })
}

// GoLive notifies recipients from now on, of decisions of some kinds or of all. No recipients stand for all. The
// subjects must be evaluated afterwards: see Releasing.
func (r *Register) GoLive(ctx context.Context, recipients, kinds []string) error {
	return r.change(ctx, recipients, kinds, func(s *state, to *Recipient) { s.open(to, kinds, r.opts.Now().UTC()) })
}

// Observe no longer notifies recipients of new decisions of some kinds, or of all.
func (r *Register) Observe(ctx context.Context, recipients, kinds []string) error {
	if r.opts.AtOnce {
		return fmt.Errorf("observe: %w: observe is false in the configuration", ErrUnknown)
	}
	return r.change(ctx, recipients, kinds, func(s *state, to *Recipient) {
		maps.DeleteFunc(s.Since[to.ID], func(kind string, _ time.Time) bool {
			return len(kinds) == 0 || slices.Contains(kinds, kind)
		})
	})
}

func (r *Register) change(ctx context.Context, recipients, kinds []string, change func(*state, *Recipient)) error {
	next := r.current.Load().clone()
	for _, id := range recipients {
		if !slices.ContainsFunc(r.opts.Recipients, func(to Recipient) bool { return to.ID == id && accepts(&to, kinds) }) {
			return fmt.Errorf("%w: %s", ErrUnknown, id)
		}
	}
	for i := range r.opts.Recipients {
		if to := &r.opts.Recipients[i]; len(recipients) == 0 || slices.Contains(recipients, to.ID) {
			change(next, to)
		}
	}
	next.Releasing, next.Ordered = true, r.opts.Now().UTC()
	return r.save(ctx, next)
}

// accepts reports whether a recipient accepts one of the kinds; no kinds stand for all.
func accepts(to *Recipient, kinds []string) bool {
	return len(kinds) == 0 || slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains(to.Kinds, kind) })
}

// Releasing reports whether the subjects are still to be evaluated after an order.
func (r *Register) Releasing() bool { return r.current.Load().Releasing }

// settleTime is how long another process may still work with the state before an order: see Refresh.
const settleTime = 3 * time.Second

// Released records that all subjects were evaluated since the last order. Within settleTime of the order
// another process
// may have held a decision back, and the subjects must be evaluated once more.
func (r *Register) Released(ctx context.Context) error {
	next := r.current.Load().clone()
	if !r.opts.Alone && r.opts.Now().Sub(next.Ordered) < settleTime {
		return nil
	}
	next.Releasing = false
	return r.save(ctx, next)
}

// Refresh reads the state that another process may have changed.
func (r *Register) Refresh(ctx context.Context) error {
	s, err := store.ReadState[*state](ctx, r.opts.Store, stateName)
	if err == nil && s != nil {
		r.current.Store(s)
	}
	return err
}

func (r *Register) save(ctx context.Context, s *state) error {
	if err := store.WriteState(ctx, r.opts.Store, stateName, s); err != nil {
		return err
	}
	r.current.Store(s)
	return nil
}
