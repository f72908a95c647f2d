package streams

import (
	"cmp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/address"
)

// FactsSubject returns the subject of a delivery of facts in an installation with a number of partitions; 0 means 1. A
// delivery is of the slot of the person whom its strongest name names, so that the deliveries about one person mostly
// have one slot. Nothing may depend on the slot: one person may have several names, and a delivery several persons.
func FactsSubject(d *factv1.Delivery, partitions int) string {
	if partitions <= 1 {
		return stream.FactsOf(d.GetSource())
	}
	slot, known := AddressSlot(Address(d))
	if !known {
		slot = stream.SlotOf(weaker(d))
	}
	return stream.FactsIn(d.GetSource(), slot)
}

// AddressSlot returns the slot of a person with an address; false without an address.
func AddressSlot(email string) (slot int, known bool) {
	if email == "" {
		return 0, false
	}
	return stream.SlotOf(address.Normal(email)), true
}

// Address returns the first address in a delivery, the strongest name of its person; empty without one.
func Address(d *factv1.Delivery) string {
	for _, f := range d.GetFacts() {
		for _, i := range f.GetIdentities() {
			if i.GetKind() == "email" {
				return i.GetValue()
			}
		}
	}
	return ""
}

// weaker returns the strongest name in a delivery without an address: an id at a platform, or else a payment or another
// locator, or else a record. A delivery without any has its own id.
func weaker(d *factv1.Delivery) string {
	var id, locator, record string
	for _, f := range d.GetFacts() {
		for _, i := range f.GetIdentities() {
			id = cmp.Or(id, i.GetKind()+":"+i.GetValue())
		}
		for _, l := range f.GetLocators() {
			locator = cmp.Or(locator, l)
		}
		record = cmp.Or(record, f.GetRef())
	}
	return cmp.Or(id, locator, record, d.GetId())
}
