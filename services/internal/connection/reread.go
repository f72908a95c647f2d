package connection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// rereadSubject is where lifecycle asks ingest to read a webhook again; rereaders is the group of the replicas of
// ingest, of which one answers.
const (
	rereadSubject = "rodopath.reread"
	rereaders     = "ingest"
	rereadWithin  = 15 * time.Second
)

// Reread is a webhook that is read once more.
type Reread struct {
	Source string `json:"source"`
	// ID identifies the delivery, and Topic is the platform's name of the event.
	ID    string `json:"id"`
	Topic string `json:"topic,omitempty"`
	// Body is the body as signed, compressed by gzip.
	Body []byte `json:"body"`
}

// Reading is what came of a Reread.
type Reading struct {
	// Unread reports whether a part of the webhook still could not be read.
	Unread bool `json:"unread,omitempty"`
	// Error is why the webhook was not accepted; empty when it was.
	Error string `json:"error,omitempty"`
}

// ErrNoReader means that no process of ingest answers.
var ErrNoReader = errors.New("ingest does not answer: the webhook cannot be read again now")

// AskReread asks ingest to read a webhook again.
func AskReread(ctx context.Context, nc *nats.Conn, r Reread) (Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, rereadWithin)
	defer cancel()
	data, err := json.Marshal(r)
	if err != nil {
		return Reading{}, fmt.Errorf("ask to read a webhook again: %w", err)
	}
	answer, err := nc.RequestWithContext(ctx, rereadSubject, data)
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded) {
		return Reading{}, ErrNoReader
	}
	if err != nil {
		return Reading{}, fmt.Errorf("ask to read a webhook again: %w", err)
	}
	var out Reading
	if err := json.Unmarshal(answer.Data, &out); err != nil {
		return Reading{}, fmt.Errorf("read the answer of ingest: %w", err)
	}
	return out, nil
}

// ServeRereads reads webhooks again as lifecycle asks, until the subscription ends.
func ServeRereads(nc *nats.Conn, read func(context.Context, Reread) Reading) (*nats.Subscription, error) {
	sub, err := nc.QueueSubscribe(rereadSubject, rereaders, func(msg *nats.Msg) {
		ctx, cancel := context.WithTimeout(context.Background(), rereadWithin)
		defer cancel()
		var r Reread
		out := Reading{Error: "the request cannot be read"}
		if json.Unmarshal(msg.Data, &r) == nil {
			out = read(ctx, r)
		}
		if data, err := json.Marshal(out); err == nil {
			_ = msg.Respond(data) // the asker has left
		}
	})
	if err != nil {
		return nil, fmt.Errorf("answer to webhooks that are read again: %w", err)
	}
	return sub, nil
}
