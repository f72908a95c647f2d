package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Risks of a policy.
const (
	// TooEarly means that data are deleted although the law requires retention, or although the
	// data will be needed.
	TooEarly = "too_early"
	// TooLong means that data are retained longer than permitted.
	TooLong = "too_long"
	// Marketing means that a practice may itself be marketing without consent.
	Marketing = "marketing"
	// Disclosure means that data subjects would not learn who receives their data, or how a transfer outside of the EEA
	// is safeguarded (Art. 13(1)(e) and (f), 15(1)(c), 30(1)(d) and (e)).
	Disclosure = "disclosure"
)

// Warning is a remark on a valid policy.
type Warning struct {
	// Risk is one of the risks; Line is where in the file, 0 when inherited.
	Risk string `json:"risk"`
	Line int    `json:"line,omitempty"`
	// Says explains the warning, by language.
	Says  map[string]string `json:"says"`
	Cites string            `json:"cites,omitempty"`
}

// warnings returns the warnings on a valid policy.
func (c *compiler) warnings(p *rules.Policy) []Warning {
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
	out = append(out, c.uncheckedWordings()...)
	for i, a := range c.doc.Ask {
		if slices.Contains(a.Places, transactional) {
			out = append(out, Warning{Risk: Marketing, Line: c.at.Line("ask", i, "places"), Says: map[string]string{
				"en": "The question may be placed in a transactional message. According to UOKiK, asking is itself marketing; courts disagree. The checkout, the thank-you page and the account are safer.",
				"pl": "Pytanie o zgodę może znaleźć się w wiadomości transakcyjnej. Zdaniem UOKiK samo pytanie stanowi już marketing; orzecznictwo jest rozbieżne. Bezpieczniejsze miejsca to formularz zamówienia, strona z podziękowaniem i konto klienta.",
			}, Cites: "UOKiK; przeciwnie UKE 2015, SO Warszawa-Praga IV Ca 1873/16"})
		}
	}
	return out
}

// uncheckedWordings returns a warning for each language of wordings that the program cannot read.
func (c *compiler) uncheckedWordings() []Warning {
	var out []Warning
	for i := range c.doc.Wordings {
		w := &c.doc.Wordings[i]
		for _, language := range append([]string{w.Language}, sortedKeys(w.Translations)...) {
			if _, known := offersStems()[language]; !known {
				out = append(out, uncheckedWording(w, language))
			}
		}
	}
	return out
}

func uncheckedWording(w *wording, language string) Warning {
	return Warning{Risk: Marketing, Line: w.place.line, Cites: "RODO art. 4 pkt 11, art. 7", Says: map[string]string{
		"en": fmt.Sprintf(
			"The wording %s in the language %q was not checked: a reader of the language must check that the wording names your business, the purpose, the channel and the right to withdraw.",
			w.ID,
			language,
		),
		"pl": fmt.Sprintf(
			"Treść zgody %s w języku %q nie została sprawdzona: osoba znająca ten język musi sprawdzić, czy treść wskazuje Twoją firmę, cel, kanał i prawo do wycofania zgody.",
			w.ID,
			language,
		),
	}}
}

// sample is a sale in December, with the largest difference between the years of sale and of tax.
func sample() fact.Fact {
	at := time.Date(2026, 12, 15, 12, 0, 0, 0, time.UTC)
	return fact.Fact{ID: "sample", Kind: fact.KindSale, Occurred: at, Received: at, Ref: "sample"}
}

// booksGoEarly compares the longest lawful basis of a sale with the limitation of income tax, which
// ends five years after the year in which the tax fell due.
func booksGoEarly(p *rules.Policy) []Warning {
	need := time.Date(2032, 12, 30, 0, 0, 0, 0, time.UTC)
	var last time.Time
	for _, b := range rules.Bases(p, []fact.Fact{sample()}) {
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
		"en": fmt.Sprintf(
			"The data of a sale of 15 December 2026 are retained until %s, but the limitation of the income tax ends only with the year 2032.",
			p.LastDay(&last),
		),
		"pl": fmt.Sprintf(
			"Dane sprzedaży z 15 grudnia 2026 r. są przechowywane do %s, a podatek dochodowy przedawnia się dopiero z końcem 2032 r.",
			p.LastDay(&last),
		),
	}}}
}

// tooLong is the number of years after one sale, sign-up or request from which retention needs a
// legal obligation.
const tooLong = 7

// longKept finds rules with long retention without a legal obligation.
func longKept(p *rules.Policy) []Warning {
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
				"en": fmt.Sprintf(
					"Under the rule %s, the data of an event of 15 December 2026 are retained until %s, and the rule rests on no legal obligation. Data may be retained no longer than necessary.",
					r.ID,
					p.LastDay(&until),
				),
				"pl": fmt.Sprintf(
					"Zgodnie z regułą %s dane dotyczące zdarzenia z 15 grudnia 2026 r. są przechowywane do %s, choć reguła nie opiera się na obowiązku prawnym. Danych nie wolno przechowywać dłużej, niż jest to niezbędne.",
					r.ID,
					p.LastDay(&until),
				),
			}})
		}
	}
	return out
}
