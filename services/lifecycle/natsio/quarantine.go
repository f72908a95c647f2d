package natsio

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// ErrNotInQuarantine means that no webhook of a number is in quarantine.
var ErrNotInQuarantine = errors.New("no webhook of this number is in quarantine")

// Sealer encrypts and decrypts the bodies of webhooks in quarantine.
type Sealer interface {
	SealText(text string) ([]byte, error)
	OpenText(sealed []byte) (string, error)
}

// Quarantine keeps everything that is set aside: webhooks with a valid signature that no reader understands,
// deliveries that cannot be applied, and subjects whose decisions cannot be published. Bodies are encrypted,
// because a body holds personal data.
type Quarantine struct {
	JetStream jetstream.JetStream
	Sealer    Sealer
	// Sync makes kept webhooks durable; nil means that JetStream does.
	Sync streams.Sync
	// Partitions is the number of partitions of the installation; 0 means 1.
	Partitions int
	// Reread has a webhook read by its source once more.
	Reread func(ctx context.Context, r connection.Reread) (connection.Reading, error)
}

// Kind is what an entry of the quarantine is.
type Kind string

// The kinds of entries. A webhook was not read; a delivery was not applied; a delivery behind another one waits,
// because both may concern one person; a message of a stream cannot be decoded; the decisions of a subject
// were not published.
const (
	KindWebhook  Kind = "webhook"
	KindDelivery Kind = "delivery"
	KindBehind   Kind = "behind"
	KindMessage  Kind = "message"
	KindSubject  Kind = "subject"
)

// Quarantined is an entry of the quarantine.
type Quarantined struct {
	// Number names the entry within the quarantine.
	Number uint64 `json:"number"`
	Kind   Kind   `json:"kind"`
	// Subject is the id of the subject of KindSubject, for rodopath explain subject:ID.
	Subject  string    `json:"subject,omitempty"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	// Reason is one of the Unread constants of package ingest, or the error of a delivery or a subject; Topic
	// is the platform's name of the event.
	Reason string `json:"reason"`
	Topic  string `json:"topic,omitempty"`
	// Facts is the number of facts that were read from the webhook all the same.
	Facts int `json:"facts"`
	// Kept reports whether the body is kept; an extremely large body is not.
	Kept bool `json:"kept"`
}

// sealedWebhook is a message of the stream.
type sealedWebhook struct {
	Quarantined
	// Delivery is the id of a delivery, and Keys are keyed hashes of its persons and records.
	Delivery string   `json:"delivery,omitempty"`
	Keys     []string `json:"keys,omitempty"`
	Body     []byte   `json:"body,omitempty"`
}

// Add keeps the unread webhooks among the deliveries; nil means that all are durable.
func (q *Quarantine) Add(ctx context.Context, deliveries []*factv1.Delivery) error {
	added := false
	for _, d := range deliveries {
		if u := d.GetUnread(); u != nil {
			if err := q.add(ctx, d, u); err != nil {
				return fmt.Errorf("keep the unread webhook %s: %w", d.GetId(), err)
			}
			added = true
		}
	}
	if !added {
		return nil
	}
	if err := q.Sync.Do(ctx, stream.Quarantine); err != nil {
		return fmt.Errorf("keep unread webhooks: %w", err)
	}
	return nil
}

func (q *Quarantine) add(ctx context.Context, d *factv1.Delivery, u *factv1.Unread) error {
	return q.put(ctx, d.GetSource(), d.GetId(), string(u.GetBody()), sealedWebhook{Quarantined: Quarantined{
		Kind: KindWebhook, Source: d.GetSource(), Received: d.GetReceived().AsTime(), Reason: u.GetReason(),
		Topic: u.GetTopic(), Facts: len(d.GetFacts()), Kept: len(u.GetBody()) > 0,
	}})
}

// put stores an entry. A former entry under the same name is replaced.
func (q *Quarantine) put(ctx context.Context, source, name, body string, w sealedWebhook) (err error) {
	if w.Body, err = q.Sealer.SealText(body); err != nil {
		return err
	}
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	msg := &nats.Msg{Subject: stream.QuarantineOf(source, name), Data: data, Header: nats.Header{}}
	if w.Kind != KindWebhook {
		msg.Header.Set(jetstream.MsgTTLHeader, "never") // until somebody retries or drops the entry
	}
	// The message has no id: the subject replaces a former entry, also one that was dropped a moment ago.
	_, err = q.JetStream.PublishMsg(ctx, msg)
	return err
}

// List visits the entries of the quarantine, oldest first, without their bodies.
func (q *Quarantine) List(ctx context.Context, visit func(Quarantined) error) error {
	return q.visit(ctx, func(w *sealedWebhook) error { return visit(w.Quarantined) })
}

// Page visits at most so many entries behind a number, of one source or, with an empty source, of all, oldest first.
func (q *Quarantine) Page(
	ctx context.Context, source string, after uint64, limit int, visit func(Quarantined) error,
) error {
	subject := stream.AllQuarantine
	if source != "" {
		subject = stream.QuarantineFrom(source)
	}
	err := q.visitFrom(ctx, subject, after+1, func(w *sealedWebhook) error {
		if limit--; limit < 0 {
			return errEnough
		}
		return visit(w.Quarantined)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends a visit.
var errEnough = errors.New("enough entries")

// Count returns the number of entries of the quarantine.
func (q *Quarantine) Count(ctx context.Context) (uint64, error) {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return 0, fmt.Errorf("count the quarantine: %w", err)
	}
	return s.CachedInfo().State.Msgs, nil
}

func (q *Quarantine) visit(ctx context.Context, visit func(*sealedWebhook) error) error {
	return q.visitFrom(ctx, stream.AllQuarantine, 1, visit)
}

// visitFrom visits the entries of a subject from a number on.
func (q *Quarantine) visitFrom(
	ctx context.Context, subject string, from uint64, visit func(*sealedWebhook) error,
) error {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return fmt.Errorf("list the quarantine: %w", err)
	}
	for seq := from; ; seq++ {
		msg, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the quarantine: %w", err)
		}
		seq = msg.Sequence
		w, err := unsealed(msg)
		if err != nil {
			return err
		}
		if err := visit(w); err != nil {
			return err
		}
	}
}

// Get returns an entry of the quarantine: a webhook with its body as signed, a delivery with its facts as JSON. The
// error wraps ErrNotInQuarantine without such an entry.
func (q *Quarantine) Get(ctx context.Context, number uint64) (Quarantined, []byte, error) {
	w, err := q.entry(ctx, number)
	if err != nil {
		return Quarantined{}, nil, err
	}
	if w.Kind == KindDelivery || w.Kind == KindBehind {
		facts, err := q.facts(w)
		return w.Quarantined, facts, err
	}
	if w.Kind != KindWebhook {
		return w.Quarantined, nil, nil
	}
	body, err := q.open(w.Body)
	if err != nil {
		return Quarantined{}, nil, fmt.Errorf("read webhook %d in quarantine: %w", number, err)
	}
	return w.Quarantined, body, nil
}

// entry reads an entry. The error wraps ErrNotInQuarantine without such an entry.
func (q *Quarantine) entry(ctx context.Context, number uint64) (*sealedWebhook, error) {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	msg, err := s.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fmt.Errorf("%w: %d", ErrNotInQuarantine, number)
	}
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return unsealed(msg)
}

// facts returns the delivery of an entry as JSON; nil when the delivery is not kept.
func (q *Quarantine) facts(w *sealedWebhook) ([]byte, error) {
	if !w.Kept {
		return nil, nil
	}
	body, err := q.Sealer.OpenText(w.Body)
	d := &factv1.Delivery{}
	if err == nil {
		err = proto.Unmarshal([]byte(body), d)
	}
	if err != nil {
		return nil, fmt.Errorf("read entry %d of the quarantine: %w", w.Number, err)
	}
	return protojson.Marshal(d)
}

// Drop removes and overwrites a webhook in quarantine.
func (q *Quarantine) Drop(ctx context.Context, number uint64) error {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return fmt.Errorf("drop webhook %d from quarantine: %w", number, err)
	}
	err = s.SecureDeleteMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return fmt.Errorf("%w: %d", ErrNotInQuarantine, number)
	}
	if err != nil {
		return fmt.Errorf("drop webhook %d from quarantine: %w", number, err)
	}
	return nil
}

func unsealed(msg *jetstream.RawStreamMsg) (*sealedWebhook, error) {
	var w sealedWebhook
	if err := json.Unmarshal(msg.Data, &w); err != nil {
		return nil, fmt.Errorf("read webhook %d in quarantine: %w", msg.Sequence, err)
	}
	w.Number = msg.Sequence
	if w.Kind == "" {
		w.Kind = KindWebhook // of an earlier version
	}
	return &w, nil
}

// open decrypts and decompresses a body.
func (q *Quarantine) open(sealed []byte) ([]byte, error) {
	text, err := q.Sealer.OpenText(sealed)
	if err != nil || text == "" {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(text)))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
