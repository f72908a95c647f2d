// Package lifecycle is the core of Rodopath: which legal bases allow a person's
// data to be held, until when, and what must be said when they end.
//
// It is pure. Facts and an instant go in; bases and decisions come out. Nothing
// here reads a clock, a file or a network.
package lifecycle

import (
	"cmp"
	"slices"
	"time"
)

// Kind is what happened to a person.
type Kind string

// The kinds of facts, as they appear in policies.
const (
	KindSignup            Kind = "signup"
	KindSignupPending     Kind = "signup_pending"
	KindRefusal           Kind = "refusal"
	KindUnsubscribe       Kind = "unsubscribe"
	KindObjection         Kind = "objection"
	KindErasure           Kind = "erasure"
	KindSale              Kind = "sale"
	KindRefund            Kind = "refund"
	KindPerformed         Kind = "performed"
	KindNegotiationOpened Kind = "negotiation_opened"
	KindNegotiationClosed Kind = "negotiation_closed"
	KindAccessStarted     Kind = "access_started"
	KindAccessEnded       Kind = "access_ended"
	KindWebinar           Kind = "webinar"
	KindHold              Kind = "hold"
	KindRelease           Kind = "release"
	KindIdentified        Kind = "identified"
	KindBounce            Kind = "bounce"

	// KindConsentAsked is the question for a consent, put to the person; Invalidated
	// says that a consent never was one (Art. 7).
	KindConsentAsked Kind = "consent_asked"
	KindInvalidated  Kind = "invalidated"
	// KindDownload is the request for something that is given for an address.
	KindDownload Kind = "download"
	// KindOrderPlaced and OrderExpired are an order before it is paid, and its end.
	KindOrderPlaced      Kind = "order_placed"
	KindOrderExpired     Kind = "order_expired"
	KindComplaint        Kind = "complaint"
	KindComplaintSettled Kind = "complaint_settled"
	// KindAddressChanged says that the person has another address from now on.
	KindAddressChanged Kind = "address_changed"

	// KindRestriction stops the use of data, and their deletion where the person needs
	// them (Art. 18). It is lifted once the person was told.
	KindRestriction       Kind = "restriction"
	KindRestrictionLifted Kind = "restriction_lifted"
	// The other requests for a right: Art. 15, 20, 16. Erasure, Restriction and an
	// Objection under Art. 21(1) are requests too.
	KindAccessRequest        Kind = "access_request"
	KindPortabilityRequest   Kind = "portability_request"
	KindRectificationRequest Kind = "rectification_request"
	// The life of a request, whose name is in Ref.
	KindRequestVerified Kind = "request_verified"
	KindRequestExtended Kind = "request_extended"
	KindRequestDecided  Kind = "request_decided"
	KindRequestAnswered Kind = "request_answered"
	// KindReceipt is the answer of a recipient to a decision, whose id is in Ref (Art. 19).
	KindReceipt Kind = "receipt"
)

// Kinds lists every kind of fact.
func Kinds() []Kind {
	return []Kind{
		KindSignup, KindSignupPending, KindRefusal, KindUnsubscribe, KindObjection, KindErasure,
		KindSale, KindRefund, KindPerformed, KindNegotiationOpened, KindNegotiationClosed,
		KindAccessStarted, KindAccessEnded, KindWebinar, KindHold, KindRelease, KindIdentified, KindBounce,
		KindConsentAsked, KindInvalidated, KindDownload, KindOrderPlaced, KindOrderExpired, KindComplaint,
		KindComplaintSettled, KindAddressChanged, KindRestriction, KindRestrictionLifted, KindAccessRequest,
		KindPortabilityRequest, KindRectificationRequest, KindRequestVerified, KindRequestExtended,
		KindRequestDecided, KindRequestAnswered, KindReceipt,
	}
}

// Access is what a sale gives the buyer.
type Access string

// The kinds of access, as they appear in policies.
const (
	AccessOneOff       Access = "one_off"
	AccessCourse       Access = "course"
	AccessService      Access = "service"
	AccessSubscription Access = "subscription"
)

// Accesses lists every kind of access.
func Accesses() []Access {
	return []Access{AccessOneOff, AccessCourse, AccessService, AccessSubscription}
}

// Fact is one thing that happened to a person, stripped to what a policy needs.
// All times are UTC.
type Fact struct {
	// ID is the same for the same thing told twice.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Source is the configured source that told it.
	Source string `json:"source,omitempty"`
	// Occurred orders facts. It is never later than Received.
	Occurred time.Time `json:"occurred"`
	Received time.Time `json:"received"`
	// Doubt says why Occurred is not what the source said: DoubtNoTime or
	// DoubtClockAhead; empty when it is.
	Doubt string `json:"doubt,omitempty"`
	// Ref names the record the fact is about, Links are its other names.
	Ref   string   `json:"ref,omitempty"`
	Links []string `json:"links,omitempty"`
	// Contract names the longer agreement that the record belongs to.
	Contract string `json:"contract,omitempty"`
	Access   Access `json:"access,omitempty"`
	// AccessDays is how long a course stays open; 0 means without an end.
	AccessDays int `json:"access_days,omitempty"`
	// PaidUntil is the end of the period that a subscription payment covers.
	PaidUntil *time.Time `json:"paid_until,omitempty"`
	// PerformanceAwaited says that the source will tell when what was sold has
	// been delivered.
	PerformanceAwaited bool `json:"performance_awaited,omitempty"`
	// Full says that a refund returned the whole price.
	Full bool `json:"full,omitempty"`
	// Wording is the id of the text that the person agreed to.
	Wording string `json:"wording,omitempty"`
	// Purposes and Channels narrow an act about consent; empty means all.
	Purposes []string `json:"purposes,omitempty"`
	Channels []string `json:"channels,omitempty"`
	// Form and DoubleOptIn are evidence of how a consent was given (Art. 7(1)).
	Form        string     `json:"form,omitempty"`
	DoubleOptIn *time.Time `json:"double_opt_in,omitempty"`
	// Shown is the text that the person saw, where the source sent it.
	Shown string `json:"shown,omitempty"`
	// Proof is evidence that is itself personal, sealed by whoever stores it.
	Proof []byte `json:"proof,omitempty"`
	// Traits say more of how it was: see the Trait constants.
	Traits []string `json:"traits,omitempty"`
	// Outcome is what was decided of a request (granted, partly, refused), or what a
	// recipient answered (see api/stream.Receipt).
	Outcome string `json:"outcome,omitempty"`
	// Reason is why, or the reference of an authority, in a few words that name nobody.
	Reason string `json:"reason,omitempty"`
	// InformedAt is when the person was told that a restriction would be lifted (Art. 18(3)).
	InformedAt *time.Time `json:"told,omitempty"`
	// Recipient is the system that a receipt comes from, Categories what it answered
	// for single categories of data.
	Recipient  string            `json:"recipient,omitempty"`
	Categories map[string]string `json:"categories,omitempty"`
	// Mark is a keyed hash of ID, which stays when the fact has gone. Empty means
	// that ID itself stands in.
	Mark string `json:"mark,omitempty"`
	// Address is a keyed hash of the e-mail address that the fact was told of;
	// empty when it named none, or several.
	Address string `json:"address,omitempty"`
}

// Traits of facts, as they appear in policies.
const (
	// TraitTest marks what is not real: it raises nothing.
	TraitTest = "test"
	// TraitPreticked, TraitForced and TraitChild make a consent void: a box that was
	// ticked already, a purchase that was impossible without it, a child under 16
	// (unless TraitParentAgreed).
	TraitPreticked    = "preticked"
	TraitForced       = "forced"
	TraitChild        = "child"
	TraitParentAgreed = "parent_agreed"
	// TraitBusiness is a buyer with a tax number, TraitSoleTrader one who has a
	// consumer's rights all the same, TraitOSS a sale under the one-stop shop.
	TraitBusiness   = "business"
	TraitSoleTrader = "sole_trader"
	TraitOSS        = "oss"
	// TraitUnverified marks a request of somebody who may be another (Art. 12(6)): it
	// waits for RequestVerified.
	TraitUnverified = "unverified"
	// TraitAuthenticated marks an act within the person's own account.
	TraitAuthenticated = "authenticated"
	// TraitLimitation marks a hold that stops the limitation of a tax (Ordynacja
	// podatkowa art. 70 § 2-8).
	TraitLimitation = "limitation"
	// Why a restriction stands: Art. 18(1)(a) to (d).
	TraitInaccurate = "inaccurate"
	TraitUnlawful   = "unlawful"
	TraitForClaims  = "for_claims"
	TraitObjected   = "objected"
)

// Traits lists every trait.
func Traits() []string {
	return []string{
		TraitTest, TraitPreticked, TraitForced, TraitChild, TraitParentAgreed, TraitBusiness, TraitSoleTrader, TraitOSS,
		TraitUnverified, TraitAuthenticated, TraitLimitation, TraitInaccurate, TraitUnlawful, TraitForClaims, TraitObjected,
	}
}

func (f *Fact) hasTrait(trait string) bool { return slices.Contains(f.Traits, trait) }

// Reasons why a fact is ordered by its receipt.
const (
	DoubtNoTime     = "no_time"
	DoubtClockAhead = "clock_ahead"
)

// clockTolerance is how far a platform's clock may be ahead without remark.
const clockTolerance = 5 * time.Minute

// Normalized returns the fact with its times in UTC, to the millisecond, and
// Occurred no later than Received: a source whose clock is ahead, or that gives
// no time, must not outrank an act that was received before.
func (f Fact) Normalized() Fact {
	f.Received = f.Received.UTC().Truncate(time.Millisecond)
	f.Occurred = f.Occurred.UTC().Truncate(time.Millisecond)
	switch {
	case f.Doubt != "":
		f.Occurred = f.Received
	case f.Occurred.Unix() <= 0:
		f.Occurred, f.Doubt = f.Received, DoubtNoTime
	case f.Occurred.After(f.Received):
		if f.Occurred.Sub(f.Received) > clockTolerance {
			f.Doubt = DoubtClockAhead
		}
		f.Occurred = f.Received
	}
	return f
}

// rank orders acts of the same instant: the later one wins, so what protects
// the person comes last.
func (k Kind) rank() int {
	switch k {
	case KindErasure:
		return 5
	case KindObjection, kindObjectionUpheld:
		return 4
	case KindUnsubscribe, KindInvalidated:
		return 3
	case KindRefusal:
		return 2
	case KindNegotiationClosed, KindAccessEnded, KindRelease, KindRefund, KindPerformed, KindOrderExpired, KindComplaintSettled, KindRestrictionLifted:
		return 1
	}
	return 0
}

// aboutPerson tells whether the kind concerns the person as a whole, whatever
// record it mentions.
func (k Kind) aboutPerson() bool {
	switch k {
	case KindSignup, KindSignupPending, KindRefusal, KindUnsubscribe, KindObjection, KindErasure, kindObjectionUpheld,
		KindBounce, KindConsentAsked, KindInvalidated, KindAddressChanged, KindRestriction, KindRestrictionLifted:
		return true
	}
	return false
}

func compareFacts(a, b Fact) int {
	return cmp.Or(
		a.Occurred.Compare(b.Occurred),
		cmp.Compare(a.Kind.rank(), b.Kind.rank()),
		cmp.Compare(a.ID, b.ID),
	)
}

// mergeFacts returns both lists of facts, in order, each fact once. Of two tellings
// of one fact the one received first stays, so arrival order does not matter.
// Tests of a platform are no facts.
func mergeFacts(have, more []Fact) []Fact {
	all := make([]Fact, 0, len(have)+len(more))
	all = append(all, have...)
	for _, f := range more {
		if !f.hasTrait(TraitTest) {
			all = append(all, f.Normalized())
		}
	}
	slices.SortStableFunc(all, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), a.Received.Compare(b.Received), a.Occurred.Compare(b.Occurred))
	})
	all = slices.CompactFunc(all, func(a, b Fact) bool { return a.ID == b.ID })
	slices.SortFunc(all, compareFacts)
	return all
}
