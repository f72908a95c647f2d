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

// customerUpdated reads a change of address. The old address joins the new one, so that the person
// stays known by both; then a second fact carries the new address alone, which is in force from
// then on.
func (r *reader) customerUpdated() {
	o, before := r.object(), r.event.Data.Previous.Email
	if before == nil {
		r.silent(ingest.SilentNothingNew)
		return
	}
	var current, all ingest.Identities
	current.Add("stripe", payload.Name(o.ID))
	known := current.AddEmail(string(o.Email))
	all = append(all, current...)
	var old string
	if err := json.Unmarshal(before, &old); err == nil {
		all.AddEmail(old)
	}
	if len(all) < 2 {
		r.silent(ingest.SilentNothingNew)
		return
	}
	r.identified(all, 0)
	if known && len(all) > len(current) {
		r.emit(current, nil, &factv1.Fact{Kind: factv1.Kind_KIND_ADDRESS_CHANGED, Occurred: r.when()})
	}
}

func (r *reader) identified(who ingest.Identities, created payload.Number) {
	r.emit(who, nil, &factv1.Fact{Kind: factv1.Kind_KIND_IDENTIFIED, Occurred: r.when(created)})
}
