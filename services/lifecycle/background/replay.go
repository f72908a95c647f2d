package background

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// ReplayStore holds the subjects.
type ReplayStore interface {
	store.Lister
	store.Updater
}

// ReplayEvents reads and publishes events.
type ReplayEvents interface {
	EventsOf(ctx context.Context, subject string) ([]*stream.Event, error)
	PublishEvents(ctx context.Context, events []*stream.Event) error
}

// Checker reports what remains of a decision.
type Checker interface {
	Check(ctx context.Context, id string, items []stream.Item) (*stream.Standing, error)
}

// ReplayOptions configure a Replay.
type ReplayOptions struct {
	Checker Checker
	Store   ReplayStore
	Events  ReplayEvents
	Vault   *identity.Vault
	Policy  *rules.Policy
}

// Replayed is a deletion that was published again.
type Replayed struct {
	Decision string `json:"decision"`
	Subject  string `json:"subject"`
	// Hidden reports whether the names are deleted here, so that the event carries hashes.
	Hidden bool `json:"hidden,omitempty"`
}

// Replay publishes every deletion decided since an instant again, for one recipient or, with an empty
// recipient, for all notified recipients. Items that may be held again are left out, and so is a deletion
// without other items. visit receives each published deletion.
func Replay(
	ctx context.Context,
	opts ReplayOptions,
	since time.Time,
	recipient string,
	at time.Time,
	visit func(Replayed) error,
) error {
	return store.Walk(ctx, opts.Store, func(s *lifecycle.Subject) error {
		for i := range s.Notices {
			n := &s.Notices[i]
			if n.Kind != stream.KindDelete || n.At.Before(since) ||
				recipient != "" && !n.Concerns(opts.Policy, recipient) {
				continue
			}
			sent, err := republish(ctx, opts, s, n, recipient, at)
			if err == nil && sent != nil {
				err = visit(*sent)
			}
			if err != nil {
				return fmt.Errorf("replay %s: %w", n.Decision, err)
			}
		}
		return nil
	})
}

// Repeat publishes one deletion about a subject again, to all notified recipients; false when nothing of the deletion
// holds, or the subject has no such deletion.
func Repeat(ctx context.Context, opts ReplayOptions, subject, decision string, at time.Time) (bool, error) {
	found, err := opts.Store.Load(ctx, []string{subject})
	if err != nil {
		return false, err
	}
	s, ok := found[subject]
	if !ok {
		return false, nil
	}
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Decision != decision || n.Kind != stream.KindDelete {
			continue
		}
		sent, err := republish(ctx, opts, &s, n, "", at)
		if err != nil {
			return false, fmt.Errorf("repeat %s: %w", n.Decision, err)
		}
		return sent != nil, nil
	}
	return false, nil
}

// republish publishes the part of one deletion that still holds and awaits new answers. The result is nil
// when nothing of the deletion holds.
func republish(
	ctx context.Context,
	opts ReplayOptions,
	s *lifecycle.Subject,
	n *notice.Notice,
	recipient string,
	at time.Time,
) (*Replayed, error) {
	event, err := findEvent(ctx, opts.Events, s, n.Decision)
	if err != nil {
		return nil, err
	}
	if event == nil {
		event = hashedEvent(opts.Vault, opts.Policy, s, n)
	}
	if event, err = standingPart(ctx, opts.Checker, event); event == nil || err != nil {
		return nil, err
	}
	event.Data.Replay = &stream.Replay{At: at, Recipient: recipient}
	if err := opts.Events.PublishEvents(ctx, []*stream.Event{event}); err != nil {
		return nil, err
	}
	sent := &Replayed{Decision: n.Decision, Subject: s.ID, Hidden: len(event.Data.Person.Hashes) > 0}
	return sent, noteReplay(ctx, opts, s.ID, n.Decision, recipient, at)
}

// standingPart returns the event with the part of the deletion that still holds; nil when nothing holds.
func standingPart(ctx context.Context, c Checker, event *stream.Event) (*stream.Event, error) {
	if event.Data.Delete == nil {
		return event, nil
	}
	st, err := c.Check(ctx, event.ID, event.Data.Delete.Items)
	if err != nil || len(st.Items) == 0 {
		return nil, err
	}
	return event.Narrowed(st), nil
}

// findEvent returns the event of a decision from the stream; nil when the stream no longer has the
// event.
func findEvent(ctx context.Context, events Reader, s *lifecycle.Subject, decision string) (*stream.Event, error) {
	found, err := EventsOf(ctx, events, s)
	if n := slices.IndexFunc(found, func(e *stream.Event) bool { return e.ID == decision }); n >= 0 {
		return found[n], nil
	}
	return nil, err
}

// EventsOf returns the published decisions about a subject, and about those that were merged into it, that the stream
// still has.
func EventsOf(ctx context.Context, events Reader, s *lifecycle.Subject) ([]*stream.Event, error) {
	var out []*stream.Event
	for _, id := range append([]string{s.ID}, s.MergedFrom...) {
		found, err := events.EventsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// hashedEvent returns the event of a decision whose names are deleted here. A recipient with the names
// recognizes the person by the hashes.
func hashedEvent(v *identity.Vault, p *rules.Policy, s *lifecycle.Subject, n *notice.Notice) *stream.Event {
	items := make([]stream.Item, len(n.Items))
	for i, item := range n.Items {
		items[i] = stream.Item{Category: item.Category, Hashes: item.Hashes}
	}
	d := decision.NewDeletion(n.Decision, s.ID, n.Effective, items, nil, nil)
	d.At = n.At
	if n.WholePerson {
		d.MarkWholePerson()
	}
	for i := range n.Notifications {
		d.Recipients = append(d.Recipients, n.Notifications[i].Recipient)
	}
	key := v.ProofKey(n.Decision, n.Generation)
	e := d.Event(p, stream.Person{Hashes: n.Names, Key: key}, "")
	e.Data.Policy = n.Policy // the policy of then
	return e
}

// noteReplay opens the notice of a deletion again.
func noteReplay(ctx context.Context, opts ReplayOptions, subject, decision, recipient string, at time.Time) error {
	return store.Update(ctx, opts.Store, subject, func(s lifecycle.Subject) (*store.Change, error) {
		s, known := lifecycle.MarkReplayed(opts.Policy, s, decision, recipient, at)
		if !known {
			return nil, nil
		}
		return &store.Change{Subject: s}, nil
	})
}
