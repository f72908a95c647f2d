package consoletest_test

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle"
	lifecycleapp "github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// crowd is a store with many persons, written without webhooks.
type crowd struct {
	b     testing.TB
	vault *identity.Vault
	at    time.Time
	kinds []lifecycle.Subject
}

// newCrowd evaluates one person of each kind; the others are copies under other names.
func newCrowd(b testing.TB, p *rules.Policy, v *identity.Vault) *crowd {
	c := &crowd{b: b, vault: v, at: time.Now().UTC().Truncate(time.Second)}
	ago := func(days int) time.Time { return c.at.AddDate(0, 0, -days) }
	confirmed := ago(300).Add(time.Minute)
	signup := fact.Fact{
		ID:          "signup",
		Kind:        fact.KindSignup,
		Source:      "forms",
		Occurred:    ago(300),
		Wording:     "newsletter-offers",
		Form:        "footer",
		DoubleOptIn: &confirmed,
	}
	for i, facts := range [][]fact.Fact{
		{signup},
		{signup, {ID: "sale", Kind: fact.KindSale, Source: "forms", Ref: "forms:order", Access: fact.AccessCourse, Occurred: ago(200)}},
		{{ID: "sale", Kind: fact.KindSale, Source: "forms", Ref: "forms:order", Access: fact.AccessOneOff, Occurred: ago(700)}},
		{{ID: "sale", Kind: fact.KindSale, Source: "forms", Ref: "forms:order", Access: fact.AccessOneOff, Occurred: ago(400)}},
		{signup, {ID: "no", Kind: fact.KindUnsubscribe, Source: "forms", Occurred: ago(20)}},
		{{ID: "talk", Kind: fact.KindNegotiationOpened, Source: "forms", Ref: "forms:talk", Occurred: ago(30)}},
		{signup, {ID: "ask", Kind: fact.KindAccessRequest, Source: "forms", Ref: "req", Occurred: ago(3)}},
	} {
		for j := range facts {
			facts[j].Received = facts[j].Occurred
		}
		s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: fmt.Sprintf("kind%d", i)}, facts, c.at)
		s.Outbox, s.Notes, s.Version = nil, nil, 0
		c.kinds = append(c.kinds, s)
	}
	return c
}

// person is the nth person.
func (c *crowd) person(n int) store.Change {
	kind := n % 6
	if n%3000 == 0 {
		kind = 6 // an open request
	}
	s := c.kinds[kind]
	s.ID = fmt.Sprintf("bench%012d", n)
	name := identity.Identity{Kind: identity.KindEmail, Value: fmt.Sprintf("person%d@example.com", n)}
	var err error
	if s.Sealed, err = c.vault.Seal(s.ID, []identity.Identity{name}); err != nil {
		c.b.Fatal(err)
	}
	s.Keys = c.vault.Keys(name)
	s.Facts = slices.Clone(s.Facts)
	for i := range s.Facts {
		s.Facts[i].Address = s.Keys[0]
		if s.Facts[i].Ref != "" {
			s.Facts[i].Ref += strconv.Itoa(n)
		}
	}
	return store.Change{Subject: s, Claim: s.Keys}
}

// fill stores n persons in an installation that does not run.
func fill(b testing.TB, s *shop, n int) {
	b.Helper()
	conf, err := config.Load(filepath.Join(s.dir, "rodopath.yaml"), nil)
	if err != nil {
		b.Fatal(err)
	}
	v, err := lifecycleapp.OpenVault(conf, s.dir)
	if err != nil {
		b.Fatal(err)
	}
	p, err := policy.Load(policy.DefaultName, conf.Controller)
	if err != nil {
		b.Fatal(err)
	}
	st, err := sqlitestore.Open(b.Context(), filepath.Join(s.dir, identity.DatabaseFile))
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	c := newCrowd(b, p, v)
	const batch = 5000
	for from := 0; from < n; from += batch {
		changes := make([]store.Change, 0, batch)
		for i := from; i < min(from+batch, n); i++ {
			changes = append(changes, c.person(i))
		}
		errs, err := st.Save(b.Context(), changes)
		if err := errors.Join(append(errs, err)...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConsole measures the pages with RODOPATH_BENCH_SUBJECTS persons (20,000): the answer of the server, and the
// first paint in the browser.
func BenchmarkConsole(b *testing.B) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("RODOPATH_BENCH_SUBJECTS"), "20000"))
	if err != nil {
		b.Fatal(err)
	}
	s := newShop(b, "")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	fill(b, s, n)
	s.start()
	v := s.visitor()
	v.signIn(s)
	person := "/console/people/" + s.subject("person100@example.com")
	for _, p := range []struct{ name, path string }{
		{"today", "/console/"}, {"person", person}, {"path", "/console/path"}, {"audience", "/console/audience"},
		{"list", "/console/people?stage=customer"}, {"two labels", "/console/people?stage=customer&mark=request"},
		{"deletions", "/console/deletions"}, {"setup", "/console/setup"},
	} {
		b.Run(p.name, func(b *testing.B) {
			for b.Loop() {
				if status, body := v.get(p.path); status != 200 && status != 429 {
					b.Fatalf("%s: %d %s", p.path, status, body)
				}
				b.StopTimer()
				time.Sleep(60 * time.Millisecond) // a session has a rate
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/page")
		})
	}
	b.Run("simulation", func(b *testing.B) { s.benchSimulation(b, n) })
	b.Run("first paint", func(b *testing.B) {
		t := s.signedIn()
		bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><title>One</title><p>One sentence without a style.")
		}))
		defer bare.Close()
		for _, p := range []struct{ name, base, path string }{
			{"today", t.base, "/console/"}, {"person", t.base, person}, {"bare", bare.URL, "/"},
			{"frame", t.base, "/console/people/unknown"}, // a page with a sentence
		} {
			var all []float64
			t.base = p.base
			for range 15 {
				t.open(p.path)
				t.waits("the first paint", `performance.getEntriesByName("first-contentful-paint").length > 0`)
				all = append(all, eval[float64](t, `performance.getEntriesByName("first-contentful-paint")[0].startTime`))
				time.Sleep(100 * time.Millisecond)
			}
			slices.Sort(all)
			b.ReportMetric(all[len(all)/2], p.name+"-p50-ms")
			b.ReportMetric(all[len(all)-1], p.name+"-max-ms")
		}
	})
	var counts struct{ Persons int }
	s.ask("GET", "/v1/counts", nil, &counts)
	if counts.Persons != n {
		b.Errorf("got %d persons, want %d", counts.Persons, n)
	}
}

// benchSimulation compares two policies on all persons, and reports persons a second, the lines of progress, and the
// most that the heap grew.
func (s *shop) benchSimulation(b *testing.B, persons int) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before, most, lines, began := heap(), uint64(0), 0, time.Now()
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.Control.API+"/v1/policy/simulation",
			strings.NewReader(`{"changes":["claims=strict"]}`))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.Control.Token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		for scan := bufio.NewScanner(res.Body); scan.Scan(); lines++ {
			if lines%50 == 0 {
				most = max(most, heap())
			}
		}
		res.Body.Close()
		b.ReportMetric(float64(persons)/time.Since(began).Seconds(), "persons/s")
		b.ReportMetric(float64(lines), "lines")
		b.ReportMetric(float64(most-min(most, before))/(1<<20), "MiB-more")
	}
}
