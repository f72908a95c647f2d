package background_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// sharedStore is a store of either kind.
type sharedStore interface {
	background.RelayStore
	background.SweeperStore
	journal.Store
	apply.Store
}

// eachStore runs a test on both stores.
func eachStore(t *testing.T, test func(t *testing.T, st sharedStore)) {
	t.Run("sqlite", func(t *testing.T) { test(t, lifecycletest.Store(t)) })
	t.Run("mongodb", func(t *testing.T) { test(t, lifecycletest.StandIn(t)) })
}

// team is replicas that share the reviews of one store.
type team struct {
	*testing.T
	ns     *server.Server
	store  sharedStore
	policy *rules.Policy
	vault  *identity.Vault
	now    time.Time
}

func newTeam(t *testing.T, st sharedStore) *team {
	t.Helper()
	ns, _ := lifecycletest.JetStream(t)
	return &team{
		T: t, ns: ns, store: st, policy: lifecycletest.Policy(t), vault: lifecycletest.Vault(t),
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func (m *team) clock() time.Time { return m.now }

// talks stores n persons who asked for an offer now, evaluated under a revision of the policy.
func (m *team) talks(n int, revision string) {
	m.Helper()
	for page := range slices.Chunk(make([]store.Change, n), 500) {
		for i := range page {
			id := fmt.Sprintf("p%05d", n)
			n--
			f := fact.Fact{ID: "f", Kind: fact.KindNegotiationOpened, Occurred: m.now, Received: m.now, Ref: "talk"}
			page[i].Subject, _ = lifecycle.Decide(m.policy, lifecycle.Subject{ID: id}, []fact.Fact{f}, m.now)
			page[i].Subject.Revision = revision
		}
		errs, err := m.store.Save(m.Context(), page)
		if err := errors.Join(append(errs, err)...); err != nil {
			m.Fatal(err)
		}
	}
}

// replica is one of the team.
type replica struct {
	*background.Sweeper
	leases *lease.Group

	mu sync.Mutex
	// reviewed are the subjects that the replica wrote, attempts those that it evaluated.
	reviewed, attempts int
	// kill cuts the replica off from the server.
	kill func()
}

// join starts a replica; before is called with each page before its review.
func (m *team) join(term time.Duration, before func()) *replica {
	m.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(m.ns))
	if err != nil {
		m.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		m.Fatal(err)
	}
	r := &replica{kill: nc.Close, leases: lease.New(lease.Options{JetStream: js, Name: "reviews", Count: 16, Term: term})}
	inner := apply.New(apply.Options{Store: m.store, Policy: m.policy, Vault: m.vault, Now: m.clock})
	r.Sweeper = background.NewSweeper(background.SweeperOptions{
		Store: m.store, Share: r.leases, Revision: m.policy.Revision, Now: m.clock,
		Reviewer: reviewer(func(ctx context.Context, ids []string) (int, error) {
			if before != nil {
				before()
			}
			n, err := inner.Review(ctx, ids)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.reviewed, r.attempts = r.reviewed+n, r.attempts+len(ids)
			return n, err
		}),
	})
	ctx, stop := context.WithCancel(m.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.leases.Run(ctx) }()
	m.Cleanup(func() { stop(); <-done; nc.Close() })
	return r
}

type reviewer func(ctx context.Context, ids []string) (int, error)

func (f reviewer) Review(ctx context.Context, ids []string) (int, error) { return f(ctx, ids) }

func (m *team) await(what string, done func() bool) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), time.Minute)
	defer cancel()
	err := loop.Poll(ctx, what, 10*time.Millisecond, func(context.Context) (bool, error) { return done(), nil })
	if err != nil {
		m.Fatal(err)
	}
}

// decided checks that each of n persons has one decision, published once under one id.
func (m *team) decided(n int) {
	m.Helper()
	out := &wire{}
	relay := background.NewRelay(background.RelayOptions{
		Store: m.store, Publisher: out, Purger: out, Journal: lifecycletest.Journal(m.store, m.vault), Vault: m.vault,
		Policy: m.policy, Now: m.clock,
	})
	if _, err := relay.Drain(m.Context()); err != nil {
		m.Fatal(err)
	}
	persons, ids := map[string]int{}, map[string]bool{}
	for _, e := range out.events {
		persons[e.Subject]++
		if ids[e.ID] {
			m.Errorf("the decision %s was published twice", e.ID)
		}
		ids[e.ID] = true
	}
	if len(persons) != n || len(ids) != n {
		m.Errorf("got %d decisions about %d persons, want %d about as many", len(ids), len(persons), n)
	}
}

// lapse is when the data of the persons lapse.
var lapse = time.Date(2026, 9, 1, 22, 0, 0, 0, time.UTC)

// TestSweep_ReplicasShareWhatIsDue: two replicas review the persons that are due, each its own, and no write is lost to
// the other.
func TestSweep_ReplicasShareWhatIsDue(t *testing.T) {
	eachStore(t, func(t *testing.T, st sharedStore) {
		m := newTeam(t, st)
		const persons = 1600
		m.talks(persons, m.policy.Revision)
		m.now = lapse
		a, b := m.join(6*time.Second, nil), m.join(6*time.Second, nil)
		m.await("the replicas share the parts", func() bool { return len(a.leases.Held()) == 8 && len(b.leases.Held()) == 8 })
		var both sync.WaitGroup
		for _, r := range []*replica{a, b} {
			both.Go(func() {
				if _, err := r.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if a.reviewed+b.reviewed != persons || a.attempts != a.reviewed || b.attempts != b.reviewed {
			t.Errorf("reviewed %d of %d and %d of %d, want %d in all and no conflict",
				a.reviewed, a.attempts, b.reviewed, b.attempts, persons)
		}
		if a.reviewed < persons/4 || b.reviewed < persons/4 {
			t.Errorf("reviewed %d and %d, want about a half each", a.reviewed, b.reviewed)
		}
		m.decided(persons)
	})
}

// TestSweep_TheShareOfADeadReplicaIsTakenOver: a replica dies while it reviews a page. The other replica takes its
// share, and the dead one finishes its page all the same: nothing is lost, and nothing is decided twice. The persons
// are due at the lapse of their data, or under another policy.
func TestSweep_TheShareOfADeadReplicaIsTakenOver(t *testing.T) {
	for name, revision := range map[string]string{"lapse": "", "policy": "another"} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, st sharedStore) {
				m := newTeam(t, st)
				const persons = 700
				m.talks(persons, revision)
				m.now = lapse
				a := m.join(time.Second, nil)
				var once sync.Once
				reviewing, dead := make(chan struct{}), make(chan struct{})
				b := m.join(time.Second, func() { once.Do(func() { close(reviewing) }); <-dead })
				m.await("both replicas have parts", func() bool { return len(b.leases.Held()) > 0 })
				var late sync.WaitGroup
				late.Go(func() { _, _ = b.Sweep(t.Context()) }) // a conflict is no fault of a dead replica
				<-reviewing
				b.kill()
				m.await("the living replica reviews all", func() bool {
					if _, err := a.Sweep(t.Context()); err != nil {
						t.Error(err)
					}
					due, err := st.Due(t.Context(), m.now, m.policy.Revision, 1)
					return err == nil && len(due) == 0
				})
				close(dead)
				late.Wait()
				m.decided(persons)
			})
		})
	}
}
