package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// BasisToAsk returns the basis on which a person may be asked for a consent: the newest basis in
// force with the purpose that the policy names, resting on a sale that was not refunded. The result
// is nil without such a basis, when the consent is given, after any refusal, withdrawal, objection or
// request for erasure, verified or not, and for a child. An unproven consent does not prevent the
// question.
func (h *Evaluation) BasisToAsk(purpose, channel string, at time.Time) *Basis {
	if h.refusedEver(purpose, channel) || h.erasureAsked || h.child() {
		return nil
	}
	if h.isGiven(purpose, channel, at) || channel == ChannelEmail && h.isOnInterest(purpose, at) {
		return nil
	}
	for i := range slices.Backward(h.bases) {
		b := &h.bases[i]
		if b.Stands(at) && h.policy.mayAskOn(b.Purpose, purpose, channel) && h.restsOnSale(b) {
			return b
		}
	}
	return nil
}

// isOnInterest reports whether a legitimate interest in force permits direct marketing, so that nothing is asked.
func (h *Evaluation) isOnInterest(purpose string, at time.Time) bool {
	return h.policy.IsOnInterest(purpose) && slices.ContainsFunc(h.bases, func(b Basis) bool {
		return b.Purpose == purpose && b.Article == "6(1)(f)" && b.Stands(at)
	})
}

// mayAskOn reports whether a basis of a purpose permits the question.
func (p *Policy) mayAskOn(basis, purpose, channel string) bool {
	return slices.ContainsFunc(p.Asks, func(a Ask) bool {
		return a.When == basis && a.Purpose == purpose && a.Channel == channel
	})
}

func (h *Evaluation) restsOnSale(b *Basis) bool {
	for i, f := range h.facts {
		if f.Kind == fact.KindSale && !f.OtherAccount && slices.Contains(b.Facts, f.ID) && !h.refunded(h.record[i]) &&
			!h.calledOff(i) {
			return true
		}
	}
	return false
}

// Answer is the person's answer to a question for consent, granted or refused; empty without an
// answer.
func (h *Evaluation) Answer(purpose, channel string, at time.Time) fact.Outcome {
	if h.refusedEver(purpose, channel) {
		return fact.OutcomeRefused
	}
	if h.isGiven(purpose, channel, at) {
		return fact.OutcomeGranted
	}
	return ""
}

// isGiven reports whether a consent to a purpose by a channel is in force and proven.
func (h *Evaluation) isGiven(purpose, channel string, at time.Time) bool {
	return slices.ContainsFunc(h.consents, func(c consent) bool {
		return c.Purpose == purpose && c.Channel == channel && c.Stands(at) && isProven(h.grants(&c))
	})
}
