package natsio_test

import (
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
)

// event is a question to a person.
func event(id string) *stream.Event {
	d := stream.Decision{Kind: stream.KindAskConsent, Effective: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	return &stream.Event{
		SpecVersion: "1.0",
		ID:          id,
		Source:      stream.Source,
		Type:        stream.TypeAskConsent,
		Subject:     "ala",
		Time:        d.Effective,
		Data:        d,
	}
}

// undecided refuses the first copy of each message as one whose earlier copy is in process.
type undecided struct{ jetstream.JetStream }

func (u undecided) PublishMsgAsync(msg *nats.Msg, _ ...jetstream.PublishOpt) (jetstream.PubAckFuture, error) {
	return refusedFuture{msg}, nil
}

// refusedFuture is the answer that an earlier copy is in process.
type refusedFuture struct{ msg *nats.Msg }

func (f refusedFuture) Ok() <-chan *jetstream.PubAck { return nil }
func (f refusedFuture) Msg() *nats.Msg               { return f.msg }
func (f refusedFuture) Err() <-chan error {
	out := make(chan error, 1)
	out <- &jetstream.APIError{Code: 409, ErrorCode: 10158, Description: "duplicate message id is in process"}
	return out
}

func TestPublishEvents_AnEventWhoseCopyIsInProcessIsPublishedAgain(t *testing.T) {
	_, js := lifecycletest.JetStream(t)
	events := &natsio.Events{JetStream: undecided{js}}
	if err := events.PublishEvents(t.Context(), []*stream.Event{event("dec_1"), event("dec_2")}); err != nil {
		t.Fatalf("got %v, want no error", err)
	}
	found, err := (&natsio.Events{JetStream: js}).EventsOf(t.Context(), "ala")
	if err != nil || len(found) != 2 {
		t.Errorf("got %d events and %v, want 2", len(found), err)
	}
}

// TestPurgeEvents_WhatIsGoneIsNoError: several replicas purge the same events.
func TestPurgeEvents_WhatIsGoneIsNoError(t *testing.T) {
	_, js := lifecycletest.JetStream(t)
	events := &natsio.Events{JetStream: js}
	for range 20 {
		id := nats.NewInbox()
		if err := events.PublishEvents(t.Context(), []*stream.Event{event(id)}); err != nil {
			t.Fatal(err)
		}
		var purges sync.WaitGroup
		for range 4 {
			purges.Go(func() {
				if err := events.PurgeEvents(t.Context(), "ala", []string{id}); err != nil {
					t.Errorf("got %v, want no error", err)
				}
			})
		}
		purges.Wait()
	}
}
