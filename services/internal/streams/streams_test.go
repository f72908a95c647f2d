package streams_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/natstest"
	"github.com/rodopath/rodopath/services/internal/streams"
)

func connect(t *testing.T) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	return natstest.Connect(t, natstest.Server(t))
}

// TestEnsure_LeavesAStreamAloneThatIsAsItShouldBe: every process ensures the streams when it starts, while others
// create consumers; an update that changes nothing is not sent. A stream that differs is updated.
func TestEnsure_LeavesAStreamAloneThatIsAsItShouldBe(t *testing.T) {
	nc, js := connect(t)
	updates, err := nc.SubscribeSync("$JS.API.STREAM.UPDATE.>")
	if err != nil {
		t.Fatal(err)
	}
	ensure := func(o streams.Options) int {
		t.Helper()
		if err := streams.Ensure(t.Context(), js, o); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			if _, err := updates.NextMsg(50 * time.Millisecond); err != nil {
				return n
			}
			n++
		}
	}
	ensure(streams.Options{})
	if n := ensure(streams.Options{}); n != 0 {
		t.Errorf("streams that are as they should be: got %d updates, want none", n)
	}
	const kept = 48 * time.Hour
	if n := ensure(streams.Options{KeepDecisions: kept}); n != 1 {
		t.Errorf("one stream differs: got %d updates, want 1", n)
	}
	s, err := js.Stream(t.Context(), stream.Decisions)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CachedInfo().Config.MaxAge; got != kept {
		t.Errorf("decisions are kept %v, want %v", got, kept)
	}
	altered := s.CachedInfo().Config
	altered.MaxMsgs = 7
	if _, err := js.UpdateStream(t.Context(), altered); err != nil {
		t.Fatal(err)
	}
	if n := ensure(streams.Options{KeepDecisions: kept}); n != 2 { // that of the test is the first
		t.Errorf("a stream that somebody bounded: got %d updates, want 2", n)
	}
}
