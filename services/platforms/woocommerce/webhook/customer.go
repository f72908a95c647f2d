package webhook

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// customer joins a customer's number and the address of the account. The address of the bills is what the last
// order had, perhaps another person's. The account of a member of the staff stands for many buyers, whose
// telephone orders the staff enters.
func (r *reader) customer() {
	rec := r.record
	switch rec.Role {
	case "administrator", "shop_manager", "editor", "author", "contributor":
		r.silent(ingest.SilentStaff)
		return
	}
	var who ingest.Identities
	who.Add("woocommerce", r.name("", rec.ID))
	if !who.AddEmail(string(rec.Email)) || rec.ID.Name() == "" {
		r.silent(ingest.SilentNoPerson)
		return
	}
	r.emit(who, &factv1.Fact{
		Kind:     factv1.Kind_KIND_IDENTIFIED,
		Occurred: payload.First(r.modified(), r.created()),
	})
}
