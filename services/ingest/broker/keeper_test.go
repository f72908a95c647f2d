package broker_test

import (
	"log/slog"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest/broker"
	"github.com/rodopath/rodopath/services/internal/dryrun"
)

// TestKeeper_WithoutRoomKeepsNothingOfADryRun: what a dry run has kept so far is removed, and that of others stays.
func TestKeeper_WithoutRoomKeepsNothingOfADryRun(t *testing.T) {
	js := connect(t)
	const room = 8 << 10
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: dryrun.Stream, Subjects: []string{dryrun.Subject("*")}, MaxBytes: room, Discard: jetstream.DiscardNew,
	})
	if err != nil {
		t.Fatal(err)
	}
	k := &broker.Keeper{
		Broker: broker.New(js, broker.Options{}), Facts: &dryrun.Facts{JetStream: js}, Log: slog.New(slog.DiscardHandler),
	}
	keep := func(id, delivery string, facts int) bool {
		t.Helper()
		d := batch(facts)
		d.Id = delivery
		kept, err := k.Keep(t.Context(), id, []*factv1.Delivery{d})
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	if !keep("other", "a", 2) || !keep("large", "b", 10) {
		t.Fatal("facts with room for them are not kept")
	}
	if keep("large", "c", 80) {
		t.Fatal("facts without room are kept")
	}
	info, err := s.Info(t.Context(), jetstream.WithSubjectFilter(">"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.State.Subjects; len(got) != 1 || got[dryrun.Subject("other")] != 1 {
		t.Errorf("kept are %v; want the facts of the other dry run alone", got)
	}
}
