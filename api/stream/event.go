package stream

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// ContentType is the media type of an Event on the wire.
const ContentType = "application/cloudevents+json"

// Source names the sender of events.
const Source = "rodopath/lifecycle"

// The types of events. A change that a consumer must know of gets a new version.
const (
	TypeDelete     = "dev.rodopath.delete.v1"
	TypeAskConsent = "dev.rodopath.ask-consent.v1"
	TypeRetract    = "dev.rodopath.retract.v1"
)

// Kind is the instruction of a decision.
type Kind string

// The kinds of decisions.
const (
	KindDelete     Kind = "delete"
	KindAskConsent Kind = "ask-consent"
	KindRetract    Kind = "retract"
)

// Event is a decision on the wire: a CloudEvent 1.0 in structured JSON, with the same bytes on
// every wire.
type Event struct {
	SpecVersion string `json:"specversion"`
	// ID is the decision's: the same decision sent twice has the same id.
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
	// Subject is the id of the person, without a meaning of its own.
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Decision  `json:"data"`
	// Traceparent is the W3C trace context of the publication, in a header of that name beside the
	// event.
	Traceparent string `json:"-"`
}

// Decision is the instruction to a recipient about one person.
type Decision struct {
	Kind Kind `json:"kind"`
	// Person holds every known name of the person; empty after the removal of the address.
	Person Person `json:"person"`
	// Effective is the instant from which the decision is due.
	Effective time.Time `json:"effective"`
	// Policy is the policy with its revision, such as "pl@1a2b3c".
	Policy string `json:"policy"`
	// Because lists the bases of the decision: the ended bases of a deletion, the basis of a question,
	// or the bases in force again of a retraction.
	Because []Reason `json:"because"`
	// Recipients are the ids of the notified recipients (Art. 19); each answers with a Receipt.
	Recipients []string `json:"recipients,omitempty"`
	// Replay is set on a replay under the same id, for a recipient that may have restored a backup:
	// the decision must be carried out again.
	Replay *Replay `json:"replay,omitempty"`
	// Delete is set when Kind is "delete", Ask when it is "ask-consent", Retract when it is "retract".
	Delete  *Delete  `json:"delete,omitempty"`
	Ask     *Ask     `json:"ask,omitempty"`
	Retract *Retract `json:"retract,omitempty"`
}

// Retract withdraws an earlier decision, in whole or in part: news arrived after the publication.
type Retract struct {
	// Decision is the id of the retracted decision, Of the kind of that decision.
	Decision string `json:"decision"`
	Of       Kind   `json:"of"`
	// Whole reports whether nothing of the decision remains to be carried out.
	Whole bool `json:"whole"`
	// Items are the items of a deletion that may be held again; empty for a question.
	Items []Item `json:"items,omitempty"`
}

// Replay describes the repeated publication of a decision.
type Replay struct {
	At time.Time `json:"at"`
	// Recipient is the recipient of the replay; empty means all notified recipients.
	Recipient string `json:"recipient,omitempty"`
}

// For reports whether the event concerns a recipient.
func (e *Event) For(recipient string) bool {
	if r := e.Data.Replay; r != nil && r.Recipient != "" {
		return r.Recipient == recipient
	}
	return slices.Contains(e.Data.Recipients, recipient)
}

// Person names a person for another system.
type Person struct {
	Emails []string `json:"emails,omitempty"`
	// IDs are the platforms' ids, as "stripe:cus_123".
	IDs []string `json:"ids,omitempty"`
	// Hashes replace Emails and IDs in a replay after the erasure of the names: see Hash. Key is
	// the key of the hashes.
	Hashes []string `json:"hashes,omitempty"`
	Key    string   `json:"key,omitempty"`
}

// Hash is the form of a name in Person.Hashes, and of the ref of an Item in a replay: HMAC-SHA-256
// under the key, base64url without padding. A name is an address in lower case, or an id such as
// "stripe:cus_123".
func Hash(key, name string) string {
	m := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(m, name) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Reason is a basis behind a decision.
type Reason struct {
	// Rule is the rule of the policy, Cites the law behind the rule.
	Rule    string `json:"rule"`
	Purpose string `json:"purpose"`
	// Article is the basis in the GDPR, such as "6(1)(a)".
	Article string    `json:"article"`
	Cites   string    `json:"cites,omitempty"`
	Ref     string    `json:"ref,omitempty"`
	Since   time.Time `json:"since"`
	// Until is the first instant after the basis; absent while no end is known.
	Until *time.Time `json:"until,omitempty"`
	// Facts are the ids of the raising facts.
	Facts []string `json:"facts"`
}

// Delete lists the data without a basis.
type Delete struct {
	// Scope is "person" when nothing may be held any more but keyed hashes, and
	// "part" otherwise.
	Scope string `json:"scope"`
	// Again reports whether the data were deleted before and have returned.
	Again bool   `json:"again,omitempty"`
	Items []Item `json:"items"`
	// Purposes are the purposes of the ended bases.
	Purposes []string `json:"purposes"`
	// Retained lists the items that may still be held, with their ends.
	Retained []RetainedItem `json:"stays"`
}

// Item is a category of data; Ref names the record of a per-record category.
type Item struct {
	Category string `json:"category"`
	Ref      string `json:"ref,omitempty"`
	// Names are further names of the record: one system knows an order by its number, another by
	// its payment.
	Names []string `json:"names,omitempty"`
	// Hashes replace Ref and Names in a replay after the erasure of the names.
	Hashes []string `json:"hashes,omitempty"`
}

// RetainedItem is an item that may still be held.
type RetainedItem struct {
	Item
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Until is the first instant at which the item may no longer be held; absent while no end is
	// known. LastDay is the last whole day before, in the policy's zone.
	Until   *time.Time `json:"until,omitempty"`
	LastDay string     `json:"last_day,omitempty"`
}

// Ask is a question to the person.
type Ask struct {
	Purpose string `json:"purpose"`
	Channel string `json:"channel"`
	// Wording is the id to send back with the answer.
	Wording  string `json:"wording"`
	Language string `json:"language"`
	Text     string `json:"text"`
	// Places are the permitted places of the question; a message of its own is none.
	Places []string `json:"places"`
	// Until is when the question falls.
	Until time.Time `json:"until"`
	// Page is the consent page of Rodopath for this person; empty without a configured page. The
	// same address serves a later withdrawal.
	Page string `json:"page,omitempty"`
}

// Encode writes the event as structured JSON.
func (e *Event) Encode() ([]byte, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return data, nil
}

// DecodeEvent reads an event from structured JSON.
func DecodeEvent(data []byte) (*Event, error) {
	e := &Event{}
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("decode event: %s", eventFault(err))
	}
	if e.SpecVersion != "1.0" {
		return nil, errors.New("decode event: specversion must be 1.0")
	}
	return e, nil
}

// eventFault describes a fault of an event without its values, which may be addresses: an error of
// encoding/json may quote a value.
func eventFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return "invalid JSON at byte " + strconv.FormatInt(syntax.Offset, 10)
	case errors.As(err, &kind) && kind.Field != "":
		return kind.Field + " is of the wrong type"
	case errors.As(err, &kind):
		return "not a JSON object"
	}
	return "a value is unreadable; the format of times is 2026-01-15T10:00:00Z"
}
