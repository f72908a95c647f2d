// Package receipt converts answers to decisions into facts, for receipts over HTTP or the stream
// and for answers on the consent page.
package receipt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/factwire"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Finder finds the subject of a decision; nil without one.
type Finder interface {
	Decision(ctx context.Context, id string) (*lifecycle.Subject, error)
}

// Errors of invalid receipts, which are final.
var (
	// ErrUnknown means that the decision does not exist, or was closed long ago.
	ErrUnknown = errors.New("no decision with this id awaits an answer")
	// ErrNoNotice is an ErrUnknown of an existing subject: the decision was retracted, was closed
	// long ago, or was just published and the notice is not stored yet.
	ErrNoNotice = fmt.Errorf("%w: the decision was retracted or is closed", ErrUnknown)
	// ErrNotNotified means that the recipient was not notified of the decision.
	ErrNotNotified = errors.New("the recipient was not notified of the decision")
	// ErrOutcome means that the answer does not match the decision.
	ErrOutcome = errors.New("the answer does not match the decision")
)

// Reader turns receipts into facts.
type Reader struct {
	Finder Finder
	Policy *rules.Policy
}

// source is the source of facts from receipts.
const source = "receipts"

// Read converts a receipt of a recipient into facts: the receipt itself and, for a question, the
// answer of the person. The errors ErrUnknown, ErrNotNotified and ErrOutcome are final.
func (r *Reader) Read(
	ctx context.Context,
	in *stream.Receipt,
	from string,
	received time.Time,
) (*factv1.Delivery, error) {
	s, err := r.Finder.Decision(ctx, in.Decision)
	if err != nil {
		return nil, err
	}
	d := NoticeOf(s, in.Decision)
	switch {
	case d == nil && s != nil:
		return nil, ErrNoNotice
	case d == nil:
		return nil, ErrUnknown
	case !slices.Contains(d.Recipients, from):
		return nil, ErrNotNotified
	case !r.fits(in.Outcome, d.Kind, from):
		return nil, fmt.Errorf(
			"%w: outcome must be one of %s",
			ErrOutcome,
			strings.Join(stream.AnswersTo(d.Kind), ", "),
		)
	}
	id := idOf(in, from)
	if err := d.check(in, knows(s, answerPrefix+id)); err != nil {
		return nil, err
	}
	out := &factv1.Delivery{Id: "receipt-" + id, Source: source, Received: timestamppb.New(received)}
	locator := identity.DecisionLocator(in.Decision)
	out.Facts = append(out.Facts, factwire.Encode(&fact.Fact{
		ID: "receipt-" + id, Kind: fact.KindReceipt, Ref: in.Decision, Recipient: from, Outcome: fact.Outcome(in.Outcome),
		Categories: fact.ConvertOutcomes[fact.Outcome](in.Categories), Reason: in.Reason, Occurred: in.At,
		InformedAt: in.Narrowed, EventAt: in.LookAgain,
	}, nil, locator))
	if d.Question != nil {
		if f := Answer(r.Policy, d, fact.Outcome(in.Outcome), "recipient:"+from, in.At); f != nil {
			f.ID = answerPrefix + id
			out.Facts = append(out.Facts, factwire.Encode(f, nil, locator))
		}
	}
	return out, nil
}

// answerPrefix is the id prefix of facts with the answer of a person.
const answerPrefix = "answer-"

// knows reports whether the subject has a fact with the id.
func knows(s *lifecycle.Subject, id string) bool {
	return slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return f.ID == id })
}

// check returns the reason why a receipt cannot answer the decision. A repeated receipt is accepted
// again, because the sender may have missed the acknowledgement.
func (d *Decision) check(in *stream.Receipt, repeated bool) error {
	switch {
	case in.At.Before(d.At.Add(-notice.Skew)):
		return fmt.Errorf("%w: at is before the decision (%s)", ErrOutcome, d.At.Format(time.RFC3339))
	case in.Outcome == stream.OutcomeGranted && !d.Open && !repeated:
		return fmt.Errorf(
			"%w: the question is answered or has expired; report a consent given since as a sign-up",
			ErrOutcome,
		)
	case address.Looks(in.Reason), strings.ContainsFunc(in.Reason, unicode.IsControl):
		return fmt.Errorf("%w: reason may not contain an address or control characters", ErrOutcome)
	}
	for category := range in.Categories {
		if !slices.Contains(d.Categories, category) {
			return fmt.Errorf("%w: categories may be %s", ErrOutcome, strings.Join(d.Categories, ", "))
		}
	}
	return nil
}

// fits reports whether an outcome answers a kind of decision. Outcomes of delivery are accepted
// only for recipients served by dispatch.
func (r *Reader) fits(outcome string, kind stream.Kind, from string) bool {
	if outcome == stream.OutcomeSent || outcome == stream.OutcomeFailed {
		return slices.ContainsFunc(
			r.Policy.Connected,
			func(a rules.ConnectedRecipient) bool { return a.ID == from && a.Dispatched },
		)
	}
	return slices.Contains(stream.AnswersTo(kind), outcome)
}

// Decision is the part of a decision needed to accept an answer.
type Decision struct {
	Kind stream.Kind
	// At is the instant of the decision.
	At         time.Time
	Recipients []string
	// Categories are the categories to delete.
	Categories []string
	// Question is the question for consent, if any. Open reports whether an answer is still
	// accepted.
	Question *stream.Ask
	Open     bool
	// Generation is the generation of the keys at publication; -1 before publication.
	Generation int
}

// NoticeOf returns a decision from the notices or the outbox of a subject, because a recipient may
// answer before the notice is stored. NoticeOf returns nil when the decision is in neither.
func NoticeOf(s *lifecycle.Subject, id string) *Decision {
	if s == nil {
		return nil
	}
	for i := range s.Notices {
		if n := &s.Notices[i]; n.Decision == id {
			d := &Decision{Kind: n.Kind, At: n.At, Question: n.Question, Open: n.Closed == nil, Generation: n.Generation}
			for j := range n.Notifications {
				d.Recipients = append(d.Recipients, n.Notifications[j].Recipient)
			}
			for j := range n.Items {
				d.addCategory(n.Items[j].Category)
			}
			return d
		}
	}
	for i := range s.Outbox {
		if made := &s.Outbox[i]; made.ID == id {
			d := &Decision{
				Kind:       made.Kind,
				At:         made.At,
				Recipients: made.Recipients,
				Question:   made.Ask,
				Open:       true,
				Generation: -1,
			}
			for _, item := range made.Items() {
				d.addCategory(item.Category)
			}
			return d
		}
	}
	return nil
}

func (d *Decision) addCategory(category string) {
	if !slices.Contains(d.Categories, category) {
		d.Categories = append(d.Categories, category)
	}
}

// Answer returns the answer of a person to a question as a fact without an id; nil without an answer. An
// agreement covers everything that the shown wording covers, a refusal the purpose of the question. form is
// the place of the answer.
func Answer(p *rules.Policy, d *Decision, outcome fact.Outcome, form string, at time.Time) *fact.Fact {
	switch q := d.Question; outcome {
	case fact.OutcomeGranted:
		return newAnswer(fact.KindSignup, q, d.coverage(p), form, at)
	case fact.OutcomeRefused:
		return newAnswer(fact.KindRefusal, q, asked(q), form, at)
	}
	return nil
}

// Withdrawal returns the withdrawal of an agreement as a fact without an id. A withdrawal covers what the
// agreement covers.
func Withdrawal(p *rules.Policy, d *Decision, form string, at time.Time) *fact.Fact {
	return newAnswer(fact.KindUnsubscribe, d.Question, d.coverage(p), form, at)
}

func newAnswer(k fact.Kind, q *stream.Ask, c rules.Coverage, form string, at time.Time) *fact.Fact {
	return &fact.Fact{
		Kind: k, Purposes: c.Purposes, Channels: c.Channels, Occurred: at,
		Wording: q.Wording, Form: form, Shown: q.Text,
	}
}

// asked is the coverage of a question alone.
func asked(q *stream.Ask) rules.Coverage {
	return rules.Coverage{Purposes: []string{q.Purpose}, Channels: []string{q.Channel}}
}

// coverage is the coverage of the wording that the question shows; that of the question alone when the
// policy no longer has the wording.
func (d *Decision) coverage(p *rules.Policy) rules.Coverage {
	if w, ok := p.WordingAt(d.Question.Wording, d.At); ok {
		return w.Coverage
	}
	return asked(d.Question)
}

// idOf returns an id that is equal for repetitions of the same answer.
func idOf(in *stream.Receipt, from string) string {
	sum := sha256.Sum256(
		[]byte(strings.Join([]string{in.Decision, from, in.Outcome, in.At.UTC().Format(time.RFC3339Nano)}, "\n")),
	)
	return hex.EncodeToString(sum[:12])
}
