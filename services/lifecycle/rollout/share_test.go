package rollout_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/internal/natstest"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// ledger is a store that counts the subjects that a replica reads, and may hold it up.
type ledger struct {
	rollout.Store
	read   atomic.Int64
	before func()
}

func (l *ledger) Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error) {
	if l.before != nil {
		l.before()
	}
	subjects, err := l.Store.Walk(ctx, after, limit)
	l.read.Add(int64(len(subjects)))
	return subjects, err
}

// starter is a replica that starts with another policy.
type starter struct {
	*ledger
	nats *nats.Conn
	opts rollout.Options
}

func newStarter(t *testing.T, ns *server.Server, st rollout.Store, term time.Duration) *starter {
	t.Helper()
	nc, js := natstest.Connect(t, ns)
	l := &ledger{Store: st}
	return &starter{ledger: l, nats: nc, opts: rollout.Options{
		Store: l, Parse: policy.Parse, File: "mine.yaml", Text: []byte(shorter), Controller: "Sklep Ani", LimitPercent: 1,
		Now: now, Log: slog.New(slog.DiscardHandler), Leases: &lease.Options{JetStream: js, Term: term},
	}}
}

// eachStore runs a test on both stores, with 1,200 persons under the shipped policy.
func eachStore(t *testing.T, test func(t *testing.T, st rollout.Store)) {
	fill := func(t *testing.T, st interface {
		rollout.Store
		store.Saver
	},
	) {
		t.Helper()
		out, err := rollout.Run(t.Context(), rollout.Options{
			Store: st, Parse: policy.Parse, File: "mine.yaml", Text: []byte(shipped), Controller: "Sklep Ani",
			LimitPercent: 1, Now: now.AddDate(-1, 0, 0), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		crowd(t, st, out.Policy, 1200)
	}
	t.Run("sqlite", func(t *testing.T) {
		st := lifecycletest.Store(t)
		fill(t, st)
		test(t, st)
	})
	t.Run("mongodb", func(t *testing.T) {
		st := lifecycletest.StandIn(t)
		fill(t, st)
		test(t, st)
	})
}

// wants checks that a replica knows what the policy would delete.
func wants(t *testing.T, name string, out *rollout.Outcome, err error) {
	t.Helper()
	if err != nil || out.Waiting == nil {
		t.Fatalf("replica %s: got %+v, %v, want a policy that waits", name, out, err)
	}
	if w := out.Waiting; w.Subjects != 1200 || w.Affected != 120 || w.Items["negotiation"] != 120 {
		t.Errorf("replica %s: got %+v, want 120 of 1200 affected", name, w)
	}
}

// TestRun_ReplicasShareTheComparison: two replicas start at once with another policy. Both know the whole effect, and
// each has read a part of the persons.
func TestRun_ReplicasShareTheComparison(t *testing.T) {
	eachStore(t, func(t *testing.T, st rollout.Store) {
		ns, _ := lifecycletest.JetStream(t)
		a, b := newStarter(t, ns, st, 2*time.Second), newStarter(t, ns, st, 2*time.Second)
		// Neither replica reads before both have leases.
		began := make(chan struct{}, 2)
		both := make(chan struct{})
		for _, s := range []*starter{a, b} {
			s.before = sync.OnceFunc(func() { began <- struct{}{}; <-both })
		}
		var done sync.WaitGroup
		for name, s := range map[string]*starter{"a": a, "b": b} {
			done.Go(func() {
				out, err := rollout.Run(t.Context(), s.opts)
				if err != nil {
					t.Error(err)
					return
				}
				wants(t, name, out, err)
			})
		}
		<-began
		<-began
		close(both)
		done.Wait()
		if a.read.Load() == 0 || b.read.Load() == 0 {
			t.Errorf("the replicas read %d and %d subjects, want both at work", a.read.Load(), b.read.Load())
		}
	})
}

// TestRun_TheRangesOfADeadReplicaAreTakenOver: a replica dies while it compares. The other one takes its ranges, and
// counts nobody twice.
func TestRun_TheRangesOfADeadReplicaAreTakenOver(t *testing.T) {
	eachStore(t, func(t *testing.T, st rollout.Store) {
		ns, _ := lifecycletest.JetStream(t)
		a, b := newStarter(t, ns, st, time.Second), newStarter(t, ns, st, time.Second)
		reading, dead := make(chan struct{}), make(chan struct{})
		var once sync.Once
		b.before = func() { once.Do(func() { close(reading) }); <-dead }
		ctx, kill := context.WithCancel(t.Context())
		var gone sync.WaitGroup
		gone.Go(func() {
			if out, err := rollout.Run(ctx, b.opts); !errors.Is(err, context.Canceled) {
				t.Errorf("the dead replica got %+v, %v", out, err)
			}
		})
		<-reading
		kill()
		b.nats.Close()
		out, err := rollout.Run(t.Context(), a.opts)
		wants(t, "a", out, err)
		close(dead)
		gone.Wait()
	})
}

// TestRun_AComparisonGoesOnAfterARestart: the ranges that were compared are not compared again.
func TestRun_AComparisonGoesOnAfterARestart(t *testing.T) {
	eachStore(t, func(t *testing.T, st rollout.Store) {
		ns, _ := lifecycletest.JetStream(t)
		first := newStarter(t, ns, st, 2*time.Second)
		out, err := rollout.Run(t.Context(), first.opts)
		wants(t, "first", out, err)
		again := newStarter(t, ns, st, 2*time.Second)
		out, err = rollout.Run(t.Context(), again.opts)
		wants(t, "again", out, err)
		if n := again.read.Load(); n != 0 {
			t.Errorf("after a restart %d subjects were read again, want none", n)
		}
		later := newStarter(t, ns, st, 2*time.Second)
		later.opts.Now = now.Add(2 * time.Hour)
		out, err = rollout.Run(t.Context(), later.opts)
		wants(t, "later", out, err)
		if later.read.Load() == 0 {
			t.Error("after two hours the former comparison still counts")
		}
	})
}
