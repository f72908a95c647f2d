package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// toldPolicy is the shipped policy with systems that are told.
func toldPolicy(t testing.TB, ids ...string) *rules.Policy {
	p := lifecycletest.Policy(t)
	for _, id := range ids {
		p.Connected = append(p.Connected, rules.ConnectedRecipient{
			ID:        id,
			Deletions: true, Questions: true,
			AnswerDays: 7,
			Dispatched: true,
		})
	}
	return p
}

// erased is a person of whom everything was deleted, and whom the systems were told of.
func erased(t testing.TB, p *rules.Policy, at time.Time) lifecycle.Subject {
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{
		{ID: "1", Kind: fact.KindSignup, Wording: "newsletter-offers", Occurred: at.Add(-2 * time.Hour), Received: at},
		{ID: "2", Kind: fact.KindUnsubscribe, Occurred: at.Add(-time.Hour), Received: at},
	}, at)
	if len(s.Outbox) != 1 {
		t.Fatalf("%d decisions", len(s.Outbox))
	}
	n := notice.New(
		p,
		&s.Outbox[0],
		[]string{"ala@example.com"},
		func(name string) string { return "hash of " + name },
	)
	return lifecycle.AddNotices(p, lifecycle.MarkSent(s, []string{s.Outbox[0].ID}), []notice.Notice{*n})
}

func TestDecide_ReceiptsInAnyOrderAndRepetitionGiveTheSameNotice(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm", "shop")
	rapid.Check(t, func(rt *rapid.T) {
		s := erased(t, p, at)
		decision := s.Notices[0].Decision
		var receipts []fact.Fact
		for i := range rapid.IntRange(1, 8).Draw(rt, "receipts") {
			occurred := at.Add(time.Duration(rapid.IntRange(1, 5).Draw(rt, "minute")) * time.Minute)
			receipts = append(receipts, fact.Fact{
				ID: string(
					rune('a' + i),
				),
				Kind:      fact.KindReceipt,
				Ref:       decision,
				Occurred:  occurred,
				Received:  at.Add(time.Hour),
				Recipient: rapid.SampledFrom([]string{"crm", "shop"}).Draw(rt, "recipient"),
				Outcome: rapid.SampledFrom([]fact.Outcome{"sent", "done", "partial", "held", "not_found", "refused", "failed"}).
					Draw(rt, "outcome"),
			})
		}
		later := at.Add(2 * time.Hour)
		want, _ := lifecycle.Decide(p, s, receipts, later)
		got := s
		order := rapid.Permutation(receipts).Draw(rt, "order")
		for _, f := range append(order, order[0]) {
			got, _ = lifecycle.Decide(p, got, []fact.Fact{f}, later)
		}
		if diff := cmp.Diff(want.Notices[0], got.Notices[0], cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("the order matters (-at once +one by one):\n%s", diff)
		}
	})
}

func TestNotice_IsNeverConfirmedWhileOneIsMissing(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm", "shop", "letters")
	s := erased(t, p, at)
	for i, step := range []struct {
		recipient string
		outcome   fact.Outcome
		state     notice.State
	}{
		{"crm", "sent", notice.StatePlanned},
		{"shop", "done", notice.StatePartial},
		{"letters", "held", notice.StatePartial},
		{"crm", "not_found", notice.StatePartial},
		{"letters", "failed", notice.StatePartial},
		{"letters", "done", notice.StateConfirmed},
	} {
		when := at.Add(time.Duration(i+1) * time.Minute)
		f := fact.Fact{
			ID:        step.recipient + string(step.outcome),
			Kind:      fact.KindReceipt,
			Ref:       s.Notices[0].Decision,
			Recipient: step.recipient,
			Outcome:   step.outcome,
			Occurred:  when,
			Received:  when,
		}
		s, _ = lifecycle.Decide(p, s, []fact.Fact{f}, when)
		if got := s.Notices[0].Progress(when).State; got != step.state {
			t.Errorf("after %s by %s: %s, want %s", step.outcome, step.recipient, got, step.state)
		}
	}
	if s.Notices[0].Closed == nil || len(s.Purgeable()) != 1 {
		t.Error("what everybody has confirmed is not closed")
	}
}

func TestReplayed_MustBeConfirmedAnewAndOldAnswersDoNotCount(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm")
	s := erased(t, p, at)
	decision := s.Notices[0].Decision
	answer := func(id string, when time.Time) {
		f := fact.Fact{
			ID:        id,
			Kind:      fact.KindReceipt,
			Ref:       decision,
			Recipient: "crm",
			Outcome:   "done",
			Occurred:  when,
			Received:  at.Add(48 * time.Hour),
		}
		s, _ = lifecycle.Decide(p, s, []fact.Fact{f}, at.Add(48*time.Hour))
	}
	answer("first", at.Add(time.Hour))
	s, known := lifecycle.MarkReplayed(p, lifecycle.MarkPurged(s), decision, "crm", at.Add(24*time.Hour))
	if !known || s.Notices[0].Closed != nil || s.NoticeDue == nil ||
		!s.NoticeDue.Equal(at.Add(24*time.Hour).AddDate(0, 0, 7)) {
		t.Fatalf("after the replay %+v", s.Notices[0])
	}
	answer("late", at.Add(2*time.Hour))
	if s.Notices[0].Closed != nil {
		t.Error("an answer from before the replay confirmed it")
	}
	answer("second", at.Add(25*time.Hour))
	if s.Notices[0].Closed == nil {
		t.Error("the answer to the replay did not confirm it")
	}
	if _, known := lifecycle.MarkReplayed(p, s, "dec_other", "", at); known {
		t.Error("a decision that nobody made was sent once more")
	}
}

func TestDecide_ANoticeOutlivesItsTombstoneUntilTheSellerCouldAsk(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm")
	s := erased(t, p, at)
	woke := at.AddDate(4, 0, 0) // nobody looked for longer than tombstones stand
	s, _ = lifecycle.Decide(p, s, nil, woke)
	if len(s.Notices) != 1 || s.Notices[0].Progress(woke).State != notice.StateOverdue || s.Removable() {
		t.Fatalf("whose answer was late was forgotten in the moment it was said: %+v", s.Notices)
	}
	end := woke.AddDate(0, 0, p.IntakeDays)
	if s.ReviewAt == nil || !s.ReviewAt.Equal(end) {
		t.Errorf("it is looked at again at %v, want %v", s.ReviewAt, end)
	}
	if s, _ = lifecycle.Decide(p, s, nil, end.Add(-time.Hour)); len(s.Notices) != 1 {
		t.Error("the notice went too early")
	}
	if s, _ = lifecycle.Decide(p, s, nil, end); len(s.Notices) != 0 {
		t.Error("the notice stays for ever")
	}
}

func TestReplayed_IsAwaitedAlsoWhenTheTombstoneGoesBefore(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := toldPolicy(t, "crm")
	s := erased(t, p, at)
	last, _ := p.Tombstone.From(at, p.Place)
	again := last.AddDate(0, 0, -1)
	s, known := lifecycle.MarkReplayed(p, s, s.Notices[0].Decision, "crm", again)
	if !known {
		t.Fatal("the deletion is not known")
	}
	if s, _ = lifecycle.Decide(p, s, nil, last.AddDate(0, 0, 1)); len(s.Notices) != 1 {
		t.Error("a deletion that was sent once more two days ago was forgotten")
	}
}

func TestNotice_OfAQuestionThatNobodyTakesIsUntold(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := lifecycletest.Policy(t)
	s, _ := lifecycle.Decide(
		p,
		lifecycle.Subject{ID: "ala"},
		[]fact.Fact{{ID: "1", Kind: fact.KindSale, Ref: "order-1", Occurred: at, Received: at}},
		at,
	)
	n := -1
	for i := range s.Outbox {
		if s.Outbox[i].Kind == stream.KindAskConsent {
			n = i
		}
	}
	if n < 0 {
		t.Fatalf("no question in %+v", s.Outbox)
	}
	asked := notice.New(p, &s.Outbox[n], nil, func(name string) string { return name })
	if got := asked.Progress(at); got.State != notice.StateWithoutRecipient || len(got.Missing) > 0 {
		t.Errorf("got %+v", got)
	}
	if got := asked.Progress(asked.Question.Until); got.State != notice.StateLapsed {
		t.Errorf("after its time %+v", got)
	}
	asked.Answer = "granted"
	if got := asked.Progress(at); got.State != notice.StateAnswered {
		t.Errorf("answered otherwise %+v", got)
	}
}
