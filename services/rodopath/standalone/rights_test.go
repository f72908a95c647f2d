package standalone_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// clock is a time that a test moves.
type clock struct{ ms atomic.Int64 }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.ms.Store(at.UnixMilli())
	return c
}

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

func (c *clock) pass(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// ask puts a question to the running machine as the commands do.
func (m *machine) ask(path string, question map[string]any, accept string) string {
	m.t.Helper()
	c, err := client.Open(context.Background(), m.dir, "", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	var data []byte
	if question == nil {
		data, err = c.Get(context.Background(), path, accept)
	} else {
		data, err = c.Ask(context.Background(), path, question, accept)
	}
	if err != nil {
		m.t.Fatalf("%s: %v", path, err)
	}
	m.settle()
	return string(data)
}

// TestNode_AnErasureGoesFromRequestToAnswer lives through a request: what goes at
// once, what stays and why, the letter, and what is left in the end.
func TestNode_AnErasureGoesFromRequestToAnswer(t *testing.T) {
	c := newClock(time.Now().Add(-48 * time.Hour))
	m := start(t, t.TempDir(), func(o *standalone.Options) { o.Now = c.now })
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ala@example.com", c.now().Add(-time.Hour)))
	m.settle()
	taken := m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "erasure", "ref": "req-ala"}, "")
	if !strings.Contains(taken, `"ref":"req-ala"`) || !strings.Contains(taken, `"last_day":"`) {
		t.Fatalf("recorded as %s", taken)
	}
	if events := m.events(); !slices.ContainsFunc(
		events,
		func(e string) bool { return strings.Contains(e, "ala@example.com") },
	) {
		t.Errorf("nobody is told: %v", events)
	}
	if list := m.ask(
		"/v1/requests",
		nil,
		"",
	); !strings.Contains(list, "req-ala") ||
		!strings.Contains(list, "ala@example.com") {
		t.Errorf("the list of requests has %s", list)
	}
	letter := m.ask(
		"/v1/export",
		map[string]any{"person": "ala@example.com", "form": "answer", "lang": "en"},
		"text/plain",
	)
	if !strings.Contains(letter, "17(3)") {
		t.Errorf("the letter does not say why anything stays:\n%s", letter)
	}
	c.pass(time.Hour)
	m.ask(
		"/v1/requests/req-ala/decide",
		map[string]any{"outcome": "partly", "reason": "the evidence of consent stays"},
		"",
	)
	m.ask("/v1/requests/req-ala/answer", map[string]any{}, "")
	if list := m.ask("/v1/requests", nil, ""); strings.Contains(list, "req-ala") {
		t.Errorf("the answered request is still listed: %s", list)
	}
	var explained struct {
		Person []string `json:"person"`
		Holds  []struct {
			Category string `json:"category"`
		} `json:"holds"`
	}
	if err := json.Unmarshal(
		[]byte(m.ask("/v1/explain", map[string]any{"person": "ala@example.com"}, "")),
		&explained,
	); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, h := range explained.Holds {
		left = append(left, h.Category)
	}
	if want := []string{
		"consent_evidence",
		"dsr_log",
		"suppression",
	}; !slices.Equal(left, want) ||
		len(explained.Person) != 0 {
		t.Errorf("left are %v of %v, want %v and no name", left, explained.Person, want)
	}
	if report := m.ask(
		"/v1/journal/verify",
		nil,
		"",
	); !strings.Contains(report, `"faults":[]`) ||
		strings.Contains(report, `"entries":0`) {
		t.Errorf("the journal: %s", report)
	}
}

// TestNode_ARefusalWithoutAReasonIsNotRecorded: the interface refuses the decision by the name of the field, as the
// commands and the console then say (Art. 12(4)).
func TestNode_ARefusalWithoutAReasonIsNotRecorded(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "access", "ref": "req-1"}, "")
	c, err := client.Open(t.Context(), m.dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range []string{"refused", "partly"} {
		for _, reason := range []string{"", "  "} {
			_, err := c.Ask(t.Context(), "/v1/requests/req-1/decide", map[string]any{"outcome": outcome, "reason": reason}, "")
			if err == nil || !strings.Contains(err.Error(), "reason is missing") || !strings.Contains(err.Error(), "12(4)") {
				t.Errorf("%s with the reason %q: got %v, want an error that names the reason and Art. 12(4)", outcome, reason, err)
			}
		}
	}
	if list := m.ask("/v1/requests", nil, ""); !strings.Contains(list, `"state":"verified"`) {
		t.Errorf("the request is %s, want verified and not decided", list)
	}
	m.ask("/v1/requests/req-1/decide", map[string]any{"outcome": "refused", "reason": "the request is excessive"}, "")
}

// TestNode_ALateRequestIsListedAndAlarmed lets a month pass without an answer.
func TestNode_ALateRequestIsListedAndAlarmed(t *testing.T) {
	c := newClock(time.Now().AddDate(0, -3, 0))
	dir := t.TempDir()
	m := start(t, dir, func(o *standalone.Options) { o.Now = c.now })
	m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "access", "ref": "req-1"}, "")
	if late := m.ask("/v1/requests?state=overdue", nil, ""); strings.Contains(late, "req-1") {
		t.Errorf("late already: %s", late)
	}
	m.stop()
	c.pass(40 * 24 * time.Hour)
	m = start(t, dir, func(o *standalone.Options) { o.Now = c.now })
	defer m.stop()
	m.eventually("the alarm is in the journal", func() bool {
		return strings.Contains(
			m.ask("/v1/journal", map[string]any{"person": "ala@example.com"}, ""),
			"was to be answered by",
		)
	})
	if late := m.ask(
		"/v1/requests?state=overdue",
		nil,
		"",
	); !strings.Contains(late, "req-1") ||
		!strings.Contains(late, `"overdue":true`) {
		t.Errorf("overdue are %s", late)
	}
}

// eventually waits for what the loops do by themselves.
func (m *machine) eventually(what string, is func() bool) {
	m.t.Helper()
	for range 200 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Errorf("%s: it never came", what)
}

// TestNode_AHoldThatComesTooLateIsAnsweredSo has the person deleted first.
func TestNode_AHoldThatComesTooLateIsAnsweredSo(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	m.taken("card", checkout("1", "ola@example.com", time.Date(2012, 3, 1, 9, 0, 0, 0, time.UTC)))
	m.settle()
	answer := m.ask("/v1/holds", map[string]any{"person": "ola@example.com", "record": "stripe:cs_1"}, "")
	if !strings.Contains(answer, "already deleted") && !strings.Contains(answer, "nothing is held") {
		t.Errorf("got %s", answer)
	}
}

// TestNode_APolicyThatDeletesMuchWaits changes the policy between two starts.
func TestNode_APolicyThatDeletesMuchWaits(t *testing.T) {
	dir := t.TempDir()
	m := start(t, dir, nil)
	m.taken(
		"forms",
		fmt.Sprintf(
			`{"kind":"negotiation_opened","at":%q,"ref":"talk-1","person":{"email":"ala@example.com"}}`,
			time.Now().AddDate(0, -3, 0).UTC().Format(time.RFC3339),
		),
	)
	m.settle()
	m.stop()
	shorter := "policy: mine\nextends: pl\nrules: [{id: pre_contract, purpose: pre_contract, article: 6(1)(b), raised_by: [negotiation_opened], ended_by: [negotiation_closed, erasure], per: record, until: 1 month after negotiation_opened, keeps: [contact, phone, negotiation]}]\n"
	write(t, filepath.Join(dir, "mine.yaml"), shorter)
	config := read(t, filepath.Join(dir, "rodopath.yaml"))
	write(t, filepath.Join(dir, "rodopath.yaml"), strings.Replace(config, "policy: default", "policy: mine.yaml", 1))

	m = start(t, dir, nil)
	status := m.ask("/v1/policy", nil, "")
	if !strings.Contains(status, `"affected":1`) || !strings.Contains(status, `"policy":"pl"`) {
		t.Fatalf("the status is %s", status)
	}
	if n := len(m.events()); n != 0 {
		t.Errorf("%d decisions went out before anybody approved", n)
	}
	m.stop()
	var waiting struct{ Waiting struct{ Revision string } }
	if err := json.Unmarshal([]byte(status), &waiting); err != nil {
		t.Fatal(err)
	}
	m = start(t, dir, func(o *standalone.Options) { o.Approve = waiting.Waiting.Revision })
	defer m.stop()
	m.eventually("the approved policy deletes", func() bool { return len(m.events()) == 1 })
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
