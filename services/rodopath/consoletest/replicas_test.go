package consoletest_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/console"
)

// replica is a copy of the console, as one of several in a cluster.
type replica struct {
	*visitor
	console *console.Console
}

// replicaOver starts a copy of the console that asks the interface at an address, by a clock of its own.
func (s *shop) replicaOver(api string, now func() time.Time) *replica {
	s.t.Helper()
	c, err := console.New(console.Options{API: api, Token: s.Control.Token, Now: now})
	if err != nil {
		s.t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	s.t.Cleanup(func() {
		server.Close()
		c.Close()
	})
	v := s.visitor()
	v.base = server.URL
	return &replica{v, c}
}

// signIn signs in at the replica.
func (r *replica) signIn() {
	r.t.Helper()
	_, token, _ := strings.Cut(r.console.SignInPath(), "token=")
	if status, body := r.post("/console/login", "token", token); status != http.StatusSeeOther {
		r.t.Fatalf("signing in: %d %s", status, body)
	}
}

// moveTo has the browser of a replica ask another one: cookies do not know ports.
func (r *replica) moveTo(other *replica) *visitor {
	v := *other.visitor
	v.client = r.client
	return &v
}

// simulates begins a simulation and returns the path of its page.
func (r *replica) simulates() string {
	r.t.Helper()
	seal := r.seal()
	res, body := r.do(http.MethodPost, "/console/rules/simulate", url.Values{"seal": {seal}, "choice:claims": {"strict"}})
	if res.StatusCode != http.StatusSeeOther {
		r.t.Fatalf("the simulation does not begin: %d %s", res.StatusCode, body)
	}
	return res.Header.Get("Location")
}

// blocked is the interface of the shop whose simulations wait until they are given up.
func (s *shop) blocked() (api string, begun *atomic.Bool) {
	s.t.Helper()
	to, err := url.Parse(s.Control.API)
	if err != nil {
		s.t.Fatal(err)
	}
	begun = &atomic.Bool{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/policy/simulation" {
			w.WriteHeader(http.StatusOK)
			_, _ = w.Write([]byte(`{"persons": 3, "total": 10}` + "\n"))
			w.(http.Flusher).Flush()
			begun.Store(true)
			<-r.Context().Done()
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(server.Close)
	return server.URL, begun
}

// TestReplicas_ShareASimulation: every replica shows its progress and its result, to the person who began it alone.
func TestReplicas_ShareASimulation(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	first, second := s.replicaOver(s.Control.API, time.Now), s.replicaOver(s.Control.API, time.Now)
	first.signIn()
	page := first.simulates()
	there := first.moveTo(second)
	s.until(func() bool {
		_, body := there.get(page)
		return strings.Contains(body, `id="approve"`)
	}, "the other replica shows the result")
	_, here := first.get(page)
	_, body := there.get(page)
	seal := regexp.MustCompile(`name="seal" value="[^"]+"`)
	if main := regexp.MustCompile(`(?s)<main.*</main>`); main.FindString(seal.ReplaceAllString(here, "")) !=
		main.FindString(seal.ReplaceAllString(body, "")) {
		t.Errorf("the replicas show different results:\n%s\n%s", here, body)
	}
	if strings.Contains(body, "@example.com") {
		t.Error("the result names a person")
	}
	if status, _ := there.get("/console/rules/simulations/unknown"); status != http.StatusNotFound {
		t.Errorf("a simulation that is unknown: got %d, want 404", status)
	}
	if status, _ := there.get(
		strings.Replace(page, "rules/simulations", "journal/reports", 1),
	); status != http.StatusNotFound {
		t.Errorf("a simulation as a report: got %d, want 404", status)
	}
}

// TestReplicas_SayThatASimulationWasInterrupted: one that stops says so at once, and one that was killed is missed
// after half a minute.
func TestReplicas_SayThatASimulationWasInterrupted(t *testing.T) {
	s := newShop(t, "")
	const says = "Praca została przerwana"
	api, begun := s.blocked()
	first := s.replicaOver(api, time.Now)
	var ahead atomic.Int64
	second := s.replicaOver(s.Control.API, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	first.signIn()
	page := first.simulates()
	there := first.moveTo(second)
	s.until(begun.Load, "the simulation begins")
	s.until(func() bool {
		_, body := there.get(page)
		return strings.Contains(body, "Sprawdzono 3 z 10")
	}, "the other replica shows the progress")
	if _, body := there.get(page); strings.Contains(body, says) {
		t.Error("a simulation that runs is said to be interrupted")
	}
	ahead.Store(int64(45 * time.Second))
	if _, body := there.get(page); !strings.Contains(body, says) {
		t.Errorf("a replica that is silent is not missed:\n%s", body)
	}
	ahead.Store(0)
	first.console.Close()
	if _, body := there.get(page); !strings.Contains(body, says) || strings.Contains(body, "Sprawdzono 3 z 10") {
		t.Errorf("a replica that stops does not say so:\n%s", body)
	}
}

// TestReplicas_BoundTheSimulationsTogether: the limit is of all replicas, and what is over makes room.
func TestReplicas_BoundTheSimulationsTogether(t *testing.T) {
	s := newShop(t, "")
	api, _ := s.blocked()
	first, second := s.replicaOver(api, time.Now), s.replicaOver(api, time.Now)
	first.signIn()
	second.signIn()
	first.simulates()
	second.simulates()
	first.simulates()
	begin := func(r *replica) int {
		res, _ := r.do(
			http.MethodPost,
			"/console/rules/simulate",
			url.Values{"seal": {r.seal()}, "choice:claims": {"strict"}},
		)
		return res.StatusCode
	}
	if status := begin(second); status != http.StatusTooManyRequests {
		t.Errorf("a fourth simulation: got %d, want 429", status)
	}
	first.console.Close()
	if status := begin(second); status != http.StatusSeeOther {
		t.Errorf("a simulation after others were interrupted: got %d, want 303", status)
	}
}
