package business

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// recipients returns the recipients of the configuration for the core. The categories of a
// recipient come from the configuration, or from the recipient of the same id in the policy.
func recipients(c *config.Config, p *rules.Policy) ([]rules.ConnectedRecipient, error) {
	var out []rules.ConnectedRecipient
	for i := range c.Recipients {
		r := &c.Recipients[i]
		a := rules.ConnectedRecipient{
			ID:         r.ID,
			Name:       r.Name,
			Holds:      r.Holds,
			AnswerDays: r.Answer(),
			Dispatched: r.Dispatched(),
			Source:     c.SourceOf(r),
			Country:    r.Country,
			Safeguard:  r.Safeguard,
		}
		if len(a.Holds) == 0 {
			a.Holds = p.Recipients[r.ID].Holds
		}
		if len(a.Holds) == 0 {
			err := fmt.Errorf("recipients: the policy does not know %s, and %s has no holds: list the categories of data "+
				"that the system holds under holds ([\"*\"] means all), or add the recipient to the policy; categories are %s",
				r.ID, r.ID, strings.Join(categories(p), ", "))
			return nil, c.At(err, "recipients", i)
		}
		if slices.Equal(a.Holds, []string{config.HoldsAll}) {
			a.Holds = categories(p)
		}
		for j, category := range a.Holds {
			if _, ok := p.Categories[category]; !ok {
				err := fmt.Errorf(
					"recipients: %s holds %q, which is not a category of the policy; known are %s",
					r.ID,
					category,
					strings.Join(categories(p), ", "),
				)
				return nil, c.At(err, "recipients", i, "holds", j)
			}
		}
		for _, kind := range r.Accepts() {
			a.Deletions = a.Deletions || kind == string(stream.KindDelete)
			a.Questions = a.Questions || kind == string(stream.KindAskConsent)
		}
		out = append(out, a)
	}
	return out, nil
}

func categories(p *rules.Policy) []string {
	var out []string
	for c := range p.Categories {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}
