// Package receipt reads what recipients answered to decisions, whichever way it came:
// over HTTP, from the stream, or from a page of ours.
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

	"github.com/rodopath/rodopath/api/address"
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
)

// Finder finds the person that a decision is about; nil when there is none.
type Finder interface {
	Decision(ctx context.Context, id string) (*lifecycle.Subject, error)
}

// Errors of a receipt that can never be taken.
var (
	// ErrUnknown means that there is no such decision, or that it is long settled.
	ErrUnknown = errors.New("there is no decision of this id that awaits an answer")
	// ErrNoNotice is an ErrUnknown of a decision that was made: it was taken back, is long
	// settled, or went out a moment ago and this is just being noted.
	ErrNoNotice = fmt.Errorf("%w: it was taken back or is settled", ErrUnknown)
	// ErrNotNotified means that the decision was not told to who answers it.
	ErrNotNotified = errors.New("the decision was told to others")
	// ErrOutcome means that such a decision is not answered like this.
	ErrOutcome = errors.New("this cannot be the answer")
)

// Reader turns receipts into facts.
type Reader struct {
	Finder Finder
	Policy *lifecycle.Policy
}

// source is the source of facts that receipts tell.
const source = "receipts"

// Read makes the facts of a receipt that came from a recipient at an instant: the
// receipt itself, and what the person answered where they were asked. The errors
// ErrUnknown, ErrStranger and ErrOutcome are for good.
func (r *Reader) Read(ctx context.Context, in *stream.Receipt, from string, received time.Time) (*factv1.Delivery, error) {
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
	case !r.fits(in.Outcome, string(d.Kind), from):
		return nil, fmt.Errorf("%w: outcome must be one of %s", ErrOutcome, strings.Join(stream.AnswersTo(string(d.Kind)), ", "))
	}
	id := idOf(in, from)
	if err := d.check(in, knows(s, answerPrefix+id)); err != nil {
		return nil, err
	}
	out := &factv1.Delivery{Id: "receipt-" + id, Source: source, Received: timestamppb.New(received)}
	out.Facts = append(out.Facts, &factv1.Fact{
		Id: "receipt-" + id, Kind: factv1.Kind_KIND_RECEIPT, Ref: in.Decision, Recipient: from, Outcome: in.Outcome,
		Categories: in.Categories, Reason: in.Reason, Occurred: timestamppb.New(in.At), Locators: locators(in.Decision),
	})
	if q := d.Question; q != nil {
		if f := Answer(in.Decision, q, in.Outcome, "recipient:"+from, in.At); f != nil {
			f.Id = answerPrefix + id
			out.Facts = append(out.Facts, f)
		}
	}
	return out, nil
}

// skew is how far the clock of a recipient may be behind ours.
const skew = 5 * time.Minute

// answerPrefix begins the ids of facts that say what a person answered.
const answerPrefix = "answer-"

// knows tells whether a fact of a subject was told before.
func knows(s *lifecycle.Subject, id string) bool {
	return slices.ContainsFunc(s.Facts, func(f lifecycle.Fact) bool { return f.ID == id })
}

// check says why a receipt cannot be the answer to the decision. One that was taken before
// is taken again: its sender may not have heard so.
func (d *Decision) check(in *stream.Receipt, repeated bool) error {
	switch {
	case in.At.Before(d.At.Add(-skew)):
		return fmt.Errorf("%w: at lies before the decision was made (%s)", ErrOutcome, d.At.Format(time.RFC3339))
	case in.Outcome == stream.OutcomeGranted && !d.Open && !repeated:
		return fmt.Errorf("%w: the question is answered, or stands no more; a consent that was given since is told as a sign-up", ErrOutcome)
	case address.Looks(in.Reason), strings.ContainsFunc(in.Reason, unicode.IsControl):
		return fmt.Errorf("%w: reason may not hold an address or control characters", ErrOutcome)
	}
	for category := range in.Categories {
		if !slices.Contains(d.Categories, category) {
			return fmt.Errorf("%w: categories may be %s", ErrOutcome, strings.Join(d.Categories, ", "))
		}
	}
	return nil
}

// fits tells whether an outcome answers a kind of decision. What is said of the way
// there is only taken of those to whom decisions are carried.
func (r *Reader) fits(outcome, kind, from string) bool {
	if outcome == stream.OutcomeSent || outcome == stream.OutcomeFailed {
		return slices.ContainsFunc(r.Policy.Connected, func(a lifecycle.ConnectedRecipient) bool { return a.ID == from && a.Dispatched })
	}
	return slices.Contains(stream.AnswersTo(kind), outcome)
}

// Decision is what must be known of a decision to take an answer to it.
type Decision struct {
	Kind lifecycle.DecisionKind
	// At is when it was made.
	At         time.Time
	Recipients []string
	// Categories are what is to be deleted.
	Categories []string
	// Question is set where the person was to be asked. Open tells that it may still be
	// answered.
	Question *lifecycle.Question
	Open     bool
	// Generation is that of the keys under which it was sent; -1 while it is being sent.
	Generation int
}

// NoticeOf finds a decision that was sent, or is just being sent: others may be faster than
// the one who notes that it was. It returns nil when there is none.
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
			d := &Decision{Kind: made.Kind, At: made.At, Recipients: made.Recipients, Question: made.Question, Open: true, Generation: -1}
			for _, item := range made.Items {
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

// Answer is what a person said to a question, as a fact without an id; nil when they
// did not say. form tells where they said it.
func Answer(decision string, q *lifecycle.Question, outcome, form string, at time.Time) *factv1.Fact {
	f := &factv1.Fact{
		Purposes: []string{q.Purpose}, Channels: []string{q.Channel}, Occurred: timestamppb.New(at), Locators: locators(decision),
	}
	switch outcome {
	case stream.OutcomeGranted:
		f.Kind, f.Wording = factv1.Kind_KIND_SIGNUP, q.Wording
		f.Evidence = &factv1.Evidence{Form: form, Text: q.Text}
	case stream.OutcomeRefused:
		f.Kind = factv1.Kind_KIND_REFUSAL
	default:
		return nil
	}
	return f
}

func locators(decision string) []string { return []string{identity.DecisionLocator(decision)} }

// idOf is the same for the same answer told twice.
func idOf(in *stream.Receipt, from string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{in.Decision, from, in.Outcome, in.At.UTC().Format(time.RFC3339Nano)}, "\n")))
	return hex.EncodeToString(sum[:12])
}
