package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// AddressState is where the address of a person stands: the e-mail address and the telephone number among the names.
type AddressState string

// The states of an address.
const (
	// AddressHeld: the address may be held, or a decision to delete it is not published yet.
	AddressHeld AddressState = "held"
	// AddressInCorrespondence: the address may be held only as a part of the correspondence about a request of the person.
	AddressInCorrespondence AddressState = "correspondence"
	// AddressSealed: the address was deleted. It stays sealed while other data of the person are held, so that recipients
	// can be told whose data to delete (GDPR Art. 17, 19), and is shown to nobody.
	AddressSealed AddressState = "sealed"
)

// IsShown reports whether pages and documents may show the address.
func (a AddressState) IsShown() bool { return a != AddressSealed }

// Address returns where the address of the subject stands at an instant. Under a policy without a category of addresses
// the address is held as long as any personal data are.
func (s *Subject) Address(p *rules.Policy, at time.Time) AddressState {
	if !p.HasAddressCategory() || s.deletesAddress(p) {
		return AddressHeld
	}
	h := rules.Evaluate(p, s.Facts)
	defer h.Release()
	out := AddressSealed
	for _, o := range h.Holdings(at) {
		c := p.Categories[o.Category]
		switch {
		case !o.InForce:
		case c.IsAddress():
			return AddressHeld
		case c.Correspondence:
			out = AddressInCorrespondence
		}
	}
	return out
}

// deletesAddress reports whether a deletion of the address is decided and not published.
func (s *Subject) deletesAddress(p *rules.Policy) bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool {
		return d.Kind == stream.KindDelete && (d.WholePerson() || slices.ContainsFunc(d.Items(), func(i rules.Item) bool {
			c := p.Categories[i.Category]
			return c.IsAddress()
		}))
	})
}
