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
)

// Event is a decision as other systems receive it: a CloudEvent 1.0 in structured
// JSON, the same bytes on every wire.
type Event struct {
	SpecVersion string `json:"specversion"`
	// ID is the decision's: the same decision sent twice has the same id.
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
	// Subject is the id of the person, which means nothing by itself.
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Decision  `json:"data"`
	// Traceparent is the W3C trace context in which it is published. It stands beside the
	// event, in a header of that name, and not in it.
	Traceparent string `json:"-"`
}

// Decision is what another system is to do about one person.
type Decision struct {
	// Kind is "delete" or "ask-consent".
	Kind string `json:"kind"`
	// Person says who, by every name that is known. It is empty once the address
	// had to go before.
	Person Person `json:"person"`
	// Effective is the instant from which the decision is due.
	Effective time.Time `json:"effective"`
	// Policy names the policy and its revision, as "pl@1a2b3c".
	Policy string `json:"policy"`
	// Because lists the bases the decision rests on: those that ended, or the one
	// on which the person may be asked.
	Because []Reason `json:"because"`
	// Recipients are the ids of the configured systems that are told (Art. 19): each
	// answers with a Receipt.
	Recipients []string `json:"recipients,omitempty"`
	// Replay is set when the decision is sent once more, under the same id, because a
	// system may have restored a backup: do again what was done.
	Replay *Replay `json:"replay,omitempty"`
	// Delete is set when Kind is "delete", Ask when it is "ask-consent".
	Delete *Delete `json:"delete,omitempty"`
	Ask    *Ask    `json:"ask,omitempty"`
}

// Replay says of a decision that it is sent once more.
type Replay struct {
	At time.Time `json:"at"`
	// Recipient is the one that it is for; empty means all that were told.
	Recipient string `json:"recipient,omitempty"`
}

// For tells whether the event is for a recipient.
func (e *Event) For(recipient string) bool {
	if r := e.Data.Replay; r != nil && r.Recipient != "" {
		return r.Recipient == recipient
	}
	return slices.Contains(e.Data.Recipients, recipient)
}

// Person names a person so that another system can find them.
type Person struct {
	Emails []string `json:"emails,omitempty"`
	// IDs are the platforms' ids, as "stripe:cus_123".
	IDs []string `json:"ids,omitempty"`
	// Hashes stand for Emails and IDs in a replay, once the names themselves are
	// deleted here: see Hash. Key is what they were made with.
	Hashes []string `json:"hashes,omitempty"`
	Key    string   `json:"key,omitempty"`
}

// Hash is what stands in Person.Hashes, and in place of the ref of an Item of a
// replay, for a name that the reader still has: an address in lower case, or an id
// as "stripe:cus_123". It is HMAC-SHA-256 under the key, base64url without padding.
func Hash(key, name string) string {
	m := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(m, name) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Reason is a basis behind a decision.
type Reason struct {
	// Rule is the rule of the policy, Cites the law behind it.
	Rule    string `json:"rule"`
	Purpose string `json:"purpose"`
	// Article is the basis in the GDPR, such as "6(1)(a)".
	Article string    `json:"article"`
	Cites   string    `json:"cites,omitempty"`
	Ref     string    `json:"ref,omitempty"`
	Since   time.Time `json:"since"`
	// Until is the first instant at which the basis no longer stands; absent while
	// it does and no end is known.
	Until *time.Time `json:"until,omitempty"`
	// Facts are the ids of the facts it rests on.
	Facts []string `json:"facts"`
}

// Delete says which data lost their last basis.
type Delete struct {
	// Scope is "person" when nothing may be held any more but keyed hashes, and
	// "part" otherwise.
	Scope string `json:"scope"`
	// Again tells that this was deleted before and has come back since.
	Again bool   `json:"again,omitempty"`
	Items []Item `json:"items"`
	// Purposes are those whose bases ended.
	Purposes []string `json:"purposes"`
	// Retained lists what may still be held, and until when.
	Retained []RetainedItem `json:"stays"`
}

// Item is a category of data; Ref names the record when it is kept per record.
type Item struct {
	Category string `json:"category"`
	Ref      string `json:"ref,omitempty"`
	// Names are other names of the record: an order may be known to one system by
	// its number and to another by its payment.
	Names []string `json:"names,omitempty"`
	// Hashes stand for Ref and Names in a replay whose names are deleted here.
	Hashes []string `json:"hashes,omitempty"`
}

// RetainedItem is an item that may still be held.
type RetainedItem struct {
	Item
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Until is the first instant at which it may not be held; absent while no end
	// is known. LastDay is the last whole day before, in the policy's zone.
	Until   *time.Time `json:"until,omitempty"`
	LastDay string     `json:"last_day,omitempty"`
}

// Ask says what to ask the person, and where.
type Ask struct {
	Purpose string `json:"purpose"`
	Channel string `json:"channel"`
	// Wording is the id to send back with the answer.
	Wording  string `json:"wording"`
	Language string `json:"language"`
	Text     string `json:"text"`
	// Places are where the question may stand: never a message of its own.
	Places []string `json:"places"`
	// Until is when the question falls.
	Until time.Time `json:"until"`
	// Page is a page of ours that asks, for this person alone; empty where none is
	// set up. Withdrawal later is under the same address.
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

// eventFault says what is wrong with an event without what stands in it, which may be an
// address: an error of encoding/json may quote it.
func eventFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return "it is not JSON at byte " + strconv.FormatInt(syntax.Offset, 10)
	case errors.As(err, &kind) && kind.Field != "":
		return kind.Field + " is of the wrong type"
	case errors.As(err, &kind):
		return "it is no JSON object"
	}
	return "a value cannot be read; times are written as 2026-01-15T10:00:00Z"
}
