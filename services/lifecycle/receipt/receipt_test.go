package receipt_test

import (
	"context"
	"errors"
	"testing"
	"time"

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
