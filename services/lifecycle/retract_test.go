package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// hashed hashes a name as the tests do.
func hashed(_ int, name string) string { return "hash of " + name }

// publish publishes the outbox as the relay does.
func publish(p *rules.Policy, s lifecycle.Subject) lifecycle.Subject {
	var ids []string
	for i := range s.Outbox {
		ids = append(ids, s.Outbox[i].ID)
	}
	return lifecycle.AddNotices(p, lifecycle.MarkSent(s, ids), noticesOf(p, &s))
}

// noticesOf are the notices of an outbox.
func noticesOf(p *rules.Policy, s *lifecycle.Subject) []notice.Notice {
	var out []notice.Notice
	for i := range s.Outbox {
		n := notice.New(p, &s.Outbox[i], nil, func(name string) string { return hashed(0, name) })
		if n != nil {
			out = append(out, *n)
		}
	}
	return out
}

func receiptOf(n *notice.Notice, recipient string, outcome fact.Outcome, at time.Time) fact.Fact {
	return fact.Fact{
		ID: fmt.Sprint(n.Decision, recipient, outcome, at), Kind: fact.KindReceipt, Ref: n.Decision,
		Recipient: recipient, Outcome: outcome, Occurred: at, Received: at,
	}
}

// signupAgain is a consent with evidence, given after the deletion.
func signupAgain(at time.Time) fact.Fact {
	return fact.Fact{
		ID:       "again",
		Kind:     fact.KindSignup,
		Wording:  "newsletter-offers",
		Form:     "footer",
		Occurred: at,
		Received: at,
	}
}

func TestDecide_APublishedDeletionThatNewsMakeWrongIsRetracted(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm", "shop")
	s := erased(t, p, at)
	later := at.Add(time.Hour)
	s, fresh := lifecycle.Decide(p, s, []fact.Fact{
		receiptOf(&s.Notices[0], "shop", "done", at.Add(time.Minute)), signupAgain(later),
	}, later)
	n := &s.Notices[0]
	if state := n.Progress(later).State; state != notice.StateRetracted || n.Closed == nil || len(n.Retractions) != 1 {
		t.Fatalf("%s: %+v", state, n)
	}
	if len(fresh) == 0 || fresh[0].Kind != stream.KindRetract || fresh[0].Retract.Decision != n.Decision ||
		!fresh[0].Retract.Whole || fresh[0].Subject != "ala" || strings.Join(fresh[0].Recipients, " ") != "crm" ||
		len(fresh[0].Because) == 0 || fresh[0].Because[0].Article != "6(1)(a)" {
		t.Fatalf("recipients are notified of %+v", fresh)
	}
	if !slices.ContainsFunc(s.Notes, func(x chain.Note) bool {
		return x.Kind == chain.KindRetracted && x.Decision == n.Decision && len(x.Items) > 0
	}) {
		t.Errorf("the journal lacks the retraction: %+v", s.Notes)
	}
	if slices.ContainsFunc(s.Notes, func(x chain.Note) bool { return x.Kind == chain.KindAlarm }) {
		t.Errorf("an erasure before the new consent is reported as a loss: %+v", s.Notes)
	}
	s.Version++
	again, fresh := lifecycle.Decide(p, s, nil, later.Add(time.Minute))
	if len(fresh) != 0 || len(again.Outbox) != len(s.Outbox) || len(again.Notices[0].Retractions) != 1 {
		t.Errorf("the retraction is repeated: %+v", again.Outbox)
	}
	s = publish(p, s)
	r := s.Notices[1]
	if r.Kind != stream.KindRetract || r.Retracts != n.Decision || r.Closed != nil {
		t.Fatalf("the notice of the retraction is %+v", r)
	}
	s, _ = lifecycle.Decide(p, s, []fact.Fact{receiptOf(&r, "crm", "sent", later.Add(time.Hour))}, later.Add(time.Hour))
	if s.Notices[1].Closed == nil || len(s.Purgeable()) < 2 {
		t.Errorf("a delivered retraction keeps the names in the stream: %+v", s.Notices)
	}
}

func TestDecide_AnErasureAgainstABasisIsAnAlarmThatNamesTheLoss(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm")
	for name, order := range map[string][]string{
		"the receipt comes first": {"receipt", "signup"}, "the receipt comes last": {"signup", "receipt"},
		"both come at once": {"both"},
	} {
		t.Run(name, func(t *testing.T) {
			s := erased(t, p, at)
			facts := map[string][]fact.Fact{
				"receipt": {receiptOf(&s.Notices[0], "crm", "done", at.Add(2*time.Hour))},
				"signup":  {signupAgain(at.Add(time.Hour))},
			}
			facts["both"] = slices.Concat(facts["receipt"], facts["signup"])
			for i, step := range append(order, order[0]) {
				s, _ = lifecycle.Decide(p, s, facts[step], at.Add(time.Duration(3+i)*time.Hour))
			}
			var lost []string
			for _, n := range s.Notes {
				if n.Kind == chain.KindAlarm {
					lost = append(lost, n.Text)
				}
			}
			want := "crm has erased contact of this person (decision " + s.Notices[0].Decision +
				", receipt of 2026-03-02 12:00Z) although a basis is in force again since 2026-03-02 11:00Z: " +
				"ask the person for the data again"
			if !slices.Contains(lost, want) {
				t.Errorf("got %q, want %q", lost, want)
			}
			if got := s.Notices[0].Notifications[0].Lost; !slices.Contains(got, "contact") {
				t.Errorf("the notice lacks the loss: %v", got)
			}
		})
	}
}

func TestDecide_AQuestionThatWasAnsweredElsewhereIsRetracted(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm", "shop")
	sale := fact.Fact{ID: "1", Kind: fact.KindSale, Ref: "order-1", Occurred: at, Received: at}
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{sale}, at)
	s = publish(p, s)
	q := slices.IndexFunc(s.Notices, func(n notice.Notice) bool { return n.Question != nil })
	if q < 0 {
		t.Fatal("no question")
	}
	no := fact.Fact{ID: "no", Kind: fact.KindObjection, Occurred: at.Add(time.Hour), Received: at.Add(time.Hour)}
	s, fresh := lifecycle.Decide(p, s, []fact.Fact{
		receiptOf(&s.Notices[q], "shop", "no_answer", at.Add(time.Minute)), no,
	}, at.Add(2*time.Hour))
	n := slices.IndexFunc(fresh, func(d decision.Decision) bool {
		return d.Kind == stream.KindRetract && d.Retract.Decision == s.Notices[q].Decision
	})
	if n < 0 || strings.Join(fresh[n].Recipients, " ") != "crm" || fresh[n].Retract.Of != stream.KindAskConsent {
		t.Fatalf("got %+v", fresh)
	}
	if st := lifecycle.Check(
		p,
		s,
		s.Notices[q].Decision,
		nil,
		hashed,
		at.Add(2*time.Hour),
	); st.State != stream.StateRetracted &&
		st.State != stream.StateClosed {
		t.Errorf("the question may still be delivered: %+v", st)
	}
}

func TestCheck_EvaluatesTheStoredFactsAndNotWhatWasRecorded(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm")
	s := erased(t, p, at)
	n := &s.Notices[0]
	items := []stream.Item{{Category: "contact"}, {Category: "profile"}}
	check := func(id string, at time.Time) stream.Standing { return lifecycle.Check(p, s, id, items, hashed, at) }
	want := stream.Standing{State: stream.StateStanding, Items: items, Scope: "person"}
	got := check(n.Decision, at)
	got.Retained = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.Facts = append(slices.Clone(s.Facts), signupAgain(at.Add(time.Hour)).Normalized())
	if got := check(n.Decision, at.Add(time.Hour)); got.State == stream.StateStanding {
		t.Errorf("a consent is in force and the deletion stands: %+v", got)
	}
	if got := check("dec_other", at); got.State != stream.StateUnknown {
		t.Errorf("a decision of nobody: %+v", got)
	}
}

func TestReplayed_OfWhatMayBeHeldAgainIsNoLoss(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm")
	s := erased(t, p, at)
	id := s.Notices[0].Decision
	s, _ = lifecycle.Decide(
		p,
		s,
		[]fact.Fact{receiptOf(&s.Notices[0], "crm", "done", at.Add(time.Minute))},
		at.Add(time.Minute),
	)
	bought := at.AddDate(0, 0, 1) // a sale keeps the contact, and no newsletter
	sale := fact.Fact{ID: "sale", Kind: fact.KindSale, Ref: "order-1", Occurred: bought, Received: bought}
	s, _ = lifecycle.Decide(p, s, []fact.Fact{sale}, bought)
	again := bought.AddDate(0, 0, 1)
	s, known := lifecycle.MarkReplayed(p, s, id, "crm", again)
	if !known || len(s.Notices[0].Retractions) != 1 || s.Notices[0].Retracted() {
		t.Fatalf("after the replay %+v", s.Notices[0])
	}
	s.Notes, s.Outbox = nil, nil
	later := again.Add(time.Hour)
	s, fresh := lifecycle.Decide(p, s, []fact.Fact{receiptOf(&s.Notices[0], "crm", "done", later)}, later)
	if s.Notices[0].Closed == nil || len(s.Notices[0].Notifications[0].Lost) > 0 {
		t.Errorf("the answer to the replay gives %+v", s.Notices[0])
	}
	if slices.ContainsFunc(fresh, func(d decision.Decision) bool { return d.Retract != nil }) {
		t.Errorf("what was left out of the replay is retracted once more: %+v", fresh)
	}
}

// life is a person whose decisions are published to recipients that are away for any time.
type life struct {
	*rapid.T
	policy    *rules.Policy
	subject   lifecycle.Subject
	told      []fact.Fact
	published []decision.Decision
}

// TestCheck_NoDeliveryLeavesWithoutSupport applies random facts in random order, publishes at random times, and
// attempts to deliver every published decision after every step: no attempt delivers an item with a basis in
// force, and every withheld item has a basis in force or had one since the publication.
func TestCheck_NoDeliveryLeavesWithoutSupport(t *testing.T) {
	p := toldPolicy(t, "crm", "shop")
	rapid.Check(t, func(rt *rapid.T) {
		l := &life{T: rt, policy: p, subject: lifecycle.Subject{ID: "person", Sealed: []byte("address")}}
		at := now
		for _, batch := range scatter(rt, anyHistory(rt)) {
			l.told = append(l.told, batch...)
			before := l.subject
			s, _ := lifecycle.Decide(p, l.subject, batch, at)
			s.Version++
			l.subject = s
			if rapid.Bool().Draw(rt, "raced") { // another process published what the facts retract
				l.published = append(l.published, before.Outbox...)
				l.subject = lifecycle.AddNotices(p, l.subject, noticesOf(p, &before))
			}
			l.attempt(at)
			if rapid.Bool().Draw(rt, "published") {
				l.published = append(l.published, l.subject.Outbox...)
				l.subject = publish(p, l.subject)
			}
			at = at.Add(time.Duration(rapid.IntRange(0, 48).Draw(rt, "hours")) * time.Hour)
			l.attempt(at)
		}
		l.supported(at)
	})
}

// attempt attempts to deliver every published decision.
func (l *life) attempt(at time.Time) {
	facts := fact.Combine(nil, l.told)
	if len(facts) != len(l.subject.Facts) { // some are forgotten, with nothing resting on them
		facts = l.subject.Facts
	}
	h := rules.Evaluate(l.policy, facts)
	stands := func(item *stream.Item) bool {
		return slices.ContainsFunc(h.Bases(), func(b rules.Basis) bool {
			return b.Stands(at) && slices.ContainsFunc(b.Keeps, func(k rules.Item) bool {
				return k.Category == item.Category && h.RecordNamed(k.Ref) == h.RecordNamed(item.Ref)
			})
		})
	}
	for i := range l.published {
		d := &l.published[i]
		if d.Delete == nil {
			continue
		}
		st := lifecycle.Check(l.policy, l.subject, d.ID, d.Delete.Items, hashed, at)
		if st.State == stream.StateUnknown {
			l.Errorf("the published decision %s is unknown", d.ID)
		}
		for _, r := range st.Retained {
			if want := h.OtherNames(r.Ref); !slices.Equal(r.Names, want) {
				l.Errorf("the retained record %s has the names %v, want %v", r.Ref, r.Names, want)
			}
		}
		n := notice.Find(l.subject.Notices, d.ID)
		for j := range d.Delete.Items {
			item := &d.Delete.Items[j]
			kept := slices.ContainsFunc(st.Items, func(x stream.Item) bool { return cmp.Equal(x, *item) })
			withdrawn := n != nil && (n.Retracted() || n.IsRetracted(func(x rules.Item) bool {
				return x.Category == item.Category && h.RecordNamed(x.Ref) == h.RecordNamed(item.Ref)
			}))
			switch {
			case kept && stands(item):
				l.Errorf("at %s the deletion of %v leaves although a basis is in force", at, item)
			case !kept && !stands(item) && !withdrawn:
				l.Errorf("at %s the deletion of %v is withheld without a reason", at, item)
			}
		}
	}
}

// supported checks after a last review that every open deletion with an item in force is retracted for the
// item, and that the recipients are notified.
func (l *life) supported(at time.Time) {
	s, _ := lifecycle.Decide(l.policy, l.subject, []fact.Fact{{
		ID: "last", Kind: fact.KindBounce, Occurred: at, Received: at,
	}}, at)
	l.subject = s
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Kind != stream.KindDelete || n.Closed != nil {
			continue
		}
		for j := range n.Items {
			item := rules.Item{Category: n.Items[j].Category}
			if len(n.Items[j].Hashes) == 0 && plainStands(s.Bases, item, at) &&
				!n.IsRetracted(func(x rules.Item) bool { return x == item }) {
				l.Errorf("%v is in force and its deletion %s is not retracted", item, n.Decision)
			}
		}
	}
	for i := range s.Notices {
		if n := &s.Notices[i]; n.Kind == stream.KindDelete && len(n.Retractions) > 0 {
			retracts := func(d decision.Decision) bool { return d.Retract != nil && d.Retract.Decision == n.Decision }
			sent := slices.ContainsFunc(s.Notices, func(x notice.Notice) bool { return x.Retracts == n.Decision })
			if !sent && !slices.ContainsFunc(s.Outbox, retracts) {
				l.Errorf("no recipient is notified of the retraction of %s", n.Decision)
			}
		}
	}
}
