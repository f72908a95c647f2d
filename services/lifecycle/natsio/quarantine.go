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

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// ErrNotInQuarantine means that no webhook of a number is in quarantine.
var ErrNotInQuarantine = errors.New("no webhook of this number is in quarantine")

// Sealer encrypts and decrypts the bodies of webhooks in quarantine.
type Sealer interface {
	SealText(text string) ([]byte, error)
	OpenText(sealed []byte) (string, error)
}

// Quarantine keeps webhooks with a valid signature that no reader understands. Bodies are encrypted,
// because a body holds personal data.
type Quarantine struct {
	JetStream jetstream.JetStream
	Sealer    Sealer
	// Sync makes kept webhooks durable; nil means that JetStream does.
	Sync streams.Sync
}

// Quarantined is a webhook in quarantine.
type Quarantined struct {
	// Number names the webhook within the quarantine.
	Number   uint64    `json:"number"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	// Reason is one of the Unread constants of package ingest; Topic the platform's name of the event.
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
	Body []byte `json:"body,omitempty"`
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
	sealed, err := q.Sealer.SealText(string(u.GetBody()))
	if err != nil {
		return err
	}
	data, err := json.Marshal(sealedWebhook{
		Quarantined: Quarantined{
			Source: d.GetSource(), Received: d.GetReceived().AsTime(), Reason: u.GetReason(), Topic: u.GetTopic(),
			Facts: len(d.GetFacts()), Kept: len(u.GetBody()) > 0,
		},
		Body: sealed,
	})
	if err != nil {
		return err
	}
	_, err = q.JetStream.Publish(ctx, stream.QuarantineOf(d.GetSource(), d.GetId()), data, jetstream.WithMsgID(d.GetId()))
	return err
}

// List visits the webhooks in quarantine, oldest first, without their bodies.
func (q *Quarantine) List(ctx context.Context, visit func(Quarantined) error) error {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return fmt.Errorf("list the quarantine: %w", err)
	}
	for seq := uint64(1); ; seq++ {
		msg, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(stream.AllQuarantine))
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
		if err := visit(w.Quarantined); err != nil {
			return err
		}
	}
}

// Get returns a webhook in quarantine with its body as signed. The error wraps ErrNotInQuarantine when
// there is no such webhook.
func (q *Quarantine) Get(ctx context.Context, number uint64) (Quarantined, []byte, error) {
	s, err := q.JetStream.Stream(ctx, stream.Quarantine)
	if err != nil {
		return Quarantined{}, nil, fmt.Errorf("read the quarantine: %w", err)
	}
	msg, err := s.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Quarantined{}, nil, fmt.Errorf("%w: %d", ErrNotInQuarantine, number)
	}
	if err != nil {
		return Quarantined{}, nil, fmt.Errorf("read the quarantine: %w", err)
	}
	w, err := unsealed(msg)
	if err != nil {
		return Quarantined{}, nil, err
	}
	body, err := q.open(w.Body)
	if err != nil {
		return Quarantined{}, nil, fmt.Errorf("read webhook %d in quarantine: %w", number, err)
	}
	return w.Quarantined, body, nil
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
