package fact

import (
	"cmp"
	"slices"
	"time"
)

// Kind is the kind of an event in the life of a person.
type Kind string

// The kinds of facts, as policies name them.
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

	// KindConsentAsked records that a question for consent was put to the person; KindInvalidated
	// records that a consent never was valid (Art. 7).
	KindConsentAsked Kind = "consent_asked"
	KindInvalidated  Kind = "invalidated"
	// KindDownload is a request for free material in exchange for an address.
	KindDownload Kind = "download"
	// KindOrderPlaced and KindOrderExpired are the beginning and the end of an unpaid order.
	KindOrderPlaced      Kind = "order_placed"
	KindOrderExpired     Kind = "order_expired"
	KindComplaint        Kind = "complaint"
	KindComplaintSettled Kind = "complaint_settled"
	// KindAddressChanged records that the person uses another address from then on.
	KindAddressChanged Kind = "address_changed"

	// KindRestriction stops the use of data, and their erasure where the person needs the data
	// (Art. 18). KindRestrictionLifted ends the restriction, after the person was informed.
	KindRestriction       Kind = "restriction"
	KindRestrictionLifted Kind = "restriction_lifted"
	// KindAccessRequest and the next two request further rights: Art. 15, 20, 16. Erasure, restriction and
	// an objection under Art. 21(1) are requests too.
	KindAccessRequest        Kind = "access_request"
	KindPortabilityRequest   Kind = "portability_request"
	KindRectificationRequest Kind = "rectification_request"
	// KindRequestVerified and the next three are the steps of a request, named in Ref. A KindRequestAnswered with
	// OutcomeMistaken closes the request without an answer: see OutcomeMistaken.
	KindRequestVerified Kind = "request_verified"
	KindRequestExtended Kind = "request_extended"
	KindRequestDecided  Kind = "request_decided"
	KindRequestAnswered Kind = "request_answered"
	// KindReceipt is the answer of a recipient to the decision named in Ref (Art. 19).
	KindReceipt Kind = "receipt"
	// KindListed is the observation of a newsletter platform that the person is an active subscriber. An
	// observation is no act of the person: KindListed raises no basis and ends no basis.
	KindListed Kind = "listed"
	// KindDeath records that the controller learned of the death of the person: consents end with the person, and what
	// the law requires of the books and of claims stays (GDPR recital 27).
	KindDeath Kind = "death"
	// KindInactivity records that the controller found that the person has not used the service for long. The fact ends
	// nothing by itself: a policy may let a consent expire some time later (Art. 5(1)(e)).
	KindInactivity Kind = "inactivity"
	// KindState is the report of the whole state of a thing: see Fact.StateOf.
	KindState Kind = "state"
)

// Kinds of acts without a source: rules see them beside the facts.
const (
	// KindRequested is any request for a right, from its receipt. Policies write "request".
	KindRequested Kind = "request"
	// KindObjectionUpheld is a granted objection under Art. 21(1), from the decision on.
	KindObjectionUpheld Kind = "objection_upheld"
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
		KindRequestDecided, KindRequestAnswered, KindReceipt, KindListed, KindState,
		KindDeath, KindInactivity,
	}
}

// Access is the kind of performance that a sale promises.
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

// Fact is one event in the life of a person, reduced to the fields a policy needs. All times are
// UTC.
type Fact struct {
	// ID is the same for two reports of one event.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Source is the configured source of the report.
	Source string `json:"source,omitempty"`
	// Occurred orders facts and is never later than Received.
	Occurred time.Time `json:"occurred"`
	Received time.Time `json:"received"`
	// Doubt is the reason why Occurred differs from the time of the source: DoubtNoTime or
	// DoubtClockAhead; empty when the times agree.
	Doubt Doubt `json:"doubt,omitempty"`
	// Ref names the record of the fact, Links are further names of the record.
	Ref   string   `json:"ref,omitempty"`
	Links []string `json:"links,omitempty"`
	// Contract names the agreement to which the record belongs.
	Contract string `json:"contract,omitempty"`
	Access   Access `json:"access,omitempty"`
	// AccessDays is the duration of access to a course in days; 0 means without an end.
	AccessDays int `json:"access_days,omitempty"`
	// PaidUntil is the end of the period that a subscription payment covers.
	PaidUntil *time.Time `json:"paid_until,omitempty"`
	// EventAt is when the event takes place for which the person registered, such as a webinar. It may lie
	// after the receipt of the fact.
	// In a receipt EventAt is the instant from which the obstacle of held data has lapsed.
	EventAt *time.Time `json:"event_at,omitempty"`
	// PerformanceAwaited reports whether the source will report the delivery of the sale.
	PerformanceAwaited bool `json:"performance_awaited,omitempty"`
	// Full reports whether a refund returned the whole price.
	Full bool `json:"full,omitempty"`
	// Wording is the id of the text to which the person consented.
	Wording string `json:"wording,omitempty"`
	// Purposes and Channels narrow an act about consent; empty means all.
	Purposes []string `json:"purposes,omitempty"`
	Channels []string `json:"channels,omitempty"`
	// Form and DoubleOptIn are evidence of how a consent was given (Art. 7(1)).
	Form        string     `json:"form,omitempty"`
	DoubleOptIn *time.Time `json:"double_opt_in,omitempty"`
	// Shown is the text that was shown to the person, as far as the source sent the text.
	Shown string `json:"shown,omitempty"`
	// Proof is sealed evidence that is itself personal.
	Proof []byte `json:"proof,omitempty"`
	// Traits describe the fact further: see the Trait constants.
	Traits []string `json:"traits,omitempty"`
	// Outcome is the result of a request, or the answer of a recipient, or OutcomeMistaken.
	Outcome Outcome `json:"outcome,omitempty"`
	// Reason is the reason for the outcome, or the reference of an authority, without names.
	Reason string `json:"reason,omitempty"`
	// InformedAt is the time at which the person was informed that a restriction would be lifted
	// (Art. 18(3)). In a receipt InformedAt is the instant from which the recipient received only a part of
	// the decision.
	InformedAt *time.Time `json:"told,omitempty"`
	// Recipient is the system that answers in a receipt, Categories its answer for single
	// categories of data.
	Recipient  string             `json:"recipient,omitempty"`
	Categories map[string]Outcome `json:"categories,omitempty"`
	// StateOf names the thing whose whole state the source reported with the fact, such as an order, and
	// AsOf is the latest time of such a state, by the clock of the source. Void is the time of the first
	// later state without the fact: from then on the fact is not so.
	StateOf string     `json:"state_of,omitempty"`
	AsOf    *time.Time `json:"as_of,omitempty"`
	Void    *time.Time `json:"void,omitempty"`
	// Parts name the parts of StateOf on which the fact rests, such as the lines of an order, each as
	// "<part>:<product>", where product stands for the description of the part. A KindState has all parts of
	// the thing.
	Parts []string `json:"parts,omitempty"`
	// Matter names the dispute or proceeding of a hold or a release; empty for the decision of the
	// controller.
	Matter string `json:"matter,omitempty"`
	// Reports are the reports of the fact with different states, by AsOf; empty for a single report. The
	// dates of the fact are those of one of them: see Combine.
	Reports []Report `json:"reports,omitempty"`
	// Phone reports whether the source has a telephone number of the person.
	Phone Presence `json:"phone,omitempty"`
	// Unlisted are the sold products that the configuration did not list, each with its keys at the source, so that
	// Access is a guess. A product without a key is one that the source did not name.
	Unlisted [][]string `json:"unlisted,omitempty"`
	// Mark is a keyed hash of ID that outlives the fact as a tombstone. Empty means ID itself.
	Mark string `json:"mark,omitempty"`
	// Address is a keyed hash of the e-mail address in the report; empty for none or several.
	Address string `json:"address,omitempty"`
	// By are keyed hashes of the other names in the report: several addresses, ids of the person, and
	// accounts.
	By []string `json:"by,omitempty"`
	// OtherAccount reports whether the address was typed under the account of another person, such as for a
	// gift: the person did not buy.
	OtherAccount bool `json:"other_account,omitempty"`
	// Stated is the receipt of the report that decided whose the record is, where another report of the
	// fact was received first.
	Stated *time.Time `json:"stated,omitempty"`
}

// Traits of facts, as they appear in policies.
const (
	// TraitTest marks a test of a platform: such a fact raises nothing.
	TraitTest = "test"
	// TraitPreticked, TraitForced and TraitChild make a consent void: a box that was ticked in
	// advance, a purchase that was impossible without consent, a child under 16 (unless
	// TraitParentAgreed).
	TraitPreticked    = "preticked"
	TraitForced       = "forced"
	TraitChild        = "child"
	TraitParentAgreed = "parent_agreed"
	// TraitUnproven marks a sign-up without an act of the person, such as an import or a
	// synchronization: the sign-up is no evidence of consent.
	TraitUnproven = "unproven"
	// TraitEcho marks an unsubscription that repeats a deletion decided by Rodopath: no act of the
	// person. Only MarkEchoes of package lifecycle sets the trait.
	TraitEcho = "echo"
	// TraitUnattributed marks an unsubscription of which the platform does not report whose act it was: the
	// person's, the seller's or a program's. Only such an unsubscription can be an echo.
	TraitUnattributed = "unattributed"
	// TraitBusiness is a buyer with a tax number, traitSoleTrader a business with the rights of a
	// consumer, TraitOSS a sale under the one-stop shop.
	TraitBusiness   = "business"
	traitSoleTrader = "sole_trader"
	TraitOSS        = "oss"
	// TraitUnverified marks a request whose sender is not identified (Art. 12(6)): the request
	// takes effect at KindRequestVerified.
	TraitUnverified = "unverified"
	// TraitAuthenticated marks an act within the person's own account.
	TraitAuthenticated = "authenticated"
	// TraitLimitation marks a hold that suspends the limitation of a tax (Ordynacja podatkowa art.
	// 70 § 2-8).
	TraitLimitation = "limitation"
	// traitInaccurate and the next three are the grounds of a restriction: Art. 18(1)(a) to (d).
	traitInaccurate = "inaccurate"
	traitUnlawful   = "unlawful"
	TraitForClaims  = "for_claims"
	traitObjected   = "objected"
)

// Traits lists every trait.
func Traits() []string {
	out := []string{
		TraitTest, TraitPreticked, TraitForced, TraitChild, TraitParentAgreed, TraitUnproven, TraitEcho, TraitUnattributed,
		TraitBusiness, traitSoleTrader, TraitOSS, TraitUnverified, TraitAuthenticated, TraitLimitation,
		traitInaccurate, traitUnlawful, TraitForClaims, traitObjected,
	}
	for _, w := range Ways() {
		out = append(out, w.Trait())
	}
	return out
}

// HasTrait reports whether the fact has a trait.
func (f *Fact) HasTrait(trait string) bool { return slices.Contains(f.Traits, trait) }

// Doubt is the reason why a fact is ordered by its receipt and not by the time of the source.
type Doubt string

// The reasons for which the time of a source is not used.
const (
	DoubtNoTime     Doubt = "no_time"
	DoubtClockAhead Doubt = "clock_ahead"
)

// clockTolerance is the tolerated lead of a platform's clock.
const clockTolerance = 5 * time.Minute

// deliveredWithin is the longest time that a report is on its way: Stripe redelivers for three days, the others for
// less. A report that is older than that when it arrives was not overtaken by a later one; its stated time is wrong.
const deliveredWithin = 3*24*time.Hour + clockTolerance

// longest is the longest time from a receipt to an instant that a source states: a period that is counted from a later
// one would leave the calendar.
const longest = 100 * 365 * 24 * time.Hour

// within limits a stated instant.
func (f *Fact) within(t *time.Time) *time.Time {
	if t == nil || !t.After(f.Received.Add(longest)) {
		return t
	}
	limit := f.Received.Add(longest)
	return &limit
}

// Normalized returns the fact with times in UTC, truncated to the millisecond, and with Occurred no
// later than Received: a source without a time, or with a fast clock, must not outrank an act that
// was received before.
func (f Fact) Normalized() Fact {
	f.Occurred, f.Received, f.Doubt = f.normalTimes()
	if f.AsOf != nil {
		at := normalTime(*f.AsOf)
		f.AsOf = &at
	}
	f.PaidUntil, f.InformedAt, f.EventAt = f.within(f.PaidUntil), f.within(f.InformedAt), f.within(f.EventAt)
	return f
}

// isNormal reports whether the fact is as Normalized returns it.
func (f *Fact) isNormal() bool {
	occurred, received, doubt := f.normalTimes()
	return isSameTime(occurred, f.Occurred) && isSameTime(received, f.Received) && doubt == f.Doubt &&
		(f.AsOf == nil || isSameTime(normalTime(*f.AsOf), *f.AsOf)) &&
		f.within(f.PaidUntil) == f.PaidUntil && f.within(f.InformedAt) == f.InformedAt &&
		f.within(f.EventAt) == f.EventAt
}

// isSameTime reports whether two times are one instant in one zone.
func isSameTime(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }

func normalTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// normalTimes returns the times of the normal form.
func (f *Fact) normalTimes() (occurred, received time.Time, doubt Doubt) {
	occurred, received = normalTime(f.Occurred), normalTime(f.Received)
	switch {
	case f.Doubt != "":
		return received, received, f.Doubt
	case occurred.Unix() <= 0:
		return received, received, DoubtNoTime
	case occurred.Sub(received) > clockTolerance:
		return received, received, DoubtClockAhead
	case occurred.After(received):
		return received, received, ""
	}
	return occurred, received, ""
}

// IsObservation reports whether the kind is the observation of a source and no act: an observation raises no
// basis and ends no basis.
func (k Kind) IsObservation() bool { return k == KindListed || k == KindState }

// IsOrder reports whether facts of the kind make an order known, paid or not.
func (k Kind) IsOrder() bool { return k == KindSale || k == KindOrderPlaced }

// IsAboutPerson reports whether the kind concerns the whole person, whatever record the fact
// mentions.
func (k Kind) IsAboutPerson() bool {
	switch k {
	case KindSignup, KindSignupPending, KindRefusal, KindUnsubscribe, KindObjection, KindErasure, KindObjectionUpheld,
		KindBounce, KindConsentAsked, KindInvalidated, KindAddressChanged, KindRestriction, KindRestrictionLifted,
		KindListed, KindDeath, KindInactivity:
		return true
	}
	return false
}

// AddsData reports whether facts of the kind bring personal data. Other kinds protect the person or
// describe existing data.
func (k Kind) AddsData() bool {
	switch k {
	case KindSignup,
		KindSignupPending,
		KindSale,
		KindRefund,
		KindPerformed,
		KindNegotiationOpened,
		KindAccessStarted,
		KindWebinar,
		KindDownload,
		KindOrderPlaced,
		KindComplaint,
		KindIdentified:
		return true
	}
	return false
}

// TombstoneMark is the keyed hash by which a tombstone of the fact is found.
func (f *Fact) TombstoneMark() string { return cmp.Or(f.Mark, f.ID) }

// IsVoidConsent reports whether a sign-up is no consent: a box that was ticked in advance (C-673/17), a
// purchase that was impossible without consent (Art. 7(4)), a child without a parent (Art. 8).
func (f *Fact) IsVoidConsent() bool {
	return f.HasTrait(TraitPreticked) || f.HasTrait(TraitForced) ||
		f.HasTrait(TraitChild) && !f.HasTrait(TraitParentAgreed)
}

// IsUnproven reports whether no act of the person shows the consent of a sign-up: a system added the person,
// or the address was typed under the account of another person.
func (f *Fact) IsUnproven() bool { return f.HasTrait(TraitUnproven) || f.OtherAccount }

// IsAgainstConsent reports whether the fact is an act of the person against a consent, or the death of the person,
// after which nobody consents. An echo is no act of the person.
func (f *Fact) IsAgainstConsent() bool {
	switch f.Kind {
	case KindRefusal, KindUnsubscribe, KindObjection, KindErasure, KindDeath:
		return !f.HasTrait(TraitEcho)
	}
	return false
}

// Covers reports whether an act about consent covers a purpose and a channel. A request for
// erasure covers all, and so does a death.
func (f *Fact) Covers(purpose, channel string) bool {
	if f.Kind == KindErasure || f.Kind == KindDeath {
		return true
	}
	return (len(f.Purposes) == 0 || slices.Contains(f.Purposes, purpose)) &&
		(len(f.Channels) == 0 || slices.Contains(f.Channels, channel))
}

// CoversAddress reports whether an act covers the consents of some addresses. An unsubscription of
// one address has no effect on another; erasure and objection concern the person.
func (f *Fact) CoversAddress(addresses []string) bool {
	switch f.Kind {
	case KindUnsubscribe, KindRefusal, KindBounce, KindListed:
		return f.Address == "" || len(addresses) == 0 || slices.Contains(addresses, f.Address)
	}
	return true
}
