package policy

import (
	"github.com/rodopath/rodopath/services/internal/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Choice is a switch of a policy, where the law leaves a choice.
type Choice struct {
	ID string `json:"id"`
	// Value is the option in force.
	Value   string   `json:"value"`
	Options []Option `json:"options"`
}

// Option is an option of a choice with what it risks.
type Option struct {
	Value string    `json:"value"`
	Risks []Warning `json:"risks"`
}

// Term is the retention period of a rule under the choices in force.
type Term struct {
	Rule    string         `json:"rule"`
	Purpose report.Purpose `json:"for"`
	Article string         `json:"article"`
	Cites   string         `json:"cites,omitempty"`
	// Until is the period in the language of policies, the earliest of several ends; empty for a consent, which stands
	// until its withdrawal. Period says the same in words.
	Until  []string    `json:"until"`
	Period report.Text `json:"period"`
}

// Settings are what may be changed in a policy.
type Settings struct {
	Choices []Choice `json:"choices"`
	Terms   []Term   `json:"terms"`
}

// ReadSettings returns the choices of a policy text with the risks of each option, and the retention periods of the
// rules that apply. The policy is the one that the text describes.
func ReadSettings(file string, data []byte, p *rules.Policy) (*Settings, error) {
	var doc document
	at, err := strictyaml.Decode(file, data, &doc)
	if err != nil {
		return nil, err
	}
	c := compiler{file: file, at: at}
	if err := c.extend(doc); err != nil {
		return nil, err
	}
	out := &Settings{Choices: []Choice{}, Terms: []Term{}}
	for _, id := range sortedKeys(c.doc.Options) {
		out.Choices = append(out.Choices, c.choice(id))
	}
	for i := range c.doc.Rules {
		r := &c.doc.Rules[i]
		if c.chosen(r.OnlyIf) && p.Rule(r.ID) != nil {
			out.Terms = append(out.Terms, Term{
				Rule: r.ID, Purpose: report.PurposeOf(p, r.Purpose), Article: r.Article, Cites: r.Cites,
				Until: r.Until, Period: report.Storage(p, p.Rule(r.ID)),
			})
		}
	}
	return out, nil
}

func (c *compiler) choice(id string) Choice {
	out := Choice{ID: id, Value: c.doc.Choices[id]}
	for _, is := range c.doc.Options[id] {
		o := Option{Value: is, Risks: []Warning{}}
		for _, w := range c.doc.Warnings {
			if w.Choice == id+"="+is {
				o.Risks = append(o.Risks, Warning{Risk: w.Risk, Says: w.Says, Cites: w.Cites})
			}
		}
		out.Options = append(out.Options, o)
	}
	return out
}
