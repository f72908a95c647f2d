package report

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Evidence describes the evidence of a consent in force and whether the evidence suffices (Art.
// 7(1)).
type Evidence struct {
	Purpose     string `json:"purpose"`
	PurposeName Text   `json:"purpose_name"`
	Channel     string `json:"channel"`
	// Since is the start of the consent, Given the instant of the act with the best evidence.
	Since time.Time `json:"since"`
	Given time.Time `json:"given"`
	// Source, Form and Confirmed describe the act.
	Source    string     `json:"source,omitempty"`
	Form      string     `json:"form,omitempty"`
	Confirmed *time.Time `json:"confirmed,omitempty"`
	IPKnown   bool       `json:"ip_known"`
	// Wording is the id of the text and Shown the text; both are empty when unknown.
	Wording string `json:"wording,omitempty"`
	Shown   string `json:"shown,omitempty"`
	// Provable reports whether the evidence is complete under Art. 7(1); Says states the same for
	// people.
	Provable bool   `json:"provable"`
	Says     Text   `json:"says"`
	Flaws    []Flaw `json:"flaws,omitempty"`
}

// Flaw is a defect of a consent or of its evidence, for the controller to correct.
type Flaw struct {
	Flaw rules.Flaw `json:"flaw"`
	// Fails reports whether the flaw makes the consent unprovable.
	Fails bool `json:"fails"`
	// Missing names the defect, Why its legal effect, Do the remedy.
	Missing Text `json:"missing"`
	Why     Text `json:"why"`
	Do      Text `json:"do"`
}

// EvidenceOf returns the evidence of each consent in force at an instant. For a consent given
// several times, the act with the best evidence counts.
func EvidenceOf(p *rules.Policy, s lifecycle.Subject, at time.Time) []Evidence {
	var out []Evidence
	for _, c := range s.Consents(p, at) {
		if !c.Stands() || len(c.Given) == 0 {
			continue
		}
		g := bestProof(c.Given)
		e := Evidence{
			Purpose: c.Purpose, PurposeName: Named(p.Purposes[c.Purpose].Name, c.Purpose), Channel: c.Channel,
			Since: *c.Since, Given: g.At, Source: g.Source, Form: g.Form, Confirmed: g.DoubleOptIn, IPKnown: g.IPKnown,
			Wording: g.Wording, Shown: g.Text, Provable: g.Proves(),
		}
		e.Says = both(func(l Language) string { return l.provable(e.Provable) })
		for _, f := range g.Flaws {
			e.Flaws = append(e.Flaws, flawOf(f))
		}
		out = append(out, e)
	}
	return out
}

func flawOf(f rules.Flaw) Flaw {
	out := Flaw{Flaw: f, Fails: f.Fails()}
	out.Missing.PL, out.Why.PL, out.Do.PL = Polish.flaw(f)
	out.Missing.EN, out.Why.EN, out.Do.EN = English.flaw(f)
	return out
}

// bestProof returns the act with the best evidence: the last act without flaws, else the last
// provable act, else the last act.
func bestProof(acts []rules.Grant) rules.Grant {
	sound := func(g rules.Grant) bool { return len(g.Flaws) == 0 }
	proves := func(g rules.Grant) bool { return g.Proves() }
	for _, good := range []func(rules.Grant) bool{sound, proves} {
		for _, g := range slices.Backward(acts) {
			if good(g) {
				return g
			}
		}
	}
	return acts[len(acts)-1]
}
