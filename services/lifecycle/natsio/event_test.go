package natsio_test

import (
	"slices"
	"strconv"
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

// sharing returns two persons whose decisions share a subject of the stream.
func sharing(t *testing.T) (one, other string) {
	t.Helper()
	first := map[string]string{}
	for i := range 2 * stream.Parts {
		id := strconv.Itoa(i)
		on := stream.DecisionFor(stream.KindAskConsent, id)
		if had, ok := first[on]; ok {
			return had, id
		}
		first[on] = id
	}
	t.Fatal("no two persons share a subject")
	return "", ""
}

// TestEvents_OfOnePersonAlone_BeforeAndAfterTheParts: persons share a subject of the stream, and a former version
// published on a subject for each person.
func TestEvents_OfOnePersonAlone_BeforeAndAfterTheParts(t *testing.T) {
	_, js := lifecycletest.JetStream(t)
	events := &natsio.Events{JetStream: js}
	one, other := sharing(t)
	var list []*stream.Event
	for id, person := range map[string]string{"dec_1": one, "dec_2": one, "dec_3": other} {
		e := event(id)
		e.Subject = person
		list = append(list, e)
	}
	if err := events.PublishEvents(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	former := event("dec_0")
	former.Subject = one
	data, err := former.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), stream.FormerDecisionFor(stream.KindAskConsent, one), data); err != nil {
		t.Fatal(err)
	}
	want := func(person string, ids ...string) {
		t.Helper()
		found, err := events.EventsOf(t.Context(), person)
		got := []string{}
		for _, e := range found {
			got = append(got, e.ID)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, ids) {
			t.Errorf("the events about %s are %v, %v, want %v", person, got, err, ids)
		}
	}
	want(one, "dec_0", "dec_1", "dec_2")
	want(other, "dec_3")
	if err := events.PurgeEvents(t.Context(), one, []string{"dec_0", "dec_1", "dec_3"}); err != nil {
		t.Fatal(err)
	}
	want(one, "dec_2")
	want(other, "dec_3")
}
