package apply_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// unheard publishes, and the one who published never hears that it did.
type unheard struct{ *natsio.Events }

func (u unheard) PublishEvents(ctx context.Context, events []*stream.Event) error {
	return errors.Join(u.Events.PublishEvents(ctx, events), errors.New("killed"))
}

// outboxBench is a bench whose decisions go out to a real broker.
type outboxBench struct {
	*bench
	policy *rules.Policy
	events *natsio.Events
	broker *server.Server
	now    time.Time
}

func newOutboxBench(t *testing.T) *outboxBench {
	t.Helper()
	ns, js := lifecycletest.JetStream(t)
	o := &outboxBench{
		bench: &bench{t: t, store: lifecycletest.Store(t), vault: lifecycletest.Vault(t)}, policy: lifecycletest.Policy(t),
		events: &natsio.Events{JetStream: js}, broker: ns, now: now,
	}
	o.policy.Connected = []rules.ConnectedRecipient{
		{
			ID:        "crm",
			Deletions: true, Questions: true,
			AnswerDays: 7,
			Dispatched: true,
		},
	}
	o.Applier = apply.New(apply.Options{
		Store: o.store, Vault: o.vault, Policy: o.policy, Now: func() time.Time { return o.now }, Outbox: o.relay(o.events),
	})
	return o
}

func (o *outboxBench) relay(p background.Publisher) *background.Relay {
	return background.NewRelay(background.RelayOptions{
		Store:     o.store,
		Publisher: p,
		Reader:    o.events,
		Purger:    o.events,
		Journal:   lifecycletest.Journal(o.store, o.vault),
		Vault:     o.vault,
		Policy:    o.policy,
	})
}

// goesOut publishes the decision about a name, as a relay that is killed before it has
// noted that it did, and returns the decision.
func (o *outboxBench) goesOut(name string) decision.Decision {
	o.t.Helper()
	s, _ := o.who(name)
	if len(s.Outbox) != 1 {
		o.t.Fatalf("%d decisions wait", len(s.Outbox))
	}
	if _, err := o.relay(unheard{o.events}).Drain(o.t.Context()); err == nil {
		o.t.Fatal("the relay noted what it published")
	}
	return s.Outbox[0]
}

// drain sends what waits, as the relay after the next start.
func (o *outboxBench) drain() {
	o.t.Helper()
	if _, err := o.relay(o.events).Drain(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// published returns the ids of the events about a person.
func (o *outboxBench) published(subject string) []string {
	o.t.Helper()
	events, err := o.events.EventsOf(o.t.Context(), subject)
	if err != nil {
		o.t.Fatal(err)
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	return ids
}

// answers has the CRM answer a decision, and returns what became of it.
func (o *outboxBench) answers(decision string) string {
	o.t.Helper()
	reader := &receipt.Reader{Finder: &directory.Directory{Store: o.store, Vault: o.vault}, Policy: o.policy}
	d, err := reader.Read(o.t.Context(), &stream.Receipt{Decision: decision, Outcome: "done", At: o.now}, "crm", o.now)
	if err == nil {
		err = o.Apply(o.t.Context(), []*factv1.Delivery{d})
	}
	if err != nil {
		o.t.Fatal(err)
	}
	s, _ := o.who("ala@example.com")
	for i := range s.Notices {
		if n := &s.Notices[i]; n.Decision == decision {
			return string(n.Progress(o.now).State)
		}
	}
	o.t.Fatalf("the recipient knows %s, and nobody has noted it: %+v", decision, s.Notices)
	return ""
}

// journaled checks that the journals are whole and say once that a decision was made.
func (o *outboxBench) journaled(decision string) {
	o.t.Helper()
	entries, err := o.store.EntriesOf(o.t.Context(), decision)
	if err != nil {
		o.t.Fatal(err)
	}
	made := slices.DeleteFunc(entries, func(e chain.Entry) bool { return e.Key != decision })
	if len(made) != 1 || made[0].Effective == nil || len(made[0].Rules) == 0 {
		o.t.Errorf("the journal says %d times that it was made: %+v", len(made), made)
	}
	report, err := journal.Verify(o.t.Context(), o.store, o.now.AddDate(-6, 0, 0), func(int) {})
	if err != nil || len(report.Faults) > 0 {
		o.t.Errorf("the journal: %+v, %v", report, err)
	}
}

// again is news after which nothing is to be deleted.
func (o *outboxBench) again(names ...string) *factv1.Fact {
	f := o.fact(signup, "", names...)
	f.Occurred = timestamppb.New(o.now)
	return f
}

// lost answers a decision that news retracted after its publication, and fails unless the answer is noted as
// a loss.
func (o *outboxBench) lost(decision string) {
	o.t.Helper()
	if state := o.answers(decision); state != string(notice.StateRetracted) {
		o.t.Errorf("the decision is not retracted: %s", state)
	}
	s, _ := o.who("ala@example.com")
	if n := notice.Find(s.Notices, decision); n.Notifications[0].Outcome != "done" || len(n.Notifications[0].Lost) == 0 {
		o.t.Errorf("the answer does not count: %+v", n)
	}
}

func TestApply_ADeletionThatIsOutIsNotTakenBack(t *testing.T) {
	o := newOutboxBench(t)
	o.apply(o.fact(signup, "", "ala@example.com"), o.fact(sale, "order-1", "ala@example.com"))
	o.drain() // the question of consent
	o.apply(o.fact(unsub, "", "ala@example.com"))
	out := o.goesOut("ala@example.com")
	o.apply(o.again("ala@example.com"))
	o.drain()
	o.lost(out.ID)
	o.journaled(out.ID)
}

func TestApply_WhoComesBackWhileTheDeletionIsOutIsSomebodyNew(t *testing.T) {
	o := newOutboxBench(t)
	o.apply(o.fact(signup, "", "ala@example.com"))
	o.apply(o.fact(unsub, "", "ala@example.com"))
	out := o.goesOut("ala@example.com")
	o.apply(o.again("ala@example.com"))
	o.drain()
	s, id := o.who("ala@example.com")
	if id == out.Subject || !s.HoldsPersonal || !slices.Contains(s.MergedFrom, out.Subject) {
		t.Errorf("%q became %q: %+v", out.Subject, id, s)
	}
	o.lost(out.ID)
	o.journaled(out.ID)
}

func TestApply_WhatIsOutOfAnAbsorbedPersonIsNotTakenBack(t *testing.T) {
	o := newOutboxBench(t)
	o.apply(o.fact(signup, "", "ala@example.com"))
	o.apply(o.fact(unsub, "", "ala@example.com"))
	out := o.goesOut("ala@example.com")
	o.apply(o.again("stripe:cus_1"))
	o.apply(o.again("ala@example.com", "stripe:cus_1"))
	o.lost(out.ID)
	o.drain()
	o.journaled(out.ID)
}

func TestApply_WhatIsNotOutIsTakenBack(t *testing.T) {
	o := newOutboxBench(t)
	o.apply(o.fact(signup, "", "ala@example.com"))
	o.apply(o.fact(unsub, "", "ala@example.com"))
	s, id := o.who("ala@example.com")
	made := s.Outbox[0].ID
	o.apply(o.again("ala@example.com"))
	o.drain()
	if ids := o.published(id); slices.Contains(ids, made) {
		t.Errorf("the deletion %s was taken back and went out", made)
	}
}

func TestReview_AQuestionThatIsOutIsNotTakenBack(t *testing.T) {
	o := newOutboxBench(t)
	o.apply(o.fact(sale, "order-1", "ala@example.com"))
	out := o.goesOut("ala@example.com")
	o.now = out.Because[0].Until.Add(time.Hour)
	if n, err := o.Review(t.Context(), []string{out.Subject}); n != 1 || err != nil {
		t.Fatalf("reviewed %d, %v", n, err)
	}
	s, _ := o.who("ala@example.com")
	if len(s.Notices) != 1 || s.Notices[0].Decision != out.ID || s.Notices[0].Closed == nil {
		t.Errorf("the recipient knows %s, and nobody has noted it: %+v", out.ID, s.Notices)
	}
}

func TestApply_NothingIsTakenBackWhileTheBrokerIsAway(t *testing.T) {
	o := newOutboxBench(t)
	o.apply(o.fact(signup, "", "ala@example.com"))
	o.apply(o.fact(unsub, "", "ala@example.com"))
	out := o.goesOut("ala@example.com")
	o.broker.Shutdown()
	before, _ := o.who("ala@example.com")
	d := &factv1.Delivery{Received: timestamppb.New(now), Facts: []*factv1.Fact{o.again("ala@example.com")}}
	if err := o.Apply(t.Context(), []*factv1.Delivery{d}); err == nil {
		t.Error("a broker that is away is no error")
	}
	if s, _ := o.who("ala@example.com"); s.Version != before.Version || s.Outbox[0].ID != out.ID {
		t.Errorf("it was taken back: %+v", s.Outbox)
	}
}
