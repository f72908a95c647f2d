package policy

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// transactional is a neutral line in a message about an order. Whether asking there is marketing is
// disputed.
const transactional = "transactional_mail"

// places returns the default places of a question, which are not messages of their own: a question
// by mail, SMS or phone may itself be marketing. The cautious choice of deleting promptly also
// excludes transactional messages.
func (c *compiler) places() []string {
	green := []string{"checkout", "thank_you_page", "account"}
	if c.doc.Choices["claims"] == "strict" {
		return green
	}
	return append(green, transactional)
}

func (c *compiler) ask(i int, a ask) rules.Ask {
	at := func(keys ...any) path { return append(path{"ask", i}, keys...) }
	c.asked(at, a)
	if !slices.ContainsFunc(c.doc.Rules, func(r rule) bool { return r.Purpose == a.When }) {
		c.fault(at("when"), "no rule has the purpose %q", a.When)
	}
	allowed := strings.Join(c.places(), ", ")
	if len(a.Places) == 0 {
		c.fault(at(), "places are missing: choose from %s", allowed)
	}
	for j, place := range a.Places {
		if !slices.Contains(c.places(), place) {
			c.fault(
				at("places", j),
				"a question may not be placed in %q: asking there may itself be marketing; allowed are %s",
				place,
				allowed,
			)
		}
	}
	if a.StandsDays < 1 || a.StandsDays > 366 {
		c.fault(at(), "stands_days must be from 1 to 366")
	}
	return rules.Ask{
		Purpose: a.Purpose,
		Channel: a.Channel,
		Wording: a.Wording,
		When:    a.When,
		Places:  a.Places,
		Stands:  a.StandsDays,
	}
}

// asked checks the purpose, channel and wording of a question.
func (c *compiler) asked(at func(...any) path, a ask) {
	if !slices.ContainsFunc(c.doc.Rules, func(r rule) bool { return r.consent() && r.Purpose == a.Purpose }) {
		c.fault(at(), "no rule with raised_by: consent has the purpose %q", a.Purpose)
	}
	n := slices.IndexFunc(c.doc.Wordings, func(w wording) bool { return w.ID == a.Wording && w.Use != confirmation })
	switch {
	case n < 0:
		c.fault(at("wording"), "wording %q is not defined", a.Wording)
	case !slices.Contains(c.doc.Wordings[n].Covers, a.Purpose) || !slices.Contains(c.doc.Wordings[n].Channels, a.Channel):
		c.fault(at("wording"), "wording %q does not cover %s by %s", a.Wording, a.Purpose, a.Channel)
	}
}
