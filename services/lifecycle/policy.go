package lifecycle

import "time"

// Policy is the law as a seller applies it: which facts raise which bases, what
// ends them, what they keep, and when a person may be asked for consent.
type Policy struct {
	// ID names the policy, Revision its exact content.
	ID       string
	Revision string
	Place    Place
	// Intake is how many days a person may stay known on no basis at all, while
	// the rest of the story may still arrive (recital 49; a choice).
	Intake     int
	Categories map[string]Category
	Wordings   []Wording
	// Unknown is what a consent covers whose wording is not known.
	Unknown Coverage
	Rules   []Rule
	Asks    []Ask
}

// Category is a kind of personal data.
type Category struct {
	Name string
	// PerRecord means that every order has its own: one order's data may lapse
	// while another's stay.
	PerRecord bool
	// Pseudonymous means that the category holds no more than keyed hashes and
	// times: it may outlive the person's address.
	Pseudonymous bool
}

// Wording is a text that people agree to.
type Wording struct {
	ID       string
	Language string
	Text     string
	Coverage
}

// Coverage is what a consent reaches: every purpose by every channel.
type Coverage struct {
	Purposes []string
	Channels []string
}

// Rule raises and ends one kind of basis.
type Rule struct {
	ID      string
	Purpose string
	// Article is the basis in the GDPR, such as "6(1)(c)".
	Article string
	// Cites is the law or the choice behind the period.
	Cites string
	// Consent means that a consent to Purpose raises the basis and its end ends it.
	Consent bool
	// Raised lists the facts that raise the basis; Access narrows them to what
	// was sold.
	Raised []Kind
	Access []Access
	// Ended lists the facts that end it at once.
	Ended []Kind
	Per   Per
	Until Period
	// Keeps lists the categories that the basis allows to hold.
	Keeps []string
	// Prolongs means that the basis gives no right of its own: it keeps only what
	// another basis still allowed to hold when it began. Holds are such.
	Prolongs bool
}

// Per says what a rule raises one basis for.
type Per string

// A basis stands for one record, for one contract (which may have many records),
// or for the person.
const (
	PerRecord   Per = "record"
	PerContract Per = "contract"
	PerPerson   Per = "person"
)

// Ask says when a buyer is asked for consent.
type Ask struct {
	Purpose string
	Channel string
	// Wording is the id of the text to show.
	Wording string
	// When is the purpose of the basis that must be in force for the person.
	When string
	// Places are where the question may stand: never a message of its own.
	Places []string
	// Stands is how many days the question stands.
	Stands int
}

func (p *Policy) wording(id string) (Wording, bool) {
	for _, w := range p.Wordings {
		if w.ID == id {
			return w, true
		}
	}
	return Wording{}, false
}

// covers returns what a sign-up under a wording consents to.
func (p *Policy) covers(f Fact) Coverage {
	c := p.Unknown
	if w, ok := p.wording(f.Wording); ok {
		c = w.Coverage
	}
	return Coverage{Purposes: narrow(c.Purposes, f.Purposes), Channels: narrow(c.Channels, f.Channels)}
}

// narrow keeps what is in only; an empty only keeps all.
func narrow(all, only []string) []string {
	if len(only) == 0 {
		return all
	}
	var kept []string
	for _, a := range all {
		for _, o := range only {
			if a == o {
				kept = append(kept, a)
			}
		}
	}
	return kept
}

// asksUntil returns when a question asked at a given instant falls.
func (p *Policy) asksUntil(a Ask, at time.Time) time.Time {
	m := after{a.Stands, "day", anchor("")}
	until, _ := Period{root: m}.lapse(func(string) (time.Time, bool) { return at, true }, p.Place)
	return until
}
