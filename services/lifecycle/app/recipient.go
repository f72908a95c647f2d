package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/api/config"
	"github.com/rodopath/rodopath/services/lifecycle"
)

// addressees are the recipients of the configuration, as the core knows them. What one
// holds is said there, or by the policy of a recipient of the same id.
func addressees(c *config.Config, p *lifecycle.Policy) ([]lifecycle.ConnectedRecipient, error) {
	var out []lifecycle.ConnectedRecipient
	for i := range c.Recipients {
		r := &c.Recipients[i]
		a := lifecycle.ConnectedRecipient{ID: r.ID, Name: r.Name, Holds: r.Holds, AnswerDays: r.Answer(), Dispatched: r.Dispatched()}
		if len(a.Holds) == 0 {
			a.Holds = p.Recipients[r.ID].Holds
		}
		for j, category := range a.Holds {
			if _, ok := p.Categories[category]; !ok {
				err := fmt.Errorf("recipients: %s holds %q, which is no category of the policy; known are %s", r.ID, category, strings.Join(categories(p), ", "))
				return nil, c.At(err, "recipients", i, "holds", j)
			}
		}
		for _, kind := range r.Accepts() {
			a.Kinds = append(a.Kinds, lifecycle.DecisionKind(kind))
		}
		out = append(out, a)
	}
	return out, nil
}

func categories(p *lifecycle.Policy) []string {
	var out []string
	for c := range p.Categories {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// shared are the recipients that read the stream and have no token: to the broker they
// have no name of their own.
func shared(c *config.Config) []string {
	var out []string
	for i := range c.Recipients {
		if r := &c.Recipients[i]; r.By == "nats" && r.Token == "" {
			out = append(out, r.ID)
		}
	}
	return out
}
