package standalone_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

const oneCRM = `
recipients:
  - {id: crm, holds: ["*"], by: webhook, url: "URL", secrets: ["file:secrets/crm"], token: "file:secrets/crm-token", allow_private: true}
`

// again is a sign-up with evidence of its own, a minute ago.
func again() string {
	return `{"kind": "signup", "at": "` + time.Now().Add(-time.Minute).UTC().Format(time.RFC3339) +
		`", "person": {"email": "ala@example.com"}, "wording": "newsletter-offers", ` +
		`"evidence": {"ip": "192.0.2.1", "text": "I agree."}}`
}

// refuse sets how many deliveries the CRM refuses from now on.
func (c *crm) refuse(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails = n
}

// left is how many deliveries the CRM will still refuse.
func (c *crm) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fails
}

// none checks that a decision and its retraction do not arrive. Other decisions may.
func (c *crm) none(decision string, within time.Duration) {
	c.t.Helper()
	for deadline := time.After(within); ; {
		select {
		case e := <-c.events:
			if e.ID == decision || e.Data.Retract != nil {
				c.t.Errorf("the CRM received %s %s: %+v", e.Data.Kind, e.ID, e.Data)
			}
		case <-deadline:
			return
		}
	}
}

// waits returns once a condition holds, and fails after a while.
func waits(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come: %s", what)
		}
	}
}

// TestNode_ARecipientThatWasAwayDoesNotGetTheDeletionThatNewsMadeWrong: the CRM answers 500, a deletion waits, and
// the person signs up again. The CRM must not receive the deletion when it answers again, and receives the
// retraction, because a failed call may have reached it.
func TestNode_ARecipientThatWasAwayDoesNotGetTheDeletionThatNewsMadeWrong(t *testing.T) {
	sink, address := newCRM(t)
	sink.refuse(1_000_000)
	dir := withRecipients(t, strings.ReplaceAll(oneCRM, "URL", address))
	m := start(t, dir, nil)
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ala@example.com", time.Now().Add(-2*time.Hour)))
	m.settle()
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	waits(t, "an attempt", func() bool { return sink.left() < 1_000_000 })
	open := m.decisions("open")
	if len(open.Decisions) != 1 {
		t.Fatalf("waiting decisions: %+v", open)
	}
	deletion := open.Decisions[0].Decision
	m.taken("forms", again())
	m.settle()
	sink.refuse(0)
	e := sink.next()
	for e.Data.Retract == nil && e.ID != deletion {
		e = sink.next() // another decision, such as the end of the do-not-contact entry
	}
	if e.Data.Retract == nil || e.Data.Retract.Decision != deletion || e.Type != stream.TypeRetract ||
		!e.Data.Retract.Whole {
		t.Fatalf("the CRM received %s: %+v", e.Type, e.Data)
	}
	sink.none(deletion, 300*time.Millisecond)
	states := map[string]string{}
	for _, d := range m.decisions("all").Decisions {
		states[d.Decision] = d.State
	}
	if states[deletion] != "retracted" {
		t.Errorf("the states are %v", states)
	}
	done := stream.Receipt{Decision: deletion, Outcome: stream.OutcomeDone, At: time.Now()}
	if got := m.receipt("token-of-the-crm-0001", done); got != http.StatusAccepted {
		t.Errorf("the CRM admits that it had deleted: %d", got)
	}
	explained := m.ask("/v1/explain", map[string]any{"person": "ala@example.com"}, "")
	if !strings.Contains(explained, "crm has erased") ||
		!strings.Contains(explained, "ask the person for the data again") {
		t.Errorf("the loss is not explained:\n%s", explained)
	}
	c, err := client.Open(t.Context(), dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Get(t.Context(), "/v1/decisions/"+deletion+"/certificate", ""); err == nil ||
		!strings.Contains(err.Error(), "retracted") {
		t.Errorf("a retracted deletion is certified: %v", err)
	}
	m.ask("/v1/replay", map[string]any{"since": time.Now().Add(-time.Hour), "recipient": "crm"}, "")
	sink.none(deletion, 300*time.Millisecond)
}

// TestNode_ARecipientThatNeverAnsweredAnAttemptNeedNotKnow: nobody listens at the address of the CRM while the
// deletion waits, so the CRM receives neither the deletion nor its retraction.
func TestNode_ARecipientThatWasUnreachableGetsNeitherTheDeletionNorTheRetraction(t *testing.T) {
	sink, address := newCRM(t)
	away := strings.Replace(address, "127.0.0.1", "127.0.0.9", 1) // refuses connections
	dir := withRecipients(t, strings.ReplaceAll(oneCRM, "URL", away))
	m := start(t, dir, nil)
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ala@example.com", time.Now().Add(-2*time.Hour)))
	m.settle()
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	deletion := m.decisions("open").Decisions[0].Decision
	m.taken("forms", again())
	m.settle()
	waits(t, "the deletion is retracted, and its retraction settled", func() bool {
		states := map[string]string{}
		for _, d := range m.decisions("all").Decisions {
			states[d.Decision+d.Retracts] = d.State
			if d.Retracts == deletion {
				states["retraction"] = d.State
			}
		}
		return states[deletion] == "retracted" && states["retraction"] == "confirmed"
	})
	sink.none(deletion, 100*time.Millisecond)
}
