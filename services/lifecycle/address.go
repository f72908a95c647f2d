package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// AddressState is where an address of a person stands: the e-mail address, or the telephone number, among the names.
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

// Addresses are where the e-mail address and the telephone number of a person stand. The number may outlive the
// address, as where the person consented to calls alone, and the other way round.
type Addresses struct{ Email, Phone AddressState }

// Addresses returns where the addresses of the subject stand at an instant. Under a policy without a category of e-mail
// addresses they are held as long as any personal data are, and without one of telephone numbers the number is held
// with the e-mail address.
func (s *Subject) Addresses(p *rules.Policy, at time.Time) Addresses {
	email, phone := (*rules.Category).IsEmail, (*rules.Category).IsPhone
	if !p.HasCategory(email) {
		return Addresses{AddressHeld, AddressHeld}
	}
	if !p.HasCategory(phone) {
		phone = email
	}
	h := rules.Evaluate(p, s.Facts)
	defer h.Release()
	holdings := h.Holdings(at)
	return Addresses{s.addressState(p, holdings, email), s.addressState(p, holdings, phone)}
}

// addressState returns where the data of the categories of an address stand.
func (s *Subject) addressState(p *rules.Policy, holdings []rules.Holding, is func(*rules.Category) bool) AddressState {
	if s.deletes(p, is) {
		return AddressHeld
	}
	out := AddressSealed
	for i := range holdings {
		c := p.Categories[holdings[i].Category]
		switch {
		case !holdings[i].InForce:
		case is(&c):
			return AddressHeld
		case c.Correspondence:
			out = AddressInCorrespondence
		}
	}
	return out
}

// deletes reports whether a deletion of data of some categories is decided and not published.
func (s *Subject) deletes(p *rules.Policy, is func(*rules.Category) bool) bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool {
		return d.Kind == stream.KindDelete && (d.WholePerson() || slices.ContainsFunc(d.Items(), func(i rules.Item) bool {
			c := p.Categories[i.Category]
			return is(&c)
		}))
	})
}
