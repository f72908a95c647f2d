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

// The outcomes of a Receipt. A recipient answers a deletion with one of the first five and a
// question with one of the next three. dispatch reports the last two.
const (
	// OutcomeDone: everything that the recipient held of the items is deleted.
	OutcomeDone = "done"
	// OutcomePartial: carried out in part, the remainder follows; Reason explains the delay.
	OutcomePartial = "partial"
	// OutcomeHeld: the data are kept for now, on the ground in Reason.
	OutcomeHeld = "held"
	// OutcomeNotFound: the recipient holds nothing of the person.
	OutcomeNotFound = "not_found"
	// OutcomeRefused: the recipient does not delete, or the person refused.
	OutcomeRefused = "refused"
	// OutcomeGranted: the person consented. The consent itself becomes a fact as well.
	OutcomeGranted = "granted"
	// OutcomeNoAnswer: the person was asked and gave no answer.
	OutcomeNoAnswer = "no_answer"

	// OutcomeSent: the recipient received the decision; the answer follows.
	OutcomeSent = "sent"
	// OutcomeFailed: the decision could not be delivered, and no further attempt follows.
	OutcomeFailed = "failed"
)

// AnswersTo lists the permitted answers of a recipient to a kind of decision.
func AnswersTo(kind Kind) []string {
	if kind == KindAskConsent {
		return []string{OutcomeGranted, OutcomeRefused, OutcomeNoAnswer}
	}
	return []string{OutcomeDone, OutcomePartial, OutcomeHeld, OutcomeNotFound, OutcomeRefused}
}

// Receipt is the answer of a recipient to a decision (GDPR Art. 19).
type Receipt struct {
	// Decision is the id of the decision and of its event.
	Decision string `json:"decision"`
	// Recipient is the id of the recipient in the configuration; optional where the channel
	// identifies the recipient.
	Recipient string `json:"recipient,omitempty"`
	// Outcome is one of the Outcome constants.
	Outcome string `json:"outcome"`
	// Categories holds the outcomes of single categories of data that differ.
	Categories map[string]string `json:"categories,omitempty"`
	// Reason is the reason without names, at most 300 characters. The owner sees the reason;
	// certificates omit the reason.
	Reason string `json:"reason,omitempty"`
	// At is the instant of the outcome.
	At time.Time `json:"at"`
	// LookAgain is the instant from which the obstacle of held data has lapsed. Then the decision is delivered
	// to the recipient again; until then a missing confirmation is no alarm.
	LookAgain *time.Time `json:"look_again,omitempty"`
	// Narrowed is the instant of the check after which only a part of the deletion was delivered; absent
	// after a delivery of the whole. Dispatch alone reports Narrowed.
	Narrowed *time.Time `json:"narrowed,omitempty"`
}

// maxReason bounds the reason of a receipt, in characters.
const maxReason = 300

// DecodeReceipt reads and checks a receipt.
func DecodeReceipt(data []byte) (*Receipt, error) {
	r := &Receipt{}
	if err := decodeStrictly(data, r); err != nil {
		return nil, fmt.Errorf("decode receipt: %w", err)
	}
	return r, r.Check()
}

// decodeStrictly reads one JSON value without unknown fields and without trailing data. Its errors
// quote no value of the input, which may be an address.
func decodeStrictly(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var badTime *time.ParseError
	switch {
	case err == nil && dec.More():
		return errors.New("data follow the JSON object")
	case err == nil:
		return nil
	case errors.As(err, &badTime):
		return errors.New("at must have the format 2026-01-15T10:00:00Z")
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return errors.New("unknown field; a receipt has decision, recipient, outcome, categories, reason, at, look_again")
	}
	return errors.New(`not JSON such as {"decision": "dec_…", "outcome": "done", "at": "2026-01-15T10:00:00Z"}`)
}

// DecodeReceipts reads one receipt, or an array of receipts. Check reports the faults of a single
// receipt.
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

// Check reports the faults of a receipt by itself.
func (r *Receipt) Check() error {
	switch {
	case r.Decision == "" || len(r.Decision) > 100:
		return errors.New("decision is missing: the id of the answered event")
	case !isOutcome(r.Outcome):
		return errors.New(
			"outcome must be one of done, partial, held, not_found, refused; for a question granted, refused, no_answer",
		)
	case utf8.RuneCountInString(r.Reason) > maxReason:
		return fmt.Errorf("reason is longer than %d characters", maxReason)
	case len(r.Categories) > 100:
		return errors.New("categories are too many")
	case r.At.IsZero():
		return errors.New("at is missing: the time of the outcome, such as 2026-01-15T10:00:00Z")
	}
	if r.LookAgain != nil && (!r.LookAgain.After(r.At) || r.Outcome != OutcomeHeld && r.Outcome != OutcomePartial) {
		return errors.New("look_again must be after at, and needs the outcome held or partial")
	}
	for c, o := range r.Categories {
		if len(c) > 64 || !slices.Contains(AnswersTo("delete"), o) {
			return errors.New("categories: each value must be done, partial, held, not_found or refused")
		}
		if isFinal(r.Outcome) && !isFinal(o) {
			return fmt.Errorf("outcome cannot be %s while a category is %s: use partial", r.Outcome, o)
		}
	}
	return nil
}

// isFinal reports whether an outcome of a deletion leaves nothing to do.
func isFinal(outcome string) bool { return outcome == OutcomeDone || outcome == OutcomeNotFound }

func isOutcome(o string) bool {
	return o == OutcomeSent || o == OutcomeFailed || slices.Contains(AnswersTo("delete"), o) ||
		slices.Contains(AnswersTo("ask-consent"), o)
}

// Encode writes the receipt as JSON.
func (r *Receipt) Encode() ([]byte, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode receipt of %s: %w", r.Decision, err)
	}
	return data, nil
}
