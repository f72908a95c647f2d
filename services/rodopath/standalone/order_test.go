package standalone_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// simulated is the last line of a simulation.
type simulated struct {
	Total  int `json:"total"`
	Result *struct {
		Revision string `json:"revision"`
		Current  string `json:"current"`
		FirstDay string `json:"first_day"`
		Persons  int    `json:"persons"`
		AtOnce   struct {
			Persons int            `json:"persons"`
			Items   map[string]int `json:"items"`
		} `json:"at_once"`
	} `json:"result"`
}

func (m *machine) simulate(changes ...string) simulated {
	m.t.Helper()
	lines := strings.Split(strings.TrimSpace(m.ask("/v1/policy/simulation", map[string]any{"changes": changes}, "")), "\n")
	var out simulated
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &out); err != nil {
		m.t.Fatal(err)
	}
	if out.Result == nil {
		m.t.Fatalf("the simulation has no result: %s", lines)
	}
	return out
}

// revision is the revision in force; empty while lifecycle is replaced.
func (m *machine) revision() string {
	m.t.Helper()
	res, err := http.DefaultClient.Do(m.request(http.MethodGet, m.Control.API+"/v1/policy", "", true))
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	var p struct{ Revision string }
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
		m.t.Fatal(err)
	}
	return p.Revision
}

// talks tells of talks with persons, that many months ago.
func (m *machine) talks(persons, months int) {
	m.t.Helper()
	for i := range persons {
		m.taken("forms", talk(i, months))
	}
	m.settle()
}

func talk(person, months int) string {
	return fmt.Sprintf(
		`{"kind":"negotiation_opened","at":%q,"ref":"talk-%d-%d","person":{"email":"talk-%d-%d@example.com"}}`,
		time.Now().AddDate(0, -months, 0).UTC().Format(time.RFC3339), months, person, months, person)
}

const shorterTalks = "pre_contract.until=3 months after negotiation_opened"

// TestNode_AnOrderedPolicyIsInForceWithoutARestart simulates a change and orders it while webhooks arrive.
func TestNode_AnOrderedPolicyIsInForceWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	m := start(t, dir, nil)
	m.talks(20, 4)
	m.talks(10, 1)
	before := m.revision()
	got := m.simulate(shorterTalks)
	if r := got.Result; got.Total != 30 || r.Persons != 30 || r.Current != before || r.AtOnce.Persons != 20 ||
		r.AtOnce.Items["negotiation"] != 20 || r.FirstDay == "" {
		t.Fatalf("got %+v, want 20 of 30 persons at once", got.Result)
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		for i := range 30 {
			if status, answer := m.post("forms", talk(i, 0)); status != http.StatusOK {
				t.Errorf("while the policy is replaced: got %d %s, want 200", status, answer)
			}
		}
	})
	m.ask("/v1/policy/order", map[string]any{
		"changes": []string{shorterTalks}, "revision": got.Result.Revision, "reason": "three months are enough",
	}, "")
	m.eventually("the ordered policy is in force", func() bool { return m.revision() == got.Result.Revision })
	sending.Wait()
	m.settle()
	if n := m.simulate().Result.Persons; n != 60 {
		t.Errorf("got %d persons after the order, want 60", n)
	}
	if again := m.simulate(shorterTalks).Result; again.AtOnce.Persons != 0 || again.Revision != got.Result.Revision {
		t.Errorf("the same change again: got %+v, want no difference", again)
	}
	m.stop()
	m = start(t, dir, nil)
	if is := m.revision(); is != got.Result.Revision {
		t.Errorf("after a restart: got %s, want %s", is, got.Result.Revision)
	}
	m.stop()
	t.Run("a later change of the file goes first", func(t *testing.T) {
		write(t, filepath.Join(dir, "mine.yaml"), "policy: mine\nextends: pl\n")
		config := read(t, filepath.Join(dir, "rodopath.yaml"))
		write(t, filepath.Join(dir, "rodopath.yaml"), strings.Replace(config, "policy: default", "policy: mine.yaml", 1))
		m := start(t, dir, nil)
		defer m.stop()
		var p struct{ Policy string }
		if err := json.Unmarshal([]byte(m.ask("/v1/policy", nil, "")), &p); err != nil || p.Policy != "mine" {
			t.Errorf("got %+v (%v), want the policy of the file", p, err)
		}
	})
}

func TestNode_AnOrderNeedsTheRevisionThatWasSimulated(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	status, answer := m.submitJSON("/v1/policy/order",
		`{"changes":["claims=strict"],"revision":"0000","reason":"a trial"}`)
	if status != http.StatusConflict || !strings.Contains(answer, "Simulate the changes again") {
		t.Errorf("got %d %s, want 409 with the remedy", status, answer)
	}
	status, answer = m.submitJSON("/v1/policy/simulation", `{"changes":["claims=generous"]}`)
	if status != http.StatusUnprocessableEntity || !strings.Contains(answer, "balanced") {
		t.Errorf("got %d %s, want 422 that names the options", status, answer)
	}
}

// submitJSON sends JSON with the token of the owner.
func (m *machine) submitJSON(path, body string) (int, string) {
	m.t.Helper()
	req := m.request(http.MethodPost, m.Control.API+path, body, true)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}
