package report

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Evidence says whether a consent that stands could be shown today (Art. 7(1)).
type Evidence struct {
	Purpose     string `json:"purpose"`
	PurposeName Text   `json:"purpose_name"`
	Channel     string `json:"channel"`
	// Since is when the consent began, Given when the act was that shows it best.
	Since time.Time `json:"since"`
	Given time.Time `json:"given"`
	// Source, Form and Confirmed are what is known of that act.
	Source    string     `json:"source,omitempty"`
	Form      string     `json:"form,omitempty"`
	Confirmed *time.Time `json:"confirmed,omitempty"`
	IPKnown   bool       `json:"ip_known"`
	// Wording is the id of the text and Shown what it said; empty when nobody knows.
	Wording string `json:"wording,omitempty"`
	Shown   string `json:"shown,omitempty"`
	// Provable tells whether nothing is missing that Art. 7(1) asks for; Says says so.
	Provable bool   `json:"provable"`
	Says     Text   `json:"says"`
	Flaws    []Flaw `json:"flaws,omitempty"`
}

// Flaw is something that is wrong with a consent or its proof, for a seller to mend.
type Flaw struct {
	Flaw lifecycle.Flaw `json:"flaw"`
	// Fails tells that the consent cannot be shown because of it.
	Fails bool `json:"fails"`
	// Missing is what is wrong, Why why it matters, Do what to do about it.
	Missing Text `json:"missing"`
	Why     Text `json:"why"`
	Do      Text `json:"do"`
}

// EvidenceOf returns the evidence of each consent that stands at an instant. A consent
// that was given several times is shown by the act with the best proof.
func EvidenceOf(p *lifecycle.Policy, s lifecycle.Subject, at time.Time) []Evidence {
	var out []Evidence
	for _, c := range lifecycle.Consents(p, s, at) {
		if c.State != lifecycle.ConsentGiven || len(c.Given) == 0 {
			continue
		}
		g := bestProof(c.Given)
		e := Evidence{
			Purpose: c.Purpose, PurposeName: Named(p.Purposes[c.Purpose].Name, c.Purpose), Channel: c.Channel,
			Since: *c.Since, Given: g.At, Source: g.Source, Form: g.Form, Confirmed: g.DoubleOptIn, IPKnown: g.IPKnown,
			Wording: g.Wording, Shown: g.Text, Provable: provable(g),
		}
		e.Says = both(func(l Language) string { return l.provable(e.Provable) })
		for _, f := range g.Flaws {
			e.Flaws = append(e.Flaws, flawOf(f))
		}
		out = append(out, e)
	}
	return out
}

func flawOf(f lifecycle.Flaw) Flaw {
	out := Flaw{Flaw: f, Fails: f.Fails()}
	out.Missing.PL, out.Why.PL, out.Do.PL = Polish.flaw(f)
	out.Missing.EN, out.Why.EN, out.Do.EN = English.flaw(f)
	return out
}

// bestProof returns the act that shows a consent best: the last one that has no flaw, or
// else that can be shown, or else the last.
func bestProof(acts []lifecycle.Grant) lifecycle.Grant {
	sound := func(g lifecycle.Grant) bool { return len(g.Flaws) == 0 }
	for _, good := range []func(lifecycle.Grant) bool{sound, provable} {
		for _, g := range slices.Backward(acts) {
			if good(g) {
				return g
			}
		}
	}
	return acts[len(acts)-1]
}

func provable(g lifecycle.Grant) bool {
	return !slices.ContainsFunc(g.Flaws, lifecycle.Flaw.Fails)
}
