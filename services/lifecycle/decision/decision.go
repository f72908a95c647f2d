package decision

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Decision is a decision in an outbox: the decision of the wire, without an address. Event adds the
// names of the person, the cited law and the consent page on publication.
type Decision struct {
	// ID is derived from the subject and the lapsed items, or the question: the same decision made
	// twice has the same id.
	ID string `json:"id"`
	// Subject is the id of the person.
	Subject string `json:"subject"`
	// At is the instant of the decision.
	At time.Time `json:"at"`
	// Revision is the policy that decided.
	Revision string `json:"revision"`
	// Trace is the W3C trace context of the webhook behind the decision; empty for a decision by
	// time.
	Trace string `json:"trace,omitempty"`
	// Held keeps the decision from its recipients; nil publishes the decision.
	Held            *Held `json:"held,omitempty"`
	stream.Decision `json:",inline"`
}

// Held is why a decision is not published yet.
type Held struct {
	Reason HeldReason `json:"reason"`
	// Until is the instant of the publication; nil while an order of the controller is missing.
	Until *time.Time `json:"until,omitempty"`
}

// HeldReason is a reason to hold a decision back.
type HeldReason string

// The reasons.
const (
	// HeldObserving means that none of the recipients is notified before the controller goes live.
	HeldObserving HeldReason = "observing"
	// HeldHistory means that a deletion at a platform rests on a source of which it is not known what happened before the
	// installation.
	HeldHistory HeldReason = "history_missing"
	// HeldDelay means that a recipient is notified only some time after the decision, so that news can stop an
	// irreversible act.
	HeldDelay HeldReason = "delay"
	// HeldUnlisted means that the person bought a product that the configuration does not list, so that the end of the
	// access is a guess.
	HeldUnlisted HeldReason = "unmapped_product"
	// HeldMany means that news would delete data of too many persons within an hour. No decision is stored with the
	// reason: the brake holds the decisions of all such persons back together.
	HeldMany HeldReason = "too_many"
)

// HeldReasons are the reasons with which a decision may be stored.
func HeldReasons() []HeldReason {
	return []HeldReason{HeldObserving, HeldHistory, HeldDelay, HeldUnlisted}
}

// IsDue reports whether the decision may be published at an instant.
func (d *Decision) IsDue(at time.Time) bool {
	return d.Held == nil || d.Held.Until != nil && !d.Held.Until.After(at)
}

// The scopes of a deletion: ScopePerson when nothing may be held any more, ScopePart otherwise.
const (
	ScopePerson = "person"
	ScopePart   = "part"
)

// NewDeletion returns the deletion of items whose bases lapsed at an instant. retained are the items
// that may still be held; several deletions may share the list.
func NewDeletion(
	id, subject string, lapse time.Time, items []stream.Item, bases []*rules.Basis, retained []stream.RetainedItem,
) Decision {
	d := Decision{ID: id, Subject: subject, Decision: stream.Decision{
		Kind: stream.KindDelete, Effective: lapse, Because: Reasons(bases...),
		Delete: &stream.Delete{
			Scope: ScopePart, Items: items, Purposes: make([]string, 0, len(bases)), Retained: retained,
		},
	}}
	d.addPurposes()
	return d
}

// addPurposes lists the purposes of the ended bases.
func (d *Decision) addPurposes() {
	for i := range d.Because {
		if p := d.Because[i].Purpose; !slices.Contains(d.Delete.Purposes, p) {
			d.Delete.Purposes = append(d.Delete.Purposes, p)
		}
	}
}

// maxFacts bounds the facts that a reason names: the first ones, and the last one, which may have ended the
// basis.
const maxFacts = 50

// Reasons returns bases as the reasons of a decision. Of a basis on more than maxFacts facts a part is named.
func Reasons(bases ...*rules.Basis) []stream.Reason {
	out := make([]stream.Reason, len(bases))
	for i, b := range bases {
		facts := b.Facts
		if len(facts) > maxFacts {
			facts = append(slices.Clone(facts[:maxFacts-1]), facts[len(facts)-1])
		}
		out[i] = stream.Reason{
			Rule: b.Rule, Purpose: b.Purpose, Article: b.Article, Ref: b.Ref, Since: b.Since, Until: b.Until, Facts: facts,
		}
	}
	return out
}

// WholePerson reports whether nothing may be held any more, except keyed hashes and the
// correspondence about an open request of the person.
func (d *Decision) WholePerson() bool { return d.Delete != nil && d.Delete.Scope == ScopePerson }

// MarkWholePerson makes the deletion the completion of the erasure of the person.
func (d *Decision) MarkWholePerson() { d.Delete.Scope = ScopePerson }

// Repeated reports whether the deletion repeats an earlier one, because erased data returned.
func (d *Decision) Repeated() bool { return d.Delete != nil && d.Delete.Again }

// NewRetraction returns the retraction of a published decision about a subject: the items that may be
// held again, or nothing of a question, and the bases in force again.
func NewRetraction(subject string, r stream.Retract, bases []*rules.Basis, at time.Time) Decision {
	parts := []string{subject, string(stream.KindRetract), r.Decision, at.UTC().Format(time.RFC3339Nano)}
	for _, item := range r.Items {
		parts = append(parts, item.Category, item.Ref)
	}
	return Decision{ID: NewID(parts...), Subject: subject, At: at, Decision: stream.Decision{
		Kind: stream.KindRetract, Effective: at, Because: Reasons(bases...), Retract: &r,
	}}
}

// RetractedItems are the items that a retraction permits to hold again; nil for other decisions.
func (d *Decision) RetractedItems() []rules.Item {
	if d.Retract == nil {
		return nil
	}
	return plainItems(d.Retract.Items)
}

// Items are the items to delete; nil for a question and a retraction.
func (d *Decision) Items() []rules.Item {
	if d.Delete == nil {
		return nil
	}
	return plainItems(d.Delete.Items)
}

func plainItems(named []stream.Item) []rules.Item {
	items := make([]rules.Item, len(named))
	for i, item := range named {
		items[i] = rules.Item{Category: item.Category, Ref: item.Ref}
	}
	return items
}

// Event returns the event of the decision, for other systems to read. page is the address of the
// consent page; empty means that there is none.
func (d *Decision) Event(p *rules.Policy, person stream.Person, page string) *stream.Event {
	data := d.Decision
	data.Person, data.Policy, data.Because = person, p.ID+"@"+d.Revision, slices.Clone(d.Because)
	for i := range data.Because {
		if r := p.Rule(data.Because[i].Rule); r != nil {
			data.Because[i].Cites = r.Cites
		}
	}
	e := &stream.Event{
		SpecVersion: "1.0", ID: d.ID, Source: stream.Source, Type: stream.TypeDelete, Subject: d.Subject,
		Time: d.At, DataContentType: "application/json", Traceparent: d.Trace,
	}
	if d.Delete != nil {
		deletion := *d.Delete
		deletion.Retained = append([]stream.RetainedItem{}, deletion.Retained...)
		for i := range deletion.Retained {
			deletion.Retained[i].LastDay = p.LastDay(deletion.Retained[i].Until)
		}
		data.Delete = &deletion
	}
	if d.Ask != nil {
		ask := *d.Ask
		ask.Page = page
		e.Type, data.Ask = stream.TypeAskConsent, &ask
	}
	if d.Retract != nil {
		e.Type = stream.TypeRetract
	}
	e.Data = data
	return e
}

// NewID hashes the subject matter of a decision into a short, speakable id.
func NewID(parts ...string) string {
	var place [usualText]byte
	text := place[:0]
	for _, p := range parts {
		text = appendPart(text, p)
	}
	return hashed(text)
}

// usualText is the length of the subject matter of a usual decision.
const usualText = 1024

// appendPart appends a part of the subject matter of a decision, so that no other parts give the same text.
func appendPart(text []byte, part string) []byte {
	return append(append(strconv.AppendInt(text, int64(len(part)), 10), ':'), part...)
}

// hashed hashes the subject matter of a decision into an id.
func hashed(text []byte) string {
	const prefix = "dec_"
	sum := sha256.Sum256(text)
	var place [len(prefix) + 24]byte
	id := base32.StdEncoding.AppendEncode(append(place[:0], prefix...), sum[:15])
	for i := len(prefix); i < len(id); i++ {
		id[i] |= ' ' // to lower case; digits stay
	}
	return string(id)
}

// NewDeleteID is the id of a deletion; before are the earlier decisions about the same items, if the
// deletion is announced anew.
func NewDeleteID(subject string, lapse time.Time, items []rules.Item, before []string) string {
	var place [usualText]byte
	var instant [len(time.RFC3339Nano)]byte
	text := appendPart(appendPart(place[:0], subject), string(stream.KindDelete))
	text = appendPart(text, string(lapse.UTC().AppendFormat(instant[:0], time.RFC3339Nano)))
	for i := range items {
		text = appendPart(appendPart(text, items[i].Category), items[i].Ref)
	}
	for _, id := range before {
		text = appendPart(text, id)
	}
	return hashed(text)
}

// RecipientsOf returns the ids of the connected recipients that a decision of a kind about items
// concerns.
func RecipientsOf(p *rules.Policy, kind stream.Kind, items []rules.Item) []string {
	var out []string
	for i := range p.Connected {
		r := &p.Connected[i]
		if kind == stream.KindDelete && r.Deletions && r.HoldsAny(items) || kind == stream.KindAskConsent && r.Questions {
			out = append(out, r.ID)
		}
	}
	return out
}

// Published returns the decision of a published event, as it was in the outbox.
func Published(e *stream.Event) Decision {
	d := e.Data
	_, revision, _ := strings.Cut(d.Policy, "@")
	d.Person, d.Policy = stream.Person{}, ""
	return Decision{ID: e.ID, Subject: e.Subject, At: e.Time, Revision: revision, Trace: e.Traceparent, Decision: d}
}
