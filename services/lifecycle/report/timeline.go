package report

import (
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/timeline"
)

// drawn are the bases and facts of a person at an instant.
type drawn struct {
	policy *rules.Policy
	bases  []rules.Basis
	facts  []fact.Fact
	at     time.Time
}

// picture is that of the bases over time, as in the console of the controller; without a basis it draws nothing.
func (l Language) picture(d drawn) *timeline.Picture {
	if d.policy == nil {
		return &timeline.Picture{}
	}
	p := &timeline.Picture{At: d.at, Zone: d.policy.Place.Zone, Words: timeline.Words{
		Today: l.choose("dzień", "day"), Facts: l.choose("zdarzenia", "facts"),
		NoEnd: l.choose("bez znanego końca", "no known end"), Until: l.choose("do", "until"),
	}}
	for i := range d.bases {
		b := &d.bases[i]
		p.Bases = append(p.Bases, timeline.Basis{
			Purpose: PurposeOf(d.policy, b.Purpose).Name.In(l), Article: b.Article, Since: b.Since, Until: b.Until,
		})
	}
	for i := range d.facts {
		p.Marks = append(p.Marks, timeline.Mark{At: d.facts[i].Occurred, Name: l.kind(d.facts[i].Kind)})
	}
	return p
}

// legendItem explains one colour of the picture.
type legendItem struct{ Class, Says string }

// legend explains the colours of the picture.
func (l Language) legend() []legendItem {
	return []legendItem{
		{"a", l.choose("zgoda (art. 6 ust. 1 lit. a RODO)", "consent (GDPR Art. 6(1)(a))")},
		{"b", l.choose("umowa (lit. b)", "contract (b)")},
		{"c", l.choose("obowiązek prawny (lit. c)", "legal obligation (c)")},
		{"f", l.choose("prawnie uzasadniony interes (lit. f)", "legitimate interest (f)")},
		{"x", l.choose("wyjątek", "exception")},
	}
}
