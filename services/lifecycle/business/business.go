// Package business knows what the configuration states about the business that uses a policy: the controller and how to
// reach the controller, and the systems that are notified of decisions.
package business

import (
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// products returns the products that the sources list, by source.
func products(c *config.Config) map[string]map[string]rules.Product {
	out := map[string]map[string]rules.Product{}
	for i := range c.Sources {
		s := &c.Sources[i]
		of := make(map[string]rules.Product, len(s.Products))
		for key, listed := range s.Products {
			of[key] = rules.Product{Access: fact.Access(listed.Access), Days: listed.Days}
		}
		out[s.ID] = of
	}
	return out
}

// Connect adds to a policy the contact details, the recipients and the products of the configuration. None is part of
// the text and of the revision of the policy. The error names the line of a recipient whose data the policy does not
// know.
func Connect(p *rules.Policy, c *config.Config) error {
	connected, err := recipients(c, p)
	if err != nil {
		return err
	}
	p.Connected, p.Products = connected, products(c)
	p.Contact = rules.Contact{
		Address:        c.Contact.Address,
		Email:          c.Contact.Email,
		Phone:          c.Contact.Phone,
		Representative: c.Contact.Representative,
		DPO:            c.Contact.DPO,
		PrivacyNotice:  c.PrivacyNotice,
	}
	return nil
}
