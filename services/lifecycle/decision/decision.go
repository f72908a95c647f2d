package decision

import (
	"crypto/sha256"
	"encoding/base32"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Kind is the instruction to recipients.
type Kind string

// The kinds of decisions.
const (
	KindDelete     Kind = "delete"
	KindAskConsent Kind = "ask-consent"
)

// Decision instructs recipients to delete data, or to ask a person for consent. A decision holds no
// address; the relay adds the address on publication.
type Decision struct {
	// ID is derived from the subject and the lapsed items, or the question: the same decision made
	// twice has the same id.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Subject is the id of the person.
	Subject string `json:"subject"`
	// At is the instant of the decision, Effective the instant from which the decision is due.
	At        time.Time `json:"at"`
	Effective time.Time `json:"effective"`
	// Revision is the policy that decided.
	Revision string `json:"revision"`
	// WholePerson reports whether nothing may be held any more, except keyed hashes and the
	// correspondence about an open request of the person.
	WholePerson bool `json:"whole_person,omitempty"`
	// Repeated reports whether the deletion repeats an earlier one, because erased data returned.
	Repeated bool `json:"again,omitempty"`
	// Recipients are the ids of the recipients to notify.
	Recipients []string `json:"recipients,omitempty"`
	// Items are the items to delete.
	Items []rules.Item `json:"items,omitempty"`
	// Names lists the further names of the records among Items, for recipients that use those
	// names.
	Names map[string][]string `json:"names,omitempty"`
	// Bases are the reasons: for a deletion the ended bases, for a question the basis on which the
	// person is a customer.
	Bases []rules.Basis `json:"because"`
	// Retained are the items that may still be held.
	Retained []RetainedItem `json:"stays,omitempty"`
	// Question is set for ask-consent.
	Question *Question `json:"question,omitempty"`
	// Trace is the W3C trace context of the webhook behind the decision; empty for a decision by
	// time.
	Trace string `json:"trace,omitempty"`
}

// RetainedItem is an item that may still be held.
type RetainedItem struct {
	rules.Item
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Until is the first instant at which the item may no longer be held; nil while no end is
	// known.
	Until *time.Time `json:"until,omitempty"`
}

// Question is a question for consent.
type Question struct {
	Purpose  string `json:"purpose"`
	Channel  string `json:"channel"`
	Wording  string `json:"wording"`
	Language string `json:"language"`
	Text     string `json:"text"`
	// Places are the permitted places of the question; a message of its own is none.
	Places []string `json:"places"`
	// Until is when the question falls.
	Until time.Time `json:"until"`
}

// NewID hashes the subject matter of a decision into a short, speakable id.
func NewID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = io.WriteString(h, strconv.Itoa(len(p))+":"+p) // a hash never fails
	}
	sum := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:15])
	return "dec_" + strings.ToLower(sum)
}

// NewDeleteID is the id of a deletion; before are the earlier decisions about the same items, if the
// deletion is announced anew.
func NewDeleteID(subject string, lapse time.Time, items []rules.Item, before []string) string {
	parts := []string{subject, string(KindDelete), lapse.UTC().Format(time.RFC3339Nano)}
	for _, i := range items {
		parts = append(parts, i.Category, i.Ref)
	}
	return NewID(append(parts, before...)...)
}

// RecipientsOf returns the ids of the connected recipients that a decision concerns.
func RecipientsOf(p *rules.Policy, d *Decision) []string {
	var out []string
	for i := range p.Connected {
		r := &p.Connected[i]
		if d.Kind == KindDelete && r.Deletions && r.HoldsAny(d.Items) || d.Kind == KindAskConsent && r.Questions {
			out = append(out, r.ID)
		}
	}
	return out
}
