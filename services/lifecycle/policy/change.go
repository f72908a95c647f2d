package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Change reads a policy with changes: "claims=strict" for a choice,
// "webinar.until=60 days after webinar" for the period of a rule, "ID.text=…" for the
// text of a wording, and "ask.places=checkout,account" for where is asked.
func Change(file string, data []byte, controller string, changes []string) (*rules.Policy, error) {
	p, _, err := check(file, data, controller, changes)
	return p, err
}

// change applies changes to the document.
func (c *compiler) change(changes []string) error {
	for _, change := range changes {
		name, is, ok := strings.Cut(change, "=")
		id, key, part := strings.Cut(name, ".")
		switch {
		case !ok || name == "" || is == "":
			return fmt.Errorf(
				"%q is not a change of a policy; write one like claims=strict or webinar.until=\"60 days after webinar\"",
				change,
			)
		case !part:
			c.doc.Choices[name] = is
		case name == "ask.places":
			for i := range c.doc.Ask {
				c.doc.Ask[i].Places = strings.Split(is, ",")
			}
		default:
			if err := c.changePart(id, key, is); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *compiler) changePart(id, key, is string) error {
	rule := slices.IndexFunc(c.doc.Rules, func(r rule) bool { return r.ID == id })
	named := func(w wording) bool { return w.ID == id }
	switch {
	case key == "until" && rule >= 0:
		c.doc.Rules[rule].Until = words{is}
	case key == "text" && slices.ContainsFunc(c.doc.Wordings, named):
		for i := range c.doc.Wordings {
			if named(c.doc.Wordings[i]) {
				c.doc.Wordings[i].Text = is
			}
		}
	default:
		return fmt.Errorf("the policy has no %s.%s; a rule has until, a wording has text", id, key)
	}
	return nil
}
