package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The outcomes of a Receipt. A recipient answers a deletion with one of the first
// five and a question with one of the next three. The last two are said by whoever
// carries decisions to recipients.
const (
	// OutcomeDone: everything that the recipient held of the items is deleted.
	OutcomeDone = "done"
	// OutcomePartial: some of it is; the rest is to come, and Reason says why.
	OutcomePartial = "partial"
	// OutcomeHeld: it is kept for now, on a ground that Reason names.
	OutcomeHeld = "held"
	// OutcomeNotFound: the recipient holds nothing of the person.
	OutcomeNotFound = "not_found"
	// OutcomeRefused: the recipient will not delete; or the person said no.
	OutcomeRefused = "refused"
	// OutcomeGranted: the person agreed. The consent itself is told as well.
	OutcomeGranted = "granted"
	// OutcomeNoAnswer: the person was asked and did not say.
	OutcomeNoAnswer = "no_answer"

	// OutcomeSent: the recipient has the decision, which is not its answer yet.
	OutcomeSent = "sent"
	// OutcomeFailed: the decision could not be brought there, and nobody tries on.
	OutcomeFailed = "failed"
)

// AnswersTo lists the outcomes with which a recipient may answer a kind of decision.
func AnswersTo(kind string) []string {
	if kind == "ask-consent" {
		return []string{OutcomeGranted, OutcomeRefused, OutcomeNoAnswer}
	}
	return []string{OutcomeDone, OutcomePartial, OutcomeHeld, OutcomeNotFound, OutcomeRefused}
}

// Receipt is what a recipient did about a decision (GDPR Art. 19).
type Receipt struct {
	// Decision is the id of the decision, which is the id of its event.
	Decision string `json:"decision"`
	// Recipient is the id of the recipient in the configuration. It may be left out
	// where the way that the receipt comes says it.
	Recipient string `json:"recipient,omitempty"`
	// Outcome is one of the Outcome constants.
	Outcome string `json:"outcome"`
	// Categories says it for single categories of data, where they differ.
	Categories map[string]string `json:"categories,omitempty"`
	// Reason is why, in a few words that name nobody; at most 300 characters. It is shown
	// to the owner and stands in no certificate.
	Reason string `json:"reason,omitempty"`
	// At is when it was done.
	At time.Time `json:"at"`
}

// maxReason bounds the reason of a receipt, in characters.
const maxReason = 300

// DecodeReceipt reads a receipt and says what is wrong with one.
func DecodeReceipt(data []byte) (*Receipt, error) {
	r := &Receipt{}
	if err := decodeStrictly(data, r); err != nil {
		return nil, fmt.Errorf("decode receipt: %w", err)
	}
	return r, r.Check()
}

// decodeStrictly reads one JSON value that has no field that is not known, and nothing
// behind it. What it says holds no value of the input: it may be an address.
func decodeStrictly(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var badTime *time.ParseError
	switch {
	case err == nil && dec.More():
		return errors.New("something follows the JSON object")
	case err == nil:
		return nil
	case errors.As(err, &badTime):
		return errors.New("at must be written as 2026-01-15T10:00:00Z")
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return errors.New("there is a field that a receipt does not have; known are decision, recipient, outcome, categories, reason, at")
	}
	return errors.New(`it is not JSON such as {"decision": "dec_…", "outcome": "done", "at": "2026-01-15T10:00:00Z"}`)
}

// DecodeReceipts reads one receipt, or an array of them. What is wrong with a single one
// is left to its Check.
func DecodeReceipts(data []byte) ([]*Receipt, error) {
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '[' {
		r, err := DecodeReceipt(data)
		if err != nil {
			return nil, err
		}
		return []*Receipt{r}, nil
	}
	var out []*Receipt
	if err := decodeStrictly(data, &out); err != nil {
		return nil, fmt.Errorf("decode receipts: %w", err)
	}
	if slices.Contains(out, nil) {
		return nil, errors.New("decode receipts: one of them is null")
	}
	return out, nil
}

// EncodeReceipts writes one receipt as itself, and several as an array.
func EncodeReceipts(receipts []*Receipt) ([]byte, error) {
	if len(receipts) == 1 {
		return receipts[0].Encode()
	}
	data, err := json.Marshal(receipts)
	if err != nil {
		return nil, fmt.Errorf("encode %d receipts: %w", len(receipts), err)
	}
	return data, nil
}

// Check says what is wrong with a receipt by itself.
func (r *Receipt) Check() error {
	switch {
	case r.Decision == "" || len(r.Decision) > 100:
		return errors.New("decision is missing: the id of the event that is answered")
	case !isOutcome(r.Outcome):
		return errors.New("outcome must be one of done, partial, held, not_found, refused; of a question: granted, refused, no_answer")
	case utf8.RuneCountInString(r.Reason) > maxReason:
		return fmt.Errorf("reason is longer than %d characters", maxReason)
	case len(r.Categories) > 100:
		return errors.New("categories are too many")
	case r.At.IsZero():
		return errors.New("at is missing: when it was done, as 2026-01-15T10:00:00Z")
	}
	for c, o := range r.Categories {
		if len(c) > 64 || !slices.Contains(AnswersTo("delete"), o) {
			return errors.New("categories: each is answered by done, partial, held, not_found or refused")
		}
		if isFinal(r.Outcome) && !isFinal(o) {
			return fmt.Errorf("outcome cannot be %s while a category is %s: say partial", r.Outcome, o)
		}
	}
	return nil
}

// isFinal tells whether nothing is left to do after an outcome of a deletion.
func isFinal(outcome string) bool { return outcome == OutcomeDone || outcome == OutcomeNotFound }

func isOutcome(o string) bool {
	return o == OutcomeSent || o == OutcomeFailed || slices.Contains(AnswersTo("delete"), o) || slices.Contains(AnswersTo("ask-consent"), o)
}

// Encode writes the receipt as JSON.
func (r *Receipt) Encode() ([]byte, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode receipt of %s: %w", r.Decision, err)
	}
	return data, nil
}
