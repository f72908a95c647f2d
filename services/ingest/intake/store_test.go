package intake

import (
	"context"
	"errors"
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// holder is a broker that takes everything.
type holder struct{}

func (holder) PublishAll(_ context.Context, deliveries []*factv1.Delivery) []error {
	return make([]error, len(deliveries))
}

// A failed write is a full log: the sender sends again, the service is not ready, and the log opens its files again.
func TestPublish_AFailedWriteIsAFullLogUntilAWriteSucceeds(t *testing.T) {
	l, err := Open(Options{Dir: t.TempDir(), Broker: holder{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	publish := func(id string) error { return l.Publish(t.Context(), &factv1.Delivery{Id: id, Source: "shop"}) }
	if err := publish("shop:1"); err != nil {
		t.Fatal(err)
	}
	if err := l.store.close(); err != nil { // as when the disk fails under the log
		t.Fatal(err)
	}
	if err := publish("shop:2"); !errors.Is(err, ErrFull) || !errors.Is(err, ingest.ErrUnavailable) || !l.Full() {
		t.Errorf("after a failed write: got %v and full is %t, want %v and true", err, l.Full(), ErrFull)
	}
	if err := publish("shop:3"); err != nil || l.Full() {
		t.Errorf("after the files were opened again: got %v and full is %t, want success and false", err, l.Full())
	}
	if n, err := l.Forward(t.Context()); n != 2 || err != nil {
		t.Errorf("Forward = %d, %v, want the 2 deliveries that were accepted", n, err)
	}
}
