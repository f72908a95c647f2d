package connection_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/natstest"
)

// connect starts a server, and returns how a process connects to it.
func connect(t *testing.T) func() jetstream.JetStream {
	t.Helper()
	ns := natstest.Server(t)
	return func() jetstream.JetStream {
		_, js := natstest.Connect(t, ns)
		return js
	}
}

// TestBook_LosesNoChange: several processes add to one note at the same time, and other notes stay as they are.
func TestBook_LosesNoChange(t *testing.T) {
	process := connect(t)
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var all sync.WaitGroup
	for n := range 4 {
		book := connection.New(process(), 0)
		all.Go(func() {
			for range 10 {
				more := connection.Found{Facts: 1, At: at, First: at.Add(-time.Duration(n) * time.Hour), Last: at}
				if err := book.NoteFound(t.Context(), "shop", more); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	book := connection.New(process(), 0)
	got, err := book.Found(t.Context(), "shop")
	want := connection.Found{Facts: 40, At: at, First: at.Add(-3 * time.Hour), Last: at}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, the note (-want +got):\n%s", err, diff)
	}
	if other, err := book.Found(t.Context(), "card"); err != nil || other != (connection.Found{}) {
		t.Errorf("another source has %+v, %v", other, err)
	}
	look, err := book.ChangeLook(t.Context(), "shop", func(l *connection.Look) bool {
		l.Error = "refused"
		return false
	})
	if stored, _ := book.Look(t.Context(), "shop"); err != nil || look.Error != "refused" || stored.Error != "" {
		t.Errorf("a change that is called off is stored: %+v, %v", stored, err)
	}
}
