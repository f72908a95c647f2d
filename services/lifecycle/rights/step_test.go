package rights_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// TestTake_ARefusalStatesItsReason: the person is told why no action is taken (Art. 12(4)), also on a part.
func TestTake_ARefusalStatesItsReason(t *testing.T) {
	received := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, right := range []fact.Kind{
		fact.KindAccessRequest, fact.KindRectificationRequest, fact.KindErasure, fact.KindRestriction,
		fact.KindPortabilityRequest, fact.KindObjection,
	} {
		r := rights.Request{Ref: "req-1", Right: right, State: rights.StateVerified, Received: received}
		for _, tt := range []struct {
			outcome fact.Outcome
			reason  string
			cause   rights.Cause
		}{
			{fact.OutcomeGranted, "", ""},
			{fact.OutcomePartly, "", rights.CauseNoReason},
			{fact.OutcomeRefused, "", rights.CauseNoReason},
			{fact.OutcomeRefused, " \t", rights.CauseNoReason},
			{fact.OutcomePartly, "invoices are kept by law", ""},
			{fact.OutcomeRefused, "a claim is open", ""},
			{"", "a claim is open", rights.CauseImpossible},
		} {
			_, err := r.Take(rights.Step{
				Kind: rights.StepDecide, At: received.AddDate(0, 0, 3), Outcome: tt.outcome, Reason: tt.reason,
			})
			var got rights.Cause
			if refusal, ok := errors.AsType[*rights.RefusalError](err); ok {
				got = refusal.Cause
			}
			if got != tt.cause {
				t.Errorf("%s, outcome %q, reason %q: got the cause %q, want %q", right, tt.outcome, tt.reason, got, tt.cause)
			}
		}
	}
}

// TestRequests_AnEarlierRefusalWithoutAReasonIsRead: such decisions were recorded before the reason was demanded.
func TestRequests_AnEarlierRefusalWithoutAReasonIsRead(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	facts := []fact.Fact{
		{ID: "req-1", Ref: "req-1", Kind: fact.KindErasure, Occurred: at},
		{ID: "d", Ref: "req-1", Kind: fact.KindRequestDecided, Occurred: at.AddDate(0, 0, 1), Outcome: fact.OutcomeRefused},
	}
	got := rights.Requests(lifecycletest.Policy(t), facts, at.AddDate(0, 0, 2))
	if len(got) != 1 || got[0].State != rights.StateDecided || got[0].Outcome != fact.OutcomeRefused {
		t.Errorf("got %+v, want one refused request", got)
	}
}
