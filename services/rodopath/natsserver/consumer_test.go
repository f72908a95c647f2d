package natsserver_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// TestStart_AConsumerWithoutItsMetadataIsMadeAgain: kill -9 may leave the directory of a consumer without its
// metadata, and then the server neither recovers the consumer nor makes one of its name.
func TestStart_AConsumerWithoutItsMetadataIsMadeAgain(t *testing.T) {
	for _, key := range []string{"", "key"} {
		for _, lost := range [][]string{{"meta.inf"}, {"meta.sum"}, {"meta.inf", "meta.sum"}} {
			dir := t.TempDir()
			s := start(t, dir, key)
			js := open(t, s)
			for i := range 10 {
				if _, err := js.Publish(t.Context(), stream.DecisionFor("delete", "a"), []byte{byte(i)}); err != nil {
					t.Fatal(err)
				}
			}
			next(t, js, 5)
			s.Close()
			for _, name := range lost {
				err := os.Remove(filepath.Join(dir, "jetstream", "$G", "streams", stream.Decisions, "obs", "reader", name))
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			s = start(t, dir, key)
			if got := next(t, open(t, s), 10); got[0] != 1 || got[9] != 10 {
				t.Errorf("with key %q, without %v: the consumer reads %v, want 1 to 10", key, lost, got)
			}
			s.Close()
		}
	}
}

// next reads and acknowledges messages by a durable consumer, and returns their sequences.
func next(t *testing.T, js jetstream.JetStream, n int) (sequences []uint64) {
	t.Helper()
	c, err := js.CreateOrUpdateConsumer(t.Context(), stream.Decisions, jetstream.ConsumerConfig{
		Durable: "reader", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		msg, err := c.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := msg.Metadata()
		if err == nil {
			err = msg.DoubleAck(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		sequences = append(sequences, meta.Sequence.Stream)
	}
	return sequences
}
