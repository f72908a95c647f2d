// Package business knows what the configuration states about the business that uses a policy: the controller and how to
// reach the controller, and the systems that are notified of decisions.
package business

import (
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Connect adds to a policy the contact details and the recipients of the configuration. Neither is part of the text and
// of the revision of the policy. The error names the line of a recipient whose data the policy does not know.
func Connect(p *rules.Policy, c *config.Config) error {
	connected, err := recipients(c, p)
	if err != nil {
		return err
	}
	p.Connected = connected
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
