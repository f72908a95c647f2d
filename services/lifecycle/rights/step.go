package rights

import (
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// KindOf returns the kind of the fact that requests a right by the name of the right, such as
// "access"; empty for an unknown name.
func KindOf(right string) fact.Kind {
	switch right {
	case "access":
		return fact.KindAccessRequest
	case "rectification":
		return fact.KindRectificationRequest
	case "erasure":
		return fact.KindErasure
	case "restriction":
		return fact.KindRestriction
	case "portability":
		return fact.KindPortabilityRequest
	case "objection":
		return fact.KindObjection
	}
	return ""
}

// StepKind is the kind of a step in the life of a request.
type StepKind string

// The steps in the life of a request.
const (
	StepVerify StepKind = "verify"
	StepExtend StepKind = "extend"
	StepDecide StepKind = "decide"
	StepAnswer StepKind = "answer"
	StepLift   StepKind = "lift"
	// StepMistake closes a request that was recorded by mistake, with the reason and without an answer.
	StepMistake StepKind = "mistake"
)

// Step is a step in the life of a request, at an instant.
type Step struct {
	Kind StepKind
	At   time.Time
	// Outcome belongs to a decision, Reason to a decision or a mistake.
	Outcome fact.Outcome
	Reason  string
	// InformedAt is the instant at which the person was informed of the lifting of a restriction.
	InformedAt *time.Time
}

// RefusalError is the error of a step that the state of the request does not permit.
type RefusalError struct {
	// Cause is the machine-readable cause.
	Cause Cause
	// Detail describes the fault and the remedy.
	Detail string
}

// Error describes the fault and the remedy.
func (r *RefusalError) Error() string { return r.Detail }

// Cause is the cause of a RefusalError.
type Cause string

// The causes of refusals.
const (
	// CauseImpossible: the step contradicts itself or the time of the request.
	CauseImpossible    Cause = "impossible"
	CauseUnknownStep   Cause = "unknown-step"
	CauseNotRestricted Cause = "not-restricted"
	CauseAnswered      Cause = "answered"
	// CauseMistaken: the request was closed as recorded by mistake.
	CauseMistaken    Cause = "mistaken"
	CauseNotVerified Cause = "not-verified"
	CauseExtended    Cause = "extended"
	CauseTooLate     Cause = "too-late"
	// CauseNoReason: a refusal, in whole or in part, states no reason (Art. 12(4)), or a mistake states none.
	CauseNoReason Cause = "no-reason"
	// CauseDeleted: data were deleted because of the request, so that it cannot be refused as a whole.
	CauseDeleted Cause = "deleted"
)

// Take returns the fact of a step, or a *RefusalError.
func (r *Request) Take(s Step) (fact.Fact, error) {
	if err := r.permits(s); err != nil {
		return fact.Fact{}, err
	}
	f := fact.Fact{Ref: r.Ref, Occurred: s.At, Outcome: s.Outcome, Reason: s.Reason}
	switch s.Kind { //exhaustive:enforce
	case StepVerify:
		f.Kind = fact.KindRequestVerified
	case StepExtend:
		f.Kind = fact.KindRequestExtended
	case StepDecide:
		f.Kind = fact.KindRequestDecided
	case StepAnswer:
		f.Kind = fact.KindRequestAnswered
	case StepLift:
		f.Kind, f.InformedAt = fact.KindRestrictionLifted, s.InformedAt
	case StepMistake:
		f.Kind, f.Outcome = fact.KindRequestAnswered, fact.OutcomeMistaken
	}
	return f, nil
}

// permits returns a *RefusalError for a step without effect.
func (r *Request) permits(s Step) error {
	refuse := func(cause Cause, detail string) error { return &RefusalError{cause, detail} }
	lift := s.Kind == StepLift
	switch {
	case s.At.Before(r.Received):
		return refuse(CauseImpossible, "at is before the receipt of the request.")
	case lift && r.Right != fact.KindRestriction:
		return refuse(CauseNotRestricted, "This request is not for a restriction, so there is nothing to lift.")
	case r.State == StateMistaken:
		return refuse(CauseMistaken, "The request was recorded by mistake, and is closed.")
	case !lift && !r.Open():
		return refuse(CauseAnswered, "The request is already answered.")
	case (s.Kind == StepDecide || s.Kind == StepAnswer) && r.State == StateReceived:
		return refuse(CauseNotVerified,
			"The identity of the person is not verified yet (Art. 12(6)). Verify the request first.")
	}
	switch s.Kind { //exhaustive:enforce
	case StepVerify, StepAnswer:
	case StepExtend:
		return r.permitsExtension(s.At)
	case StepDecide:
		return r.permitsDecision(s)
	case StepLift:
		if s.InformedAt == nil || s.InformedAt.After(s.At) || s.InformedAt.Before(r.Received) {
			return refuse(CauseImpossible, "told is missing, before the restriction, or after the lifting. Set told to "+
				"the time at which the person was informed that the restriction would be lifted (Art. 18(3)).")
		}
	case StepMistake:
		if strings.TrimSpace(s.Reason) == "" {
			return refuse(CauseNoReason, "reason is missing: say why the request was recorded by mistake, such as wrong "+
				"person, wrong day or recorded twice.")
		}
	default:
		return refuse(CauseUnknownStep, "A step is verify, extend, decide, answer, lift or mistake.")
	}
	return nil
}

// permitsDecision returns a *RefusalError for a decision without an outcome, and for a refusal, in whole or in part,
// without a reason: the person is told why no action is taken (Art. 12(4)). A request because of which data were
// deleted is granted in part: no letter may say that nothing was done.
func (r *Request) permitsDecision(s Step) error {
	switch {
	case s.Outcome == "":
		return &RefusalError{CauseImpossible, "outcome is missing: granted, partly or refused."}
	case s.Outcome != fact.OutcomeGranted && strings.TrimSpace(s.Reason) == "":
		return &RefusalError{CauseNoReason, "reason is missing: a refusal, and a partial grant, need the reason, which " +
			"goes into the letter (Art. 12(4) GDPR)."}
	case s.Outcome == fact.OutcomeRefused && len(r.Deleted) > 0:
		return &RefusalError{
			CauseDeleted,
			"Data were already deleted because of this request, and cannot come back. Choose " +
				"the outcome partly, with the reason why the rest is refused.",
		}
	}
	return nil
}

// permitsExtension returns a *RefusalError for a second or a late extension (Art. 12(3)).
func (r *Request) permitsExtension(at time.Time) error {
	switch {
	case r.Extended != nil:
		return &RefusalError{
			CauseExtended,
			"The deadline of the request is already extended. Art. 12(3) permits one extension.",
		}
	case !at.Before(r.Due):
		return &RefusalError{CauseTooLate, "The deadline has passed: the person must be informed of an extension before " +
			r.Due.Format(time.RFC3339) + " (Art. 12(3))."}
	}
	return nil
}
