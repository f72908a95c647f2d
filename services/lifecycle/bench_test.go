package lifecycle_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

const (
	// benchPage is the number of subjects or facts in one transaction.
	benchPage = 500
	// fewSubjects is the size of the small store of BenchmarkSweep, dueSubjects the number of
	// subjects due for review in both stores.
	fewSubjects, dueSubjects = 10_000, 1000
	applyPersons, applyFacts = 1000, 5000
)

// manySubjects returns the size of a large store: RODOPATH_BENCH_SUBJECTS, or 20,000.
func manySubjects(b *testing.B) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("RODOPATH_BENCH_SUBJECTS"), "20000"))
	ok(b, err)
	return n
}

func ok(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// reportRate reports a rate for n units of work in each iteration.
func reportRate(b *testing.B, n int, unit string) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), unit)
}

// setup is the common part of the benchmarks on a store.
type setup struct {
	*testing.B
	keys   *identity.Keys
	vault  *identity.Vault
	policy *rules.Policy
	// ids are the ids of the generated subjects, which are also local parts of addresses.
	ids []string
}

func newSetup(b *testing.B) *setup {
	keys, err := identity.NewKeys()
	ok(b, err)
	vault, err := identity.NewVault(keys)
	ok(b, err)
	return &setup{B: b, keys: keys, vault: vault, policy: lifecycletest.Policy(b)}
}

// on returns the setup of a sub-benchmark.
func (s setup) on(b *testing.B) *setup {
	s.B = b
	return &s
}

// applier returns an applier with a fixed time.
func (s *setup) applier(st apply.Store, at time.Time, wake func()) *apply.Applier {
	return apply.New(apply.Options{
		Store: st, Vault: s.vault, Policy: s.policy, Wake: wake, Now: func() time.Time { return at },
	})
}

// events receives the decisions of a relay.
type events interface {
	background.Publisher
	background.Purger
}

func (s *setup) relay(st *sqlitestore.Store, e events) *background.Relay {
	return background.NewRelay(background.RelayOptions{
		Store: st, Publisher: e, Purger: e, Journal: lifecycletest.Journal(st, s.vault), Vault: s.vault, Policy: s.policy,
		Log: slog.New(slog.DiscardHandler),
	})
}

func (s *setup) sweeper(st *sqlitestore.Store) *background.Sweeper {
	return background.NewSweeper(background.SweeperOptions{
		Store: st, Reviewer: s.applier(st, now, nil), Revision: s.policy.Revision, Now: func() time.Time { return now },
	})
}

// discarded are events that are not published.
type discarded struct{}

func (discarded) PublishEvents(context.Context, []*stream.Event) error { return nil }

func (discarded) PurgeEvents(context.Context, string, []string) error { return nil }

// past applies webhooks at an instant and discards the decisions.
func (s *setup) past(st *sqlitestore.Store, deliveries []*factv1.Delivery, at time.Time) {
	s.Helper()
	a := s.applier(st, at, nil)
	for page := range slices.Chunk(deliveries, benchPage) {
		ok(s.B, a.Apply(s.Context(), page))
	}
	_, err := s.relay(st, discarded{}).Drain(s.Context())
	ok(s.B, err)
}

// fill creates a store with n subjects of five facts, none of which is due for review.
func (s *setup) fill(path string, n int) {
	s.Helper()
	st, err := sqlitestore.Open(s.Context(), path)
	ok(s.B, err)
	const forms, facts = 500, 5
	history := make([][]fact.Fact, forms)
	c := newCrowd("form", forms, 4)
	for i, d := range c.deliveries(forms*facts, now.AddDate(-2, 0, 0), now.AddDate(0, 0, -1), false) {
		history[i%forms] = append(history[i%forms], plain(d))
	}
	subjects := make([]lifecycle.Subject, forms)
	for i := range subjects {
		subject, decisions := lifecycle.Decide(s.policy, lifecycle.Subject{ID: "form"}, history[i], now)
		ids := make([]string, len(decisions))
		for j := range decisions {
			ids[j] = decisions[j].ID
		}
		subjects[i] = lifecycle.MarkSent(subject, ids)
	}
	for from := 0; from < n; from += forms {
		changes := make([]store.Change, min(forms, n-from))
		for i := range changes {
			changes[i] = s.named(subjects[i])
		}
		errs, err := st.Save(s.Context(), changes)
		ok(s.B, errors.Join(append(errs, err)...))
	}
	ok(s.B, st.Close())
}

// named gives a subject an id, keys and sealed names of its own.
func (s *setup) named(subject lifecycle.Subject) store.Change {
	subject.ID = strings.ToLower(rand.Text())
	names := []identity.Identity{
		{Kind: identity.KindEmail, Value: subject.ID + "@example.com"}, {Kind: "stripe", Value: "cus_" + subject.ID},
	}
	subject.Keys = []string{
		s.vault.Key(names[0]), s.vault.Key(names[1]), s.vault.Key(identity.Identity{Kind: "mailerlite", Value: subject.ID}),
	}
	for i, f := range subject.Facts {
		if f.Kind == fact.KindSale {
			subject.Keys = append(subject.Keys, s.vault.LocatorKey(fmt.Sprintf("%s/%d", subject.ID, i)))
		}
	}
	var err error
	subject.Sealed, err = s.vault.Seal(subject.ID, names)
	ok(s.B, err)
	s.ids = append(s.ids, subject.ID)
	return store.Change{Subject: subject, Claim: subject.Keys}
}

// BenchmarkDecide evaluates one person. The cost of a fact must not grow with the number of facts.
func BenchmarkDecide(b *testing.B) {
	p := lifecycletest.Policy(b)
	for _, n := range []int{5, 50, 500} {
		b.Run(fmt.Sprintf("facts=%d", n), func(b *testing.B) {
			facts := make([]fact.Fact, n)
			for i, d := range newCrowd("h", 1, 7).deliveries(n, now.AddDate(-4, 0, 0), now.AddDate(0, 0, -1), false) {
				facts[i] = plain(d)
			}
			for b.Loop() {
				lifecycle.Decide(p, lifecycle.Subject{ID: "person"}, facts, now)
			}
			reportRate(b, 1, "evaluations/s")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/fact")
		})
	}
}

// BenchmarkApply applies the waiting facts of a stream and publishes the decisions. The baseline is
// a loop over SQLite with the same number of reads and writes. With replicas, several services
// without a relay share the stream and the database.
func BenchmarkApply(b *testing.B) {
	s, template := newSetup(b), b.TempDir()
	st, err := sqlitestore.Open(b.Context(), filepath.Join(template, "rodopath.db"))
	ok(b, err)
	c := newCrowd("a", applyPersons, 1)
	s.past(st, c.deliveries(5*applyPersons, now.AddDate(-2, 0, 0), now.AddDate(0, -1, 0), false), now.AddDate(0, -1, 1))
	ok(b, st.Close())
	waiting := c.deliveries(applyFacts, now.AddDate(0, 0, -20), now.Add(-time.Hour), true)
	for _, fsync := range []string{"always", "interval"} {
		b.Run("fsync="+fsync, func(b *testing.B) {
			s.on(b).drain(template, waiting, fsync == "always", 0)
			reportRate(b, applyFacts, "facts/s")
		})
	}
	b.Run("bare", func(b *testing.B) {
		bareLoop(b, template)
		reportRate(b, applyFacts, "facts/s")
	})
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("replicas=%d", n), func(b *testing.B) {
			writes, conflicts := s.on(b).drain(template, waiting, false, n)
			reportRate(b, applyFacts, "facts/s")
			b.ReportMetric(float64(conflicts)/float64(writes), "conflicts/write")
		})
	}
}

// drain measures the loops of the service on copies of the template until the stream and the
// outboxes are empty. Without replicas, one service runs together with the relay.
func (s *setup) drain(
	template string, waiting []*factv1.Delivery, always bool, replicas int,
) (writes, conflicts int64) {
	counter := &counted{}
	for s.Loop() {
		s.StopTimer()
		dir := s.TempDir()
		ok(s.B, os.CopyFS(dir, os.DirFS(template)))
		js := jetStream(s.B, always)
		for page := range slices.Chunk(waiting, benchPage) {
			for _, d := range page {
				data, err := proto.Marshal(d)
				ok(s.B, err)
				_, err = js.PublishAsync(stream.FactsOf(d.GetSource()), data, jetstream.WithMsgID(d.GetId()))
				ok(s.B, err)
			}
			<-js.PublishAsyncComplete()
		}
		ctx, stop := context.WithCancel(s.Context())
		var loops sync.WaitGroup
		var st *sqlitestore.Store
		run := func(wake func()) {
			feed := &natsio.Feed{
				JetStream: js, Stream: stream.Facts, Decode: natsio.DecodeFacts, Log: slog.New(slog.DiscardHandler),
				Apply: s.applier(counter.around(st), now, wake).Apply,
			}
			loops.Go(func() { feed.Run(ctx) })
		}
		s.StartTimer()
		for range max(1, replicas) {
			st = lifecycletest.StoreAt(s, filepath.Join(dir, "rodopath.db"))
			if replicas > 0 {
				run(nil)
				continue
			}
			relay := s.relay(st, &natsio.Events{JetStream: js})
			loops.Go(func() { relay.Run(ctx) })
			run(relay.Wake)
		}
		for !applied(s.B, js, st, replicas > 0) {
			time.Sleep(5 * time.Millisecond)
		}
		s.StopTimer()
		stop()
		loops.Wait()
		s.StartTimer()
	}
	return counter.writes.Load(), counter.conflicts.Load()
}

// applied reports whether no fact waits in the stream and, unless quiet, no decision in an outbox.
func applied(b *testing.B, js jetstream.JetStream, st *sqlitestore.Store, quiet bool) bool {
	facts, err := js.Stream(b.Context(), stream.Facts)
	ok(b, err)
	if facts.CachedInfo().State.Msgs > 0 || quiet {
		return facts.CachedInfo().State.Msgs == 0
	}
	pending, err := st.Pending(b.Context(), "", 1)
	ok(b, err)
	return len(pending) == 0
}

// jetStream starts a NATS server that syncs every message to the disk, or once a second.
func jetStream(b *testing.B, always bool) jetstream.JetStream {
	_, js := lifecycletest.JetStream(b, func(o *server.Options) { o.SyncAlways, o.SyncInterval = always, time.Second })
	return js
}

// counted counts writes and version conflicts of all stores of a benchmark.
type counted struct{ writes, conflicts atomic.Int64 }

type countedStore struct {
	apply.Store
	*counted
}

func (c *counted) around(st apply.Store) apply.Store { return countedStore{st, c} }

func (c countedStore) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	errs, err := c.Store.Save(ctx, changes)
	c.writes.Add(int64(len(changes)))
	for _, err := range errs {
		if errors.Is(err, store.ErrConflict) {
			c.conflicts.Add(1)
		}
	}
	return errs, err
}

// bareLoop reads a document and writes it back on its version, once for each fact, with the
// settings of the store and without an evaluation.
func bareLoop(b *testing.B, template string) {
	dir, ctx := b.TempDir(), b.Context()
	ok(b, os.CopyFS(dir, os.DirFS(template)))
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "rodopath.db")+"?_txlock=immediate&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_pragma=cache_size(-16000)&_pragma=secure_delete(ON)")
	ok(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	var list string
	ok(b, db.QueryRowContext(ctx, "SELECT group_concat(id) FROM subjects").Scan(&list))
	ids, chance := strings.Split(list, ","), mathrand.New(mathrand.NewPCG(2, 0))
	for b.Loop() {
		for range applyFacts / benchPage {
			touchRows(b, db, func() string { return ids[chance.IntN(len(ids))] })
		}
	}
}

// touchRows reads and writes random documents in one transaction.
func touchRows(b *testing.B, db *sql.DB, id func() string) {
	ctx := b.Context()
	tx, err := db.BeginTx(ctx, nil)
	ok(b, err)
	read, err := tx.PrepareContext(ctx, "SELECT version, doc FROM subjects WHERE id = ?")
	ok(b, err)
	defer read.Close()
	write, err := tx.PrepareContext(ctx, "UPDATE subjects SET version = version + 1, doc = ? WHERE id = ? AND version = ?")
	ok(b, err)
	defer write.Close()
	for range benchPage {
		var version int64
		var doc []byte
		id := id()
		ok(b, read.QueryRowContext(ctx, id).Scan(&version, &doc))
		_, err := write.ExecContext(ctx, doc, id, version)
		ok(b, err)
	}
	ok(b, tx.Commit())
}

// BenchmarkRollout evaluates all subjects after a change of the policy. The baseline reads and
// writes the same subjects without an evaluation.
func BenchmarkRollout(b *testing.B) {
	s, path, n := newSetup(b), filepath.Join(b.TempDir(), "rodopath.db"), manySubjects(b)
	s.fill(path, n)
	for name, review := range map[string]func(*setup, *sqlitestore.Store) (int, error){
		"sweep": func(s *setup, st *sqlitestore.Store) (int, error) { return s.sweeper(st).Sweep(s.Context()) },
		"bare":  (*setup).touchAll,
	} {
		b.Run(name, func(b *testing.B) {
			st := lifecycletest.StoreAt(b, path)
			for b.Loop() {
				next, changed := s.on(b), *s.policy
				changed.Revision = rand.Text()
				next.policy = &changed
				if got, err := review(next, st); got != n || err != nil {
					b.Fatalf("%d of %d subjects were evaluated: %v", got, n, err)
				}
			}
			reportRate(b, n, "subjects/s")
		})
	}
}

// touchAll reads every subject and writes it back under the revision of the policy.
func (s *setup) touchAll(st *sqlitestore.Store) (total int, err error) {
	for {
		ids, err := st.Due(s.Context(), now, s.policy.Revision, benchPage)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		subjects, err := st.Load(s.Context(), ids)
		if err != nil {
			return total, err
		}
		changes := make([]store.Change, 0, len(subjects))
		for _, subject := range subjects {
			subject.Revision = s.policy.Revision
			changes = append(changes, store.Change{Subject: subject})
		}
		errs, err := st.Save(s.Context(), changes)
		if err := errors.Join(append(errs, err)...); err != nil {
			return total, err
		}
		total += len(changes)
	}
}

// BenchmarkSweep reviews the due subjects of a small and of a large store, and reports the size of
// a stored subject.
func BenchmarkSweep(b *testing.B) {
	s := newSetup(b)
	for name, n := range map[string]int{"few": fewSubjects, "many": manySubjects(b)} {
		path := filepath.Join(b.TempDir(), "rodopath.db")
		s.fill(path, n-dueSubjects)
		info, err := os.Stat(path)
		ok(b, err)
		b.Run("stored="+name, func(b *testing.B) {
			s, st := s.on(b), lifecycletest.StoreAt(b, path)
			for b.Loop() {
				b.StopTimer()
				then := now.AddDate(0, 0, -19)
				s.past(st, newCrowd(rand.Text(), dueSubjects, 3).buyers(then.AddDate(0, 0, -1)), then)
				b.StartTimer()
				if got, err := s.sweeper(st).Sweep(b.Context()); got != dueSubjects || err != nil {
					b.Fatalf("%d of %d due subjects were reviewed: %v", got, dueSubjects, err)
				}
				b.StopTimer()
				_, err := s.relay(st, discarded{}).Drain(b.Context())
				ok(b, err)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/sweep")
			b.ReportMetric(float64(info.Size())/float64(n-dueSubjects), "B/subject")
		})
	}
}

// BenchmarkExplain starts the service on a large store and requests explanations of random persons.
func BenchmarkExplain(b *testing.B) {
	s, dir := newSetup(b), b.TempDir()
	s.fill(filepath.Join(dir, "rodopath.db"), manySubjects(b))
	keys, err := s.keys.JSON()
	ok(b, err)
	ok(b, os.WriteFile(filepath.Join(dir, "keys.json"), keys, 0o600))
	b.Run("http", func(b *testing.B) {
		js := jetStream(b, true)
		begin := time.Now()
		a, err := app.New(b.Context(), app.Options{
			Config: &config.Config{Controller: "Sklep Ani"}, NATS: js.Conn(), Data: dir, Alone: true,
			Tokens: []string{"token"}, Log: slog.New(slog.DiscardHandler),
		})
		ok(b, err)
		start := time.Since(begin)
		defer a.Close()
		a.Start(b.Context())
		var took []time.Duration
		for b.Loop() {
			body := fmt.Sprintf(`{"person":"%s@example.com"}`, s.ids[mathrand.IntN(len(s.ids))])
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/explain", strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer token")
			r.Header.Set("Content-Type", "application/json")
			w, begin := httptest.NewRecorder(), time.Now()
			a.Handler().ServeHTTP(w, r)
			took = append(took, time.Since(begin))
			if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte("holds")) {
				b.Fatalf("explain: %d %s", w.Code, w.Body)
			}
		}
		b.ReportMetric(float64(start.Milliseconds()), "start-ms")
		slices.Sort(took)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
		}
	})
}
