package dryrun_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/natstest"
)

func connect(t *testing.T) jetstream.JetStream {
	t.Helper()
	_, js := natstest.Connect(t, natstest.Server(t))
	return js
}

func put(t *testing.T, js jetstream.JetStream, id string, n int) {
	t.Helper()
	for i := range n {
		data, err := proto.Marshal(&factv1.Delivery{Id: fmt.Sprint(id, i)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), dryrun.Subject(id), data); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the ids of the deliveries of a dry run.
func read(t *testing.T, f *dryrun.Facts, id string) ([]string, error) {
	t.Helper()
	var out []string
	err := f.Read(t.Context(), id, func(deliveries []*factv1.Delivery) error {
		for _, d := range deliveries {
			out = append(out, d.GetId())
		}
		return nil
	})
	return out, err
}

// TestFacts_AreReadByTheirDryRunAlone, more than a page of them in their order, until they are dropped.
func TestFacts_AreReadByTheirDryRunAlone(t *testing.T) {
	js := connect(t)
	f := &dryrun.Facts{JetStream: js}
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, second := dryrun.NewID(), dryrun.NewID()
	put(t, js, first, 1201)
	put(t, js, second, 3)
	got, err := read(t, f, first)
	if err != nil || len(got) != 1201 || got[0] != first+"0" || got[1200] != first+"1200" {
		t.Fatalf("got %d deliveries, %v; want 1201 in their order", len(got), err)
	}
	if err := f.Drop(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, f, first); !errors.Is(err, dryrun.ErrGone) {
		t.Errorf("after the removal: got %v, want %v", err, dryrun.ErrGone)
	}
	if got, err := read(t, f, second); err != nil || len(got) != 3 {
		t.Errorf("the other dry run: got %v, %v; want 3 deliveries", got, err)
	}
	for _, id := range []string{"", "*", "a.b", ">", "UPPER"} {
		if _, err := read(t, f, id); !errors.Is(err, dryrun.ErrGone) {
			t.Errorf("the id %q: got %v, want %v", id, err, dryrun.ErrGone)
		}
		if err := f.Drop(t.Context(), id); err != nil {
			t.Errorf("dropping the id %q: %v", id, err)
		}
	}
	if got, _ := read(t, f, second); len(got) != 3 {
		t.Errorf("an id that is none removed facts: got %d, want 3", len(got))
	}
}

// TestIsFull_KnowsAStreamWithoutRoom.
func TestIsFull_KnowsAStreamWithoutRoom(t *testing.T) {
	js := connect(t)
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: dryrun.Stream, Subjects: []string{dryrun.Subject("*")}, MaxBytes: 512, Discard: jetstream.DiscardNew,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if _, err = js.Publish(t.Context(), dryrun.Subject("x"), make([]byte, 100)); err != nil {
			break
		}
	}
	if !dryrun.IsFull(err) {
		t.Errorf("got %v, want an error that there is no room", err)
	}
	if dryrun.IsFull(nil) || dryrun.IsFull(nats.ErrTimeout) {
		t.Error("no error, or a server that is away, is taken for a lack of room")
	}
}
