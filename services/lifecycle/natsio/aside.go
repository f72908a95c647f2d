package natsio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// Aside keeps deliveries that cannot be applied in the quarantine. A later delivery that may concern a person of such
// a delivery waits behind it in the quarantine, and no other delivery waits.
type Aside struct {
	Quarantine *Quarantine
	// Keys returns keyed hashes of the persons and records of a delivery: deliveries that share a key may
	// concern one person.
	Keys func(d *factv1.Delivery) ([]string, error)
	// Every is how often another process may have changed the quarantine unnoticed; 0 means 5 seconds.
	Every time.Duration

	mu sync.Mutex
	// blocked are the keys, and ids the ids, of the deliveries that cannot be applied. read is when they were
	// read, at the state of the stream.
	blocked map[string]bool
	ids     map[string]bool
	read    time.Time
	state   asideState
}

// asideState is the state of the quarantine as far as a change shows.
type asideState struct{ last, messages uint64 }

const defaultEvery = 5 * time.Second

// every is the interval between reads; a feed without an Aside reads nothing.
func (a *Aside) every() time.Duration {
	if a == nil || a.Every == 0 {
		return defaultEvery
	}
	return a.Every
}

// Refresh reads the keys of the deliveries in quarantine, unless they were read a moment ago, and publishes the
// deliveries that wait behind none any more to the stream of facts again.
func (a *Aside) Refresh(ctx context.Context, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.read) < a.every() {
		return nil
	}
	s, err := a.Quarantine.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return fmt.Errorf("read the quarantine: %w", err)
	}
	info := s.CachedInfo().State
	state := asideState{info.LastSeq, info.Msgs}
	if !a.read.IsZero() && state == a.state {
		a.read = now
		return nil
	}
	var behind []*sealedWebhook
	blocked, ids := map[string]bool{}, map[string]bool{}
	err = a.Quarantine.visit(ctx, func(w *sealedWebhook) error {
		switch w.Kind {
		case KindDelivery:
			ids[w.Delivery] = true
			for _, key := range w.Keys {
				blocked[key] = true
			}
		case KindBehind:
			behind = append(behind, w)
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.blocked, a.ids, a.read, a.state = blocked, ids, now, state
	for _, w := range behind {
		if !a.holds(w.Keys) {
			if err := a.Quarantine.resend(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// Count is the number of deliveries that cannot be applied, as of the last Refresh.
func (a *Aside) Count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ids)
}

// holds reports whether a key is that of a delivery in quarantine. a.mu is held.
func (a *Aside) holds(keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return a.blocked[key] })
}

// Behind reports whether a delivery may concern the person of a delivery in quarantine. Such a delivery is kept
// behind the other one; nil means that it is durable there. A redelivery of a delivery in quarantine changes
// nothing.
func (a *Aside) Behind(ctx context.Context, d *factv1.Delivery) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.ids[d.GetId()]:
		return true, nil
	case len(a.blocked) == 0:
		return false, nil
	}
	keys, err := a.Keys(d)
	if err != nil || !a.holds(keys) {
		return false, nil // after an error the delivery is applied next, with the same error
	}
	return true, a.add(ctx, d, KindBehind, "an earlier delivery of the same person is in quarantine", keys)
}

// Add keeps a delivery that cannot be applied; nil means that the delivery is durable in the quarantine.
func (a *Aside) Add(ctx context.Context, d *factv1.Delivery, cause error) error {
	keys, err := a.Keys(d)
	if err != nil {
		keys = nil // the names cannot be read: nothing can wait behind
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.add(ctx, d, KindDelivery, cause.Error(), keys); err != nil {
		return err
	}
	if a.blocked == nil {
		a.blocked, a.ids = map[string]bool{}, map[string]bool{}
	}
	a.ids[d.GetId()] = true
	for _, key := range keys {
		a.blocked[key] = true
	}
	return nil
}

func (a *Aside) add(ctx context.Context, d *factv1.Delivery, kind Kind, reason string, keys []string) error {
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("set a delivery aside: %w", err)
	}
	slices.Sort(keys)
	entry := sealedWebhook{Delivery: d.GetId(), Keys: slices.Compact(keys), Quarantined: Quarantined{
		Kind: kind, Source: d.GetSource(), Received: d.GetReceived().AsTime(), Reason: reason,
		Facts: len(d.GetFacts()), Kept: true,
	}}
	return a.Quarantine.keep(ctx, d.GetSource(), "delivery:"+d.GetId(), data, entry)
}

// AddMessage keeps a message that cannot be decoded at all.
func (q *Quarantine) AddMessage(ctx context.Context, name string, sequence uint64, data []byte, cause error) error {
	id := fmt.Sprintf("%s:%d", name, sequence)
	return q.keep(ctx, "message", id, data, sealedWebhook{Quarantined: Quarantined{
		Kind: KindMessage, Source: name, Received: time.Now().UTC(), Reason: cause.Error(), Kept: true,
	}})
}

// AddSubject records a subject whose decisions cannot be published.
func (q *Quarantine) AddSubject(ctx context.Context, subject string, cause error, now time.Time) error {
	return q.keep(ctx, "subject", subject, nil, sealedWebhook{Quarantined: Quarantined{
		Kind: KindSubject, Subject: subject, Source: "lifecycle", Received: now.UTC(), Reason: cause.Error(),
	}})
}

// RemoveSubject removes the entry of a subject whose decisions are published.
func (q *Quarantine) RemoveSubject(ctx context.Context, subject string) error {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject(stream.QuarantineOf("subject", subject)))
	}
	if err != nil {
		return fmt.Errorf("remove subject %s from quarantine: %w", subject, err)
	}
	return nil
}

// keep stores an entry durably. A body that is too large for the stream is left out.
func (q *Quarantine) keep(ctx context.Context, source, name string, body []byte, w sealedWebhook) error {
	err := q.put(ctx, source, name, string(body), w)
	if errors.Is(err, nats.ErrMaxPayload) {
		w.Kept = false
		err = q.put(ctx, source, name, "", w)
	}
	if err == nil {
		err = q.Sync.Do(ctx, stream.Quarantine)
	}
	if err != nil {
		return fmt.Errorf("put into quarantine: %w", err)
	}
	return nil
}

// ErrNotKept means that the body of an entry is not kept, so the entry cannot be tried again.
var ErrNotKept = errors.New("the body of the entry is not kept")

// Retry tries an entry again: a delivery, or a message that can be decoded now, is published to the stream of facts,
// and the entry is removed. retrySubjects
// tries the subjects whose decisions could not be published; an entry that fails again is kept anew. The
// error wraps ErrNotInQuarantine without such an entry.
func (q *Quarantine) Retry(ctx context.Context, number uint64, retrySubjects func()) error {
	w, err := q.entry(ctx, number)
	if err != nil {
		return err
	}
	switch w.Kind {
	case KindDelivery, KindBehind:
		return q.resend(ctx, w)
	case KindSubject:
		if err := q.Drop(ctx, number); err != nil {
			return err
		}
		retrySubjects()
		return nil
	case KindWebhook:
		return q.reread(ctx, w)
	case KindMessage:
		return q.resendMessage(ctx, w)
	}
	return fmt.Errorf("%w: entry %d is a %s", ErrNotKept, number, w.Kind)
}

// ErrStillUnread means that a webhook was read again and still is not understood.
var ErrStillUnread = errors.New("the webhook still cannot be read")

// reread has a webhook read by its source once more, and removes the entry if all of the webhook was read.
func (q *Quarantine) reread(ctx context.Context, w *sealedWebhook) error {
	if !w.Kept {
		return fmt.Errorf("%w: %d", ErrNotKept, w.Number)
	}
	body, err := q.Sealer.OpenText(w.Body)
	if err != nil {
		return fmt.Errorf("read webhook %d in quarantine: %w", w.Number, err)
	}
	read, err := q.Reread(ctx, connection.Reread{
		Source: w.Source, ID: fmt.Sprintf("quarantine-%d", w.Number), Topic: w.Topic, Body: []byte(body),
	})
	switch {
	case err != nil:
		return err
	case read.Error != "":
		return fmt.Errorf("%w: %s", ErrStillUnread, read.Error)
	case read.Unread:
		return fmt.Errorf("%w: %s", ErrStillUnread, w.Reason)
	}
	if err := q.Drop(ctx, w.Number); err != nil && !errors.Is(err, ErrNotInQuarantine) {
		return err
	}
	return nil
}

// resendMessage publishes a message of the stream of facts again that an earlier version could not decode, and removes
// the entry. What this version cannot decode either stays.
func (q *Quarantine) resendMessage(ctx context.Context, w *sealedWebhook) error {
	if !w.Kept || w.Source != stream.Facts {
		return fmt.Errorf("%w: entry %d is a message of %s", ErrNotKept, w.Number, w.Source)
	}
	body, err := q.Sealer.OpenText(w.Body)
	if err != nil {
		return fmt.Errorf("read entry %d of the quarantine: %w", w.Number, err)
	}
	deliveries, err := streams.Unpack([]byte(body))
	if err != nil {
		return fmt.Errorf("%w: entry %d: %w", ErrNotKept, w.Number, err)
	}
	return q.sendAgain(ctx, w, &nats.Msg{Subject: streams.FactsSubject(deliveries[0], q.Partitions), Data: []byte(body)})
}

// resend publishes a delivery in quarantine to the stream of facts again, and removes the entry.
func (q *Quarantine) resend(ctx context.Context, w *sealedWebhook) error {
	if !w.Kept {
		return fmt.Errorf("%w: %d", ErrNotKept, w.Number)
	}
	body, err := q.Sealer.OpenText(w.Body)
	if err != nil {
		return fmt.Errorf("read entry %d of the quarantine: %w", w.Number, err)
	}
	d := &factv1.Delivery{}
	if err := proto.Unmarshal([]byte(body), d); err != nil {
		return fmt.Errorf("read entry %d of the quarantine: %w", w.Number, err)
	}
	msg := &nats.Msg{Subject: streams.FactsSubject(d, q.Partitions), Data: []byte(body), Header: nats.Header{}}
	if w.Kind == KindDelivery {
		msg.Header.Set(retriedHeader, "1")
	}
	return q.sendAgain(ctx, w, msg)
}

// sendAgain publishes a message to the stream of facts, and removes its entry.
func (q *Quarantine) sendAgain(ctx context.Context, w *sealedWebhook, msg *nats.Msg) error {
	// A message id of its own: the former message may still be known to the stream.
	_, err := q.JetStream.PublishMsg(ctx, msg, jetstream.WithMsgID(fmt.Sprintf("quarantine:%d", w.Number)))
	if err == nil {
		err = q.Sync.Do(ctx, stream.Facts)
	}
	if err != nil {
		return fmt.Errorf("send entry %d of the quarantine again: %w", w.Number, err)
	}
	if err := q.Drop(ctx, w.Number); err != nil && !errors.Is(err, ErrNotInQuarantine) { // replaced by the next failure
		return err
	}
	return nil
}

// publishAlone publishes a delivery of a shared message as a message of its own; nil means that the message is durable.
func (q *Quarantine) publishAlone(ctx context.Context, name string, one taken) error {
	meta, err := one.msg.Metadata()
	if err != nil {
		return fmt.Errorf("publish a delivery alone: %w", err)
	}
	data, err := proto.Marshal(one.delivery)
	if err != nil {
		return fmt.Errorf("publish a delivery alone: %w", err)
	}
	msg := &nats.Msg{Subject: one.msg.Subject(), Data: data, Header: nats.Header{}}
	if parent := one.delivery.GetTraceparent(); parent != "" {
		msg.Header.Set(trace.Header, parent)
	}
	// A message id of its own: a redelivery of the shared message publishes the delivery once.
	id := fmt.Sprintf("alone:%d:%s", meta.Sequence.Stream, one.delivery.GetId())
	_, err = q.JetStream.PublishMsg(ctx, msg, jetstream.WithMsgID(id))
	if err == nil {
		err = q.Sync.Do(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("publish a delivery alone: %w", err)
	}
	return nil
}

// retriedHeader marks the delivery that others wait behind when it is tried again: it is applied, whatever the
// quarantine holds.
const retriedHeader = "Rodopath-Retried"
