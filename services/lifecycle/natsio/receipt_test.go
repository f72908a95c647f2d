package natsio_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
)

// received publishes a receipt and returns a consumer of it.
func received(t *testing.T) jetstream.Consumer {
	t.Helper()
	_, js := lifecycletest.JetStream(t)
	if _, err := js.Publish(
		t.Context(),
		stream.ReceiptsOf("crm"),
		[]byte(`{"decision":"dec_1","outcome":"done","at":"2026-11-24T12:00:00Z"}`),
	); err != nil {
		t.Fatal(err)
	}
	c, err := js.CreateOrUpdateConsumer(
		t.Context(),
		stream.Receipts,
		jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReceipts_AnAnswerThatIsFasterThanTheNoteComesAgain(t *testing.T) {
	for _, test := range []struct {
		fault error
		tries int // after which it is put aside
	}{{receipt.ErrNoNotice, 10}, {receipt.ErrUnknown, 1}, {receipt.ErrNotNotified, 1}} {
		consumer := received(t)
		r := &natsio.Receipts{
			Now: time.Now,
			Log: slog.New(slog.DiscardHandler),
			Read: func(context.Context, *stream.Receipt, string, time.Time) (*factv1.Delivery, error) {
				return nil, test.fault
			},
		}
		for try := 1; try <= test.tries; try++ {
			msg, err := consumer.Next(jetstream.FetchMaxWait(20 * time.Second))
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Decode(t.Context(), msg)
			if aside := errors.Is(err, natsio.ErrUnreadable); err == nil || aside != (try == test.tries) {
				t.Errorf("%v: try %d: %v", test.fault, try, err)
			}
			if err := msg.Nak(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
