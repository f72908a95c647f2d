package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/business"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// checkPolicy reads the configured policy and reports names in the configuration that the policy does
// not know.
func checkPolicy(c *config.Config) error {
	p, err := policy.Load(policyPath(c), c.Controller)
	if err != nil {
		return err
	}
	if err := checkWordings(c, p); err != nil {
		return err
	}
	return business.Connect(p, c)
}

// checkWordings reports a wording of a source that the policy does not define: a consent to an unknown
// text cannot be demonstrated (GDPR Art. 7(1)).
func checkWordings(c *config.Config, p *rules.Policy) error {
	for i := range c.Sources {
		s := &c.Sources[i]
		for _, name := range s.Wordings() {
			if !slices.ContainsFunc(p.Wordings, func(w rules.Wording) bool { return w.ID == name }) {
				err := fmt.Errorf("sources: %s has the wording %q, which the policy does not define; known are %s",
					s.ID, name, strings.Join(wordings(p), ", "))
				return c.At(err, "sources", i)
			}
		}
	}
	return nil
}

func wordings(p *rules.Policy) []string {
	known := map[string]bool{}
	for i := range p.Wordings {
		known[p.Wordings[i].ID] = true
	}
	return slices.Sorted(maps.Keys(known))
}
