package webhook

import (
	"encoding/json"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// customerCreated joins a customer's id and address, which later events may carry apart.
func (r *reader) customerCreated() {
	o := r.object()
	var who ingest.Identities
	who.Add("stripe", payload.Name(o.ID))
	if !who.AddEmail(string(o.Email)) {
		r.silent(ingest.SilentNoPerson)
		return
	}
	r.identified(who, o.Created)
}

// customerUpdated reads a change of address. The new address joins the customer, who is known by the
// old one where Stripe reported the customer before; the old address of the event joins nobody,
// because a mistyped address belongs to another person. A second fact carries the new address as the
// one that is in force from then on.
func (r *reader) customerUpdated() {
	o, before := r.object(), r.event.Data.Previous.Email
	if before == nil {
		r.silent(ingest.SilentNothingNew)
		return
	}
	var who ingest.Identities
	who.Add("stripe", payload.Name(o.ID))
	if !who.AddEmail(string(o.Email)) || len(who) < 2 {
		r.silent(ingest.SilentNothingNew)
		return
	}
	r.identified(who, 0)
	var text string
	if json.Unmarshal(before, &text) != nil {
		return
	}
	if old, ok := ingest.Email(text); ok && old != who[1].GetValue() {
		r.emit(who, nil, &factv1.Fact{Kind: factv1.Kind_KIND_ADDRESS_CHANGED, Occurred: r.when()})
	}
}

func (r *reader) identified(who ingest.Identities, created payload.Number) {
	r.emit(who, nil, &factv1.Fact{Kind: factv1.Kind_KIND_IDENTIFIED, Occurred: r.when(created)})
}
