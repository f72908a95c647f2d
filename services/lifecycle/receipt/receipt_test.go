package receipt_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
)

// only finds the one person there is.
type only struct{ *lifecycle.Subject }

func (o only) Decision(context.Context, string) (*lifecycle.Subject, error) { return o.Subject, nil }

func TestRead_AnAnswerWhoseConfirmationWasLostIsTakenAgainAndALaterOneIsNot(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	question := &stream.Ask{Purpose: "offers", Channel: "email", Until: at.AddDate(0, 0, 14)}
	s := &lifecycle.Subject{Notices: []notice.Notice{
		{
			Decision:      "dec_1",
			Kind:          stream.KindAskConsent,
			At:            at,
			Question:      question,
			Notifications: []notice.Notification{{Recipient: "crm"}},
		},
	}}
	r := receipt.Reader{Finder: only{s}, Policy: lifecycletest.Policy(t)}
	granted := &stream.Receipt{Decision: "dec_1", Outcome: stream.OutcomeGranted, At: at.Add(time.Hour)}
	first, err := r.Read(t.Context(), granted, "crm", at.Add(time.Hour))
	if err != nil || len(first.GetFacts()) != 2 {
		t.Fatalf("got %v, %v", first, err)
	}
	// It is applied, and closes the question; but the recipient never heard that it was taken.
	closed := at.Add(2 * time.Hour)
	s.Notices[0].Closed = &closed
	s.Facts = []fact.Fact{{ID: first.GetFacts()[1].GetId(), Kind: fact.KindSignup}}
	again, err := r.Read(t.Context(), granted, "crm", at.Add(3*time.Hour))
	if err != nil || again.GetId() != first.GetId() || again.GetFacts()[1].GetId() != first.GetFacts()[1].GetId() {
		t.Errorf("the same answer once more: %v, %v", again, err)
	}
	later := *granted
	later.At = at.Add(90 * time.Minute)
	if _, err := r.Read(t.Context(), &later, "crm", at.Add(3*time.Hour)); !errors.Is(err, receipt.ErrOutcome) {
		t.Errorf("another answer to a question that is answered: %v", err)
	}
}

func TestRead_TakesWhenToLookAgain(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	again := at.AddDate(5, 0, 0)
	s := &lifecycle.Subject{Notices: []notice.Notice{{
		Decision: "dec_1", Kind: stream.KindDelete, At: at, Notifications: []notice.Notification{{Recipient: "shop"}},
	}}}
	r := receipt.Reader{Finder: only{s}, Policy: lifecycletest.Policy(t)}
	in := &stream.Receipt{Decision: "dec_1", Outcome: stream.OutcomeHeld, At: at.Add(time.Hour), LookAgain: &again}
	d, err := r.Read(t.Context(), in, "shop", at.Add(time.Hour))
	if err != nil || len(d.GetFacts()) != 1 || !d.GetFacts()[0].GetEventAt().AsTime().Equal(again) {
		t.Errorf("got %v, %v, want a fact with %s", d, err, again)
	}
}

// TestAnswer_AnAgreementIsToAllThatTheSentenceSays: the shipped question for offers shows a
// sentence about the newsletter and offers. Who agrees, agrees to both, who takes it back
// takes back both, and a refusal is of what was asked.
func TestAnswer_AnAgreementIsToAllThatTheSentenceSays(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	p := lifecycletest.Policy(t)
	d := &receipt.Decision{At: at, Question: &stream.Ask{
		Purpose: "offers", Channel: "email", Wording: "newsletter-offers", Text: "I agree to both.",
	}}
	for name, c := range map[string]struct {
		got      *fact.Fact
		kind     fact.Kind
		purposes []string
	}{
		"agreed":    {receipt.Answer(p, d, fact.OutcomeGranted, "page", at), fact.KindSignup, []string{"newsletter", "offers"}},
		"refused":   {receipt.Answer(p, d, fact.OutcomeRefused, "page", at), fact.KindRefusal, []string{"offers"}},
		"withdrawn": {receipt.Withdrawal(p, d, "page", at), fact.KindUnsubscribe, []string{"newsletter", "offers"}},
	} {
		want := &fact.Fact{
			Kind: c.kind, Purposes: c.purposes, Channels: []string{"email"}, Wording: "newsletter-offers",
			Form: "page", Shown: "I agree to both.", Occurred: at,
		}
		if diff := cmp.Diff(want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := receipt.Answer(p, d, fact.OutcomeNoAnswer, "page", at); got != nil {
		t.Errorf("no answer is %+v", got)
	}
	d.Question.Wording = "a text of before"
	if got := receipt.Answer(p, d, fact.OutcomeGranted, "page", at); len(got.Purposes) != 1 {
		t.Errorf("a text that nobody knows covers %v", got.Purposes)
	}
}
