package lifecycle_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// refusedErasure is a buyer with a consent who asks for erasure on 5 March; the controller refuses on 10 March.
func refusedErasure() (sold, signedUp, asked, refused fact.Fact) {
	sold = toldAt("sale", fact.KindSale, "order-1", noon(2026, 2, 1), noon(2026, 2, 1))
	sold.Access, sold.Address = fact.AccessOneOff, "a"
	signedUp = toldAt("signup", fact.KindSignup, "", noon(2026, 2, 2), noon(2026, 2, 2))
	signedUp.Wording, signedUp.Form, signedUp.Address = "newsletter-offers", "footer", "a"
	asked = toldAt("asked", fact.KindErasure, "req-1", noon(2026, 3, 5), noon(2026, 3, 5))
	refused = toldAt("refused", fact.KindRequestDecided, "req-1", noon(2026, 3, 10), noon(2026, 3, 10))
	refused.Outcome, refused.Reason = fact.OutcomeRefused, "a claim is open"
	return sold, signedUp, asked, refused
}

// TestBases_ARefusedErasureEndsNothingButMarketing: from the refusal on the claims are a basis again, and the consents,
// which need no decision of the controller, stay withdrawn.
func TestBases_ARefusedErasureEndsNothingButMarketing(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold, signedUp, asked, refused := refusedErasure()
	inForce := func(at time.Time, facts ...fact.Fact) []string {
		var out []string
		for _, b := range rules.Bases(p, facts) {
			if (b.Purpose == "claims" || b.Purpose == "offers" || b.Purpose == "newsletter") && b.Stands(at) {
				out = append(out, b.Purpose)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	both := []fact.Fact{sold, signedUp, asked, refused, withOutcome(refused, fact.OutcomeGranted)}
	granted := refused
	granted.ID, granted.Outcome, granted.Occurred = "granted", fact.OutcomePartly, noon(2026, 3, 12)
	for name, tt := range map[string]struct {
		facts []fact.Fact
		want  []string
	}{
		"before the request":     {[]fact.Fact{sold, signedUp}, []string{"claims", "newsletter", "offers"}},
		"undecided":              {[]fact.Fact{sold, signedUp, asked}, nil},
		"refused":                {[]fact.Fact{sold, signedUp, asked, refused}, []string{"claims"}},
		"refused, then in part":  {[]fact.Fact{sold, signedUp, asked, refused, granted}, nil},
		"another request's no":   {[]fact.Fact{sold, signedUp, asked, withRef(refused, "req-2")}, nil},
		"refused, not verified":  {[]fact.Fact{sold, signedUp, unverified(asked), refused}, []string{"claims", "newsletter", "offers"}},
		"granted at one instant": {both, nil},
	} {
		if diff := cmp.Diff(tt.want, inForce(noon(2026, 4, 1), tt.facts...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// isCause reports whether an error is the refusal of a step for a cause.
func isCause(err error, cause rights.Cause) bool {
	refusal, ok := errors.AsType[*rights.RefusalError](err)
	return ok && refusal.Cause == cause
}

func withRef(f fact.Fact, ref string) fact.Fact {
	f.Ref = ref
	return f
}

func withOutcome(f fact.Fact, outcome fact.Outcome) fact.Fact {
	f.ID, f.Outcome = f.ID+"-"+string(outcome), outcome
	return f
}

func unverified(f fact.Fact) fact.Fact {
	f.Traits = []string{fact.TraitUnverified}
	return f
}

// TestDeletedFor_CountsWhatWasPublished: a deletion that waits is taken back by a refusal; one that was published is
// deleted, and the request can be granted in part alone.
func TestDeletedFor_CountsWhatWasPublished(t *testing.T) {
	p := lifecycletest.Policy(t)
	sold, signedUp, asked, refused := refusedErasure()
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{sold, signedUp, asked}, noon(2026, 3, 5))
	request := func() *rights.Request {
		r := rights.Requests(p, s.Facts, noon(2026, 3, 6))[0]
		r.Deleted = lifecycle.DeletedFor(p, &s, &r, nil)
		return &r
	}
	refuse := rights.Step{
		Kind: rights.StepDecide, At: noon(2026, 3, 10), Outcome: fact.OutcomeRefused, Reason: refused.Reason,
	}
	if r := request(); len(r.Deleted) > 0 {
		t.Errorf("before the publication %v count as deleted", r.Deleted)
	} else if _, err := r.Take(refuse); err != nil {
		t.Errorf("a refusal before a deletion: %v", err)
	}
	if after, _ := lifecycle.Decide(p, s, []fact.Fact{refused}, noon(2026, 3, 10)); len(after.Outbox) > 0 &&
		slices.ContainsFunc(after.Outbox[0].Items(), func(i rules.Item) bool { return i.Category == "order" }) {
		t.Errorf("after the refusal the order is still to be deleted: %+v", after.Outbox)
	}
	s = publish(p, s)
	r := request()
	if !slices.Contains(r.Deleted, "newsletter") {
		t.Errorf("after the publication got %v, want the newsletter among them", r.Deleted)
	}
	if _, err := r.Take(refuse); err == nil || !isCause(err, rights.CauseDeleted) {
		t.Errorf("a refusal after a deletion: got %v, want %s", err, rights.CauseDeleted)
	}
	refuse.Outcome = fact.OutcomePartly
	if _, err := r.Take(refuse); err != nil {
		t.Errorf("a grant in part after a deletion: %v", err)
	}
}
