package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Risks of a policy.
const (
	// TooEarly: data go that the law asks to keep, or that will be missed.
	TooEarly = "too_early"
	// TooLong: data stay longer than they may.
	TooLong = "too_long"
	// Marketing: something may itself be marketing without consent.
	Marketing = "marketing"
)

// Warning is something that a seller should know of a policy, which is no fault.
type Warning struct {
	// Risk is one of the risks; Line is where in the file, 0 when inherited.
	Risk string `json:"risk"`
	Line int    `json:"line,omitempty"`
	// Says says it in words, by language.
	Says  map[string]string `json:"says"`
	Cites string            `json:"cites,omitempty"`
}

// warnings looks at what a sound policy does.
func (c *compiler) warnings(p *lifecycle.Policy) []Warning {
	var out []Warning
	for _, w := range c.doc.Warnings {
		if c.chosen([]string{w.Choice}) {
			out = append(out, Warning{Risk: w.Risk, Says: w.Says, Cites: w.Cites})
		}
	}
	if c.doc.Choices["tax"] != "sale_year" {
		out = append(out, booksGoEarly(p)...)
	}
	out = append(out, longKept(p)...)
	for i, a := range c.doc.Ask {
		if slices.Contains(a.Places, transactional) {
			out = append(out, Warning{Risk: Marketing, Line: c.at.Line("ask", i, "places"), Says: map[string]string{
				"en": "The question may stand in a transactional message. UOKiK holds that asking is itself marketing; courts disagree. The checkout, the thank-you page and the account are safe.",
				"pl": "Pytanie może stać w wiadomości transakcyjnej. Zdaniem UOKiK samo pytanie jest już marketingiem; sądy są podzielone. Bezpieczne są koszyk, strona z podziękowaniem i konto.",
			}, Cites: "UOKiK; przeciwnie UKE 2015, SO Warszawa-Praga IV Ca 1873/16"})
		}
	}
	return out
}

// sample is a sale in December, for which the years of sale and of tax differ most.
func sample() lifecycle.Fact {
	at := time.Date(2026, 12, 15, 12, 0, 0, 0, time.UTC)
	return lifecycle.Fact{ID: "sample", Kind: lifecycle.KindSale, Occurred: at, Received: at, Ref: "sample"}
}

// booksGoEarly compares the longest lawful basis of a sale with the limitation of
// income tax, which ends five years after the year in which the tax fell due.
func booksGoEarly(p *lifecycle.Policy) []Warning {
	need := time.Date(2032, 12, 30, 0, 0, 0, 0, time.UTC)
	var last time.Time
	for _, b := range lifecycle.Bases(p, []lifecycle.Fact{sample()}) {
		if b.Article == "6(1)(c)" && (b.Until == nil || b.Until.After(last)) {
			last = need
			if b.Until != nil {
				last = *b.Until
			}
		}
	}
	if !last.Before(need) {
		return nil
	}
	return []Warning{{Risk: TooEarly, Cites: "Ordynacja podatkowa art. 70 § 1, art. 86 § 1", Says: map[string]string{
		"en": fmt.Sprintf("A sale of 15 December 2026 goes on %s, before its income tax is out of time at the end of 2032.", p.LastDay(&last)),
		"pl": fmt.Sprintf("Sprzedaż z 15 grudnia 2026 znika %s, zanim przedawni się podatek dochodowy (koniec 2032).", p.LastDay(&last)),
	}}}
}

// tooLong is how many years after one sale, sign-up or request something needs a
// reason of law to be kept.
const tooLong = 7

// longKept finds rules that rest on no law and hold personal data for very long.
func longKept(p *lifecycle.Policy) []Warning {
	var out []Warning
	at := sample().Occurred
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Lawful() || r.Prolongs || r.Consent {
			continue
		}
		until, ok := r.Until.From(at, p.Place)
		if ok && until.After(at.AddDate(tooLong, 1, 0)) {
			out = append(out, Warning{Risk: TooLong, Line: r.Line, Cites: "RODO art. 5 ust. 1 lit. e", Says: map[string]string{
				"en": fmt.Sprintf("Rule %s keeps data to %s after an event of 15 December 2026, on no duty of law. Storage must be no longer than necessary.", r.ID, p.LastDay(&until)),
				"pl": fmt.Sprintf("Reguła %s trzyma dane do %s po zdarzeniu z 15 grudnia 2026, choć prawo tego nie nakazuje. Przechowywanie nie może trwać dłużej, niż to konieczne.", r.ID, p.LastDay(&until)),
			}})
		}
	}
	return out
}
