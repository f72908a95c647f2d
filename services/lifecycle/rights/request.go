package rights

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// State is the progress of a request for a right.
type State string

// The life of a request.
const (
	// StateReceived: the identity of the sender is not verified.
	StateReceived State = "received"
	StateVerified State = "verified"
	StateDecided  State = "decided"
	StateAnswered State = "answered"
	// StateMistaken: the request was recorded by mistake. It is closed without an answer, and has no effect.
	StateMistaken State = "mistaken"
)

// Request is a request for one of the rights of Art. 15 to 21.
type Request struct {
	// Ref names the request.
	Ref string `json:"ref"`
	// Fact is the fact of the request, Right its kind.
	Fact     string    `json:"fact"`
	Right    fact.Kind `json:"right"`
	Purposes []string  `json:"purposes,omitempty"`
	// Way is how the request came; empty when that was not recorded.
	Way      fact.Way   `json:"way,omitempty"`
	State    State      `json:"state"`
	Received time.Time  `json:"received"`
	Verified *time.Time `json:"verified,omitempty"`
	// Due is the first instant at which an answer is late (Art. 12(3), counted by Regulation
	// 1182/71). LastDay is the last day for an answer in time.
	Due     time.Time `json:"due"`
	LastDay string    `json:"last_day"`
	// Extended is when two more months were announced, in time.
	Extended *time.Time   `json:"extended,omitempty"`
	Decided  *time.Time   `json:"decided,omitempty"`
	Outcome  fact.Outcome `json:"outcome,omitempty"`
	// Reason is that of the decision or, of a request that was recorded by mistake, that of the mistake.
	Reason   string     `json:"reason,omitempty"`
	Answered *time.Time `json:"answered,omitempty"`
	// Mistaken is when the request was closed as recorded by mistake; nil for any other request.
	Mistaken *time.Time `json:"mistaken,omitempty"`
	// Deleted are the categories whose deletion was published because of the request, sorted, as far as the
	// questioner has added them.
	Deleted []string `json:"deleted,omitempty"`
	// Overdue reports whether the answer is missing after Due, or was late.
	Overdue bool `json:"overdue,omitempty"`
}

// Open reports whether the answer is missing.
func (r *Request) Open() bool { return r.State != StateAnswered && r.State != StateMistaken }

// Requests returns the requests among the facts, in their state at an instant, the most urgent
// first.
func Requests(p *rules.Policy, facts []fact.Fact, at time.Time) []Request {
	var out []Request
	for i := range facts {
		if f := &facts[i]; p.IsRequest(f) && !f.Occurred.After(at) {
			out = append(out, newRequest(p, f, facts, at))
		}
	}
	slices.SortStableFunc(out, func(a, b Request) int {
		return cmp.Or(byOpen(a, b), a.Due.Compare(b.Due), cmp.Compare(a.Ref, b.Ref))
	})
	return out
}

// Objection returns an objection to marketing by its name, or nil. Nobody answers such an objection (Art. 21(3)), so it
// is no request; the only step that an objection permits is StepMistake.
func Objection(p *rules.Policy, facts []fact.Fact, ref string, at time.Time) *Request {
	for i := range facts {
		f := &facts[i]
		if f.Kind == fact.KindObjection && !p.IsRequest(f) && !f.Occurred.After(at) && rules.RequestName(f) == ref {
			r := newRequest(p, f, facts, at)
			return &r
		}
	}
	return nil
}

func byOpen(a, b Request) int {
	switch {
	case a.Open() == b.Open():
		return 0
	case a.Open():
		return -1
	}
	return 1
}

func newRequest(p *rules.Policy, f *fact.Fact, facts []fact.Fact, at time.Time) Request {
	r := Request{
		Ref: rules.RequestName(
			f,
		),
		Fact:     f.ID,
		Right:    f.Kind,
		Purposes: f.Purposes,
		Way:      f.Way(),
		State:    StateReceived,
		Received: f.Occurred,
	}
	if t, ok := rules.Verification(f, facts); ok && !t.After(at) {
		r.Verified, r.State = &t, StateVerified
	}
	r.Due = due(p, p.Answer, f, facts)
	if e := r.step(facts, fact.KindRequestExtended, at); e != nil && e.Occurred.Before(r.Due) {
		r.Extended, r.Due = &e.Occurred, due(p, p.Extended, f, facts)
	}
	r.LastDay = p.LastDay(&r.Due)
	if d := r.step(facts, fact.KindRequestDecided, at); d != nil {
		r.Decided, r.Outcome, r.Reason, r.State = &d.Occurred, d.Outcome, d.Reason, StateDecided
	}
	done := at
	if t, ok := rules.Mistake(f, facts); ok && !t.After(at) {
		r.closeMistaken(facts, t)
		return r
	}
	if a := r.step(facts, fact.KindRequestAnswered, at); a != nil {
		r.Answered, r.State, done = &a.Occurred, StateAnswered, a.Occurred
	}
	r.Overdue = !done.Before(r.Due)
	return r
}

// closeMistaken closes a request that was recorded by mistake at an instant: a decision about such a request counts no
// more, and no answer is late.
func (r *Request) closeMistaken(facts []fact.Fact, at time.Time) {
	r.Mistaken, r.State, r.Outcome, r.Reason = &at, StateMistaken, "", ""
	for i := range facts {
		f := &facts[i]
		if f.Kind == fact.KindRequestAnswered && f.Outcome == fact.OutcomeMistaken && f.Ref == r.Ref {
			r.Reason = f.Reason
			return
		}
	}
}

// step returns the last fact of a kind about the request by an instant, or nil.
func (r *Request) step(facts []fact.Fact, kind fact.Kind, at time.Time) *fact.Fact {
	for i := range slices.Backward(facts) {
		f := &facts[i]
		if f.Kind == kind && f.Ref == r.Ref && !f.Occurred.Before(r.Received) && !f.Occurred.After(at) {
			return f
		}
	}
	return nil
}

// due is the end of a period for an answer. The policy chooses whether the period runs from receipt
// or from the verification of the identity.
func due(p *rules.Policy, period rules.Period, f *fact.Fact, facts []fact.Fact) time.Time {
	from := f.Occurred
	if t, ok := rules.Verification(f, facts); p.FromVerified && ok {
		from = t
	}
	t, _ := period.From(from, p.Place)
	return t
}

// NextDue is when the most urgent open request must be answered.
func NextDue(requests []Request) *time.Time {
	if len(requests) == 0 || !requests[0].Open() {
		return nil
	}
	return &requests[0].Due
}
