package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// gate holds the openings of recipients; closed recipients are absent.
type gate map[string]rules.Opening

func (g gate) Opening(recipient, _ string, _ time.Time) rules.Opening {
	o, open := g[recipient]
	if !open {
		o.Closed = string(decision.HeldObserving)
	}
	return o
}

// lapsed is a person whose contract has ended, under a policy with the recipients shop and letters.
func lapsed(t *testing.T, g rules.Gate) (*rules.Policy, lifecycle.Subject, time.Time) {
	t.Helper()
	p := *lifecycletest.Policy(t)
	p.Gate = g
	p.Connected = []rules.ConnectedRecipient{
		{
			ID:        "shop",
			Deletions: true,
			Holds:     []string{"contact"},
		},
		{ID: "letters", Deletions: true, Holds: []string{"contact"}},
	}
	sold := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
	s, _ := lifecycle.Decide(&p, lifecycle.Subject{ID: "ala"}, []fact.Fact{
		{ID: "sale", Kind: fact.KindSale, Ref: "order-1", Occurred: sold, Received: sold},
	}, sold)
	end := sold.AddDate(0, 0, 20)
	s.Version = 1
	s, _ = lifecycle.Decide(&p, s, nil, end)
	return &p, s, end
}

// deletion is the unpublished deletion of the contact.
func deletion(t *testing.T, s lifecycle.Subject) *decision.Decision {
	t.Helper()
	n := slices.IndexFunc(s.Outbox, func(d decision.Decision) bool {
		return d.Delete != nil && slices.Contains(d.Items(), rules.Item{Category: "contact"})
	})
	if n < 0 {
		t.Fatalf("no deletion of the contact in %+v", s.Outbox)
	}
	return &s.Outbox[n]
}

func TestHoldBack_NobodyIsNotifiedBeforeTheOrder(t *testing.T) {
	p, s, end := lapsed(t, gate{})
	d := deletion(t, s)
	if d.Held == nil || d.Held.Reason != decision.HeldObserving || s.Pending() || !s.HoldsBack() || s.Removable() {
		t.Fatalf("got %+v pending %v", d.Held, s.Pending())
	}
	id := d.ID
	p.Gate = gate{"shop": {}, "letters": {}}
	s.Revision = ""
	s, _ = lifecycle.Decide(p, s, nil, end.Add(time.Hour))
	if d := deletion(
		t,
		s,
	); d.Held != nil || !s.Pending() || d.ID != id ||
		!slices.Equal(d.Recipients, []string{"shop", "letters"}) {
		t.Errorf("after the order: got %+v, recipients %v, id %s, want %s", d.Held, d.Recipients, d.ID, id)
	}
}

func TestHoldBack_ARecipientThatObservesStopsNoOther(t *testing.T) {
	_, s, _ := lapsed(t, gate{"letters": {}})
	if d := deletion(t, s); d.Held != nil || !slices.Equal(d.Recipients, []string{"letters"}) {
		t.Errorf("got %+v for %v, want nothing held for letters alone", d.Held, d.Recipients)
	}
}

func TestHoldBack_ADeletionWaitsForTheLongestDelay(t *testing.T) {
	p, s, end := lapsed(t, gate{"shop": {Delay: 72 * time.Hour}, "letters": {}})
	d := deletion(t, s)
	due := d.At.Add(72 * time.Hour)
	if d.Held == nil || d.Held.Reason != decision.HeldDelay || !d.Held.Until.Equal(due) || s.Pending() {
		t.Fatalf("got %+v, want a delay until %s", d.Held, due)
	}
	if s.ReviewAt == nil || s.ReviewAt.After(due) {
		t.Errorf("the next review is at %v, want %s", s.ReviewAt, due)
	}
	s, _ = lifecycle.Decide(p, s, nil, due)
	if !s.Pending() || deletion(t, s).Held != nil {
		t.Errorf("at the end of the delay: pending %v, held %+v", s.Pending(), deletion(t, s).Held)
	}
	_ = end
}

func TestHoldBack_NewsStopADeletionInItsDelay(t *testing.T) {
	p, s, end := lapsed(t, gate{"shop": {Delay: 72 * time.Hour}, "letters": {}})
	again := end.Add(time.Hour)
	s, made := lifecycle.Decide(p, s, []fact.Fact{
		{ID: "again", Kind: fact.KindSale, Ref: "order-2", Occurred: again, Received: again},
	}, again)
	if slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool {
		return slices.Contains(d.Items(), rules.Item{Category: "contact"})
	}) || slices.ContainsFunc(made, func(d decision.Decision) bool { return d.Retract != nil }) {
		t.Errorf("got the outbox %+v and %+v, want no deletion of the contact and no retraction", s.Outbox, made)
	}
}

func TestWithdraw_AStoppedDecisionIsNotMadeAgain(t *testing.T) {
	p, s, end := lapsed(t, gate{})
	s, ok := lifecycle.Withdraw(s, deletion(t, s).ID, "she called", end)
	if !ok || len(s.Notes) == 0 || s.Notes[len(s.Notes)-1].Text != "she called" {
		t.Fatalf("withdrawn %v, notes %+v", ok, s.Notes)
	}
	s.Revision = ""
	if s, _ = lifecycle.Decide(p, s, nil, end.Add(time.Hour)); len(s.Outbox) > 0 {
		t.Errorf("made again: %+v", s.Outbox)
	}
	if _, ok := lifecycle.Withdraw(s, "dec_other", "", end); ok {
		t.Error("an unknown decision was withdrawn")
	}
}
