package apply_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// memoryWire is a broker that keeps the events.
type memoryWire struct{ events []*stream.Event }

func (w *memoryWire) PublishEvents(_ context.Context, events []*stream.Event) error {
	w.events = append(w.events, events...)
	return nil
}

func (w *memoryWire) PurgeEvents(context.Context, string, []string) error { return nil }

func (w *memoryWire) EventsOf(_ context.Context, subject string) ([]*stream.Event, error) {
	var out []*stream.Event
	for _, e := range w.events {
		if e.Subject == subject {
			out = append(out, e)
		}
	}
	return out, nil
}

// brokenLife is a life in a MongoDB that breaks off at one write.
type brokenLife struct {
	t     *testing.T
	bench *bench // makes facts
	srv   *mongowire.Server
	apply *apply.Applier
	relay *background.Relay
	wire  *memoryWire
	// at is the number of the write that breaks, writes the number of writes so far.
	at     int64
	writes atomic.Int64
	// left is the number of commands until another member of MongoDB is elected; 0 for no election.
	left atomic.Int64
}

func newBrokenLife(t *testing.T, at int64, fault mongowire.Fault) *brokenLife {
	t.Helper()
	srv, err := mongowire.Listen(mongowire.Options{NoSessions: true})
	if err != nil {
		t.Fatal(err)
	}
	st, err := mongostore.Open(t.Context(), mongostore.Options{URI: srv.URI()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Hook(nil)
		_ = st.Close()
		_ = srv.Close()
	})
	l := &brokenLife{t: t, bench: newBench(t), srv: srv, wire: &memoryWire{}, at: at}
	p := lifecycletest.Policy(t)
	l.relay = background.NewRelay(background.RelayOptions{
		Store: st, Publisher: l.wire, Reader: l.wire, Purger: l.wire, Vault: l.bench.vault, Policy: p,
		Journal: &journal.Writer{Store: st, Mark: l.bench.vault.Mark},
	})
	l.apply = apply.New(apply.Options{
		Store: st, Vault: l.bench.vault, Policy: p, Now: func() time.Time { return now }, Outbox: l.relay,
	})
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if isWrite(c) && l.writes.Add(1) == l.at {
			return fault
		}
		return mongowire.FaultNone
	})
	return l
}

func isWrite(c mongowire.Command) bool {
	return c.Name == "insert" || c.Name == "update" || c.Name == "delete"
}

// elect has another member of MongoDB elected: the primary is isolated before the write that breaks, and some commands
// later the other member takes its place, without what no majority had.
func (l *brokenLife) elect(after int64) {
	l.srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if l.left.Load() > 0 && l.left.Add(-1) == 0 {
			l.srv.Elect()
		}
		if isWrite(c) && l.writes.Add(1) == l.at {
			l.srv.Isolate()
			l.left.Store(after)
		}
		return mongowire.FaultNone
	})
}

// attempts bounds the attempts of a life: an election outlasts some of them.
const attempts = 10

// told applies facts as a feed does: after an error the delivery comes again, and the relay works in between.
func (l *brokenLife) told(facts ...*factv1.Fact) {
	l.t.Helper()
	d := &factv1.Delivery{Source: "shop", Received: timestamppb.New(now), Facts: facts}
	for range attempts {
		err := l.apply.Apply(l.t.Context(), []*factv1.Delivery{d})
		l.drain()
		if err == nil {
			return
		}
	}
	l.t.Fatalf("the facts were not applied in %d attempts", attempts)
}

func (l *brokenLife) drain() {
	var err error
	for range attempts {
		l.relay.Retry()
		if _, err = l.relay.Drain(l.t.Context()); err == nil && l.relay.Aside() == 0 {
			return
		}
	}
	l.t.Fatalf("after %d attempts: %d subjects are set aside, %v", attempts, l.relay.Aside(), err)
}

// live tells of a person who leaves, comes back and leaves again, and of one who is joined with another and leaves.
func (l *brokenLife) live() {
	at := func(kind factv1.Kind, ago time.Duration, ref string, names ...string) *factv1.Fact {
		f := l.bench.fact(kind, ref, names...)
		f.Occurred = timestamppb.New(now.Add(-ago))
		return f
	}
	l.told(at(signup, 9*time.Hour, "", "ala@example.com"))
	l.told(at(unsub, 8*time.Hour, "", "ala@example.com"))
	l.told(at(signup, 7*time.Hour, "", "ala@example.com"))
	l.told(at(unsub, 6*time.Hour, "", "ala@example.com"))
	l.told(at(signup, 5*time.Hour, "", "ola@example.com"))
	l.told(at(sale, 8*365*24*time.Hour, "order-1", "stripe:cus_1"))
	l.told(at(unsub, 4*time.Hour, "", "ola@example.com", "stripe:cus_1"))
}

// deletions returns the items of the published deletions, each with its instant and the ids of the decisions.
func (l *brokenLife) deletions() map[string][]string {
	out := map[string][]string{}
	for _, e := range l.wire.events {
		if e.Data.Delete == nil {
			continue
		}
		for _, i := range e.Data.Delete.Items {
			item := i.Category + " " + i.Ref + " " + e.Data.Effective.String()
			if !slices.Contains(out[item], e.ID) {
				out[item] = append(out[item], e.ID)
			}
		}
	}
	return out
}

// TestApply_AFaultAtEveryWriteOfMongoDB breaks the connection before and after each write of a life in turn, while the
// relay works. Every item is deleted by one decision, and no deletion is missing.
func TestApply_AFaultAtEveryWriteOfMongoDB(t *testing.T) {
	whole := newBrokenLife(t, 0, mongowire.FaultNone)
	whole.live()
	want, writes := whole.deletions(), whole.writes.Load()
	if len(want) < 6 || writes < 20 {
		t.Fatalf("a life has %d deletions and %d writes, want more", len(want), writes)
	}
	for at := int64(1); at <= writes; at++ {
		for name, fault := range map[string]mongowire.Fault{"before": mongowire.FaultCutBefore, "after": mongowire.FaultCutAfter} {
			t.Run(fmt.Sprintf("%s write %d", name, at), func(t *testing.T) {
				t.Parallel()
				l := newBrokenLife(t, at, fault)
				l.live()
				l.wants(want)
			})
		}
	}
}

// wants checks that each item is deleted by one decision.
func (l *brokenLife) wants(want map[string][]string) {
	l.t.Helper()
	got := l.deletions()
	for item, ids := range got {
		if len(ids) != 1 || want[item] == nil {
			l.t.Errorf("%s is deleted by %v, want one decision", item, ids)
		}
	}
	for item := range want {
		if got[item] == nil {
			l.t.Errorf("%s is not deleted", item)
		}
	}
}

// TestApply_AnElectionAtEveryWriteOfMongoDB has another member elected around each write of a life in turn, without
// what no majority had confirmed. Every item is deleted by one decision, and no deletion is missing.
func TestApply_AnElectionAtEveryWriteOfMongoDB(t *testing.T) {
	whole := newBrokenLife(t, 0, mongowire.FaultNone)
	whole.live()
	want, writes := whole.deletions(), whole.writes.Load()
	for at := int64(1); at <= writes; at++ {
		for _, after := range []int64{1, 2, 5} {
			t.Run(fmt.Sprintf("write %d, %d commands later", at, after), func(t *testing.T) {
				t.Parallel()
				l := newBrokenLife(t, at, mongowire.FaultNone)
				l.elect(after)
				l.live()
				l.wants(want)
			})
		}
	}
}
