package lifecycle

import (
	"crypto/sha256"
	"encoding/base32"
	"io"
	"strconv"
	"strings"
	"time"
)

// DecisionKind is what other systems are told to do.
type DecisionKind string

// The two things that Rodopath tells other systems.
const (
	DecisionDelete     DecisionKind = "delete"
	DecisionAskConsent DecisionKind = "ask-consent"
)

// Decision tells other systems to delete data or to ask a person for consent.
// It does not hold the person's address; that is added when it is sent.
type Decision struct {
	// ID is derived from the subject and from what lapsed when, or what is asked:
	// deciding again gives the same id.
	ID   string       `json:"id"`
	Kind DecisionKind `json:"kind"`
	// Subject is the id of the person.
	Subject string `json:"subject"`
	// At is when it was decided, Effective the instant from which it is due.
	At        time.Time `json:"at"`
	Effective time.Time `json:"effective"`
	// Revision is the policy that decided.
	Revision string `json:"revision"`
	// WholePerson means that nothing may be held any more but keyed hashes, and the
	// correspondence about the person's own request until it is answered.
	WholePerson bool `json:"whole_person,omitempty"`
	// Repeated means that the deletion was said before, and the data have come back.
	Repeated bool `json:"again,omitempty"`
	// Recipients are the ids of those who are told.
	Recipients []string `json:"recipients,omitempty"`
	// Items are what to delete.
	Items []Item `json:"items,omitempty"`
	// Names lists the other names of the records among Items, by which another
	// system may know them.
	Names map[string][]string `json:"names,omitempty"`
	// Bases gives the reasons: for a deletion the bases that ended, for a
	// question the basis on which the person is a customer.
	Bases []Basis `json:"because"`
	// Retained are the items that remain, each with its last instant.
	Retained []RetainedItem `json:"stays,omitempty"`
	// Question is set for ask-consent.
	Question *Question `json:"question,omitempty"`
	// Trace is the W3C trace context of the webhook that led to it; empty when time did.
	Trace string `json:"trace,omitempty"`
}

// RetainedItem is an item that may still be held.
type RetainedItem struct {
	Item
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Until is the first instant at which it may not be held; nil while no end is known.
	Until *time.Time `json:"until,omitempty"`
}

// Question is what to ask a person, and where.
type Question struct {
	Purpose  string `json:"purpose"`
	Channel  string `json:"channel"`
	Wording  string `json:"wording"`
	Language string `json:"language"`
	Text     string `json:"text"`
	// Places are where it may be asked; never in a message of its own.
	Places []string `json:"places"`
	// Until is when the question falls.
	Until time.Time `json:"until"`
}

// decisionID hashes what a decision is about into a short, speakable id.
func decisionID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = io.WriteString(h, strconv.Itoa(len(p))+":"+p) // a hash never fails
	}
	sum := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:15])
	return "dec_" + strings.ToLower(sum)
}

// deleteID is the id of a deletion; before are the decisions that said the same items
// deleted already, if they have to be said again.
func deleteID(subject string, lapse time.Time, items []Item, before []string) string {
	parts := []string{subject, string(DecisionDelete), lapse.UTC().Format(time.RFC3339Nano)}
	for _, i := range items {
		parts = append(parts, i.Category, i.Ref)
	}
	return decisionID(append(parts, before...)...)
}
