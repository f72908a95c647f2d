package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Storage describes the retention period of a rule (Art. 15(1)(d), 30(1)(f)).
func Storage(p *rules.Policy, r *rules.Rule) Text {
	return both(func(l Language) string { return l.storage(p, r) })
}

func (l Language) storage(p *rules.Policy, r *rules.Rule) string {
	text := l.openEnd(r)
	switch {
	case r.Consent && r.Until.Set():
		return text + l.expiry(r.Until.String())
	case r.Consent || r.Until.String() == openPeriod:
		return text
	case len(r.Ended) > 0:
		return l.period(r.Until.String()) + l.earlier(l.endings(p, r))
	}
	return l.period(r.Until.String())
}

// expiry describes when a consent expires without an act of the person.
func (l Language) expiry(text string) string {
	if n, unit, rest, ok := counted(strings.Fields(text)); ok {
		if from, ok := l.moment(rest); ok {
			_, units := l.units(n, unit)
			return l.expiresAfter(units, from)
		}
	}
	return l.alsoEnds(l.period(text))
}

// endings names the facts that end a basis of a rule early. An objection to a purpose without
// consents ends a basis only once the objection is upheld, and a refund only in full.
func (l Language) endings(p *rules.Policy, r *rules.Rule) []string {
	out := make([]string, len(r.Ended))
	for i, k := range r.Ended {
		switch {
		case k == fact.KindRefund:
			out[i] = l.fullRefund()
		case k == fact.KindObjection && !p.IsMarketing(r.Purpose):
			out[i] = l.upon("objection_upheld")
		default:
			out[i] = l.upon(string(k))
		}
	}
	return out
}

// openPeriod is the policy syntax of a period without an end.
const openPeriod = "open"

// openEnd describes the end of a basis without a known last day.
func (l Language) openEnd(r *rules.Rule) string {
	if r.Consent {
		return l.untilWithdrawn()
	}
	if r.Until.String() != openPeriod {
		return l.period(r.Until.String()) + l.dayUnknown()
	}
	ends := make([]string, len(r.Ended))
	for i, k := range r.Ended {
		ends[i] = l.of(string(k))
	}
	return l.upTo(strings.Join(ends, l.or()))
}

// Years writes a number of years.
func Years(n int) Text {
	return both(func(l Language) string {
		said, _ := l.units(n, "year")
		return said
	})
}

// Begin names the facts that raise a basis under a rule.
func Begin(p *rules.Policy, r *rules.Rule) Text {
	return both(func(l Language) string {
		if r.Consent {
			channels := make([]string, len(r.Channels))
			for i, c := range r.Channels {
				channels[i] = l.channel(c)
			}
			return l.consentBy(channels)
		}
		out := l.kinds(r.Raised)
		if len(r.Access) > 0 {
			access := make([]string, len(r.Access))
			for i, a := range r.Access {
				access[i] = l.access(a)
			}
			out += l.aside(strings.Join(access, ", "))
		}
		if len(r.Where) > 0 {
			out += l.onlyIf(l.traits(r.Where))
		}
		if len(r.Unless) > 0 {
			out += l.unless(l.traits(r.Unless))
		}
		if len(r.Without) > 0 {
			out += l.without(l.kinds(r.Without))
		}
		if !r.From.IsZero() {
			out += l.fromDay(calendar.In(r.From, p.Place.Zone).String())
		}
		return out
	})
}

func (l Language) traits(traits []string) string {
	names := make([]string, len(traits))
	for i, t := range traits {
		names[i] = l.trait(t)
	}
	return strings.Join(names, ", ")
}

// The separators of compound periods in policy syntax.
const (
	orEarlier  = "; or, if earlier, "
	orElse     = ", else "
	workingDay = ", next working day"
)

// period describes a period in words. A period outside of the known grammar is quoted in policy
// syntax.
func (l Language) period(text string) string {
	parts := strings.Split(text, orEarlier)
	for i, part := range parts {
		ends := strings.Split(part, orElse)
		for n, end := range ends {
			core, shifted := strings.CutSuffix(end, workingDay)
			said, ok := l.span(strings.Fields(core))
			if !ok {
				return l.quote(text)
			}
			if shifted {
				said += l.shifted()
			}
			ends[n] = said
		}
		parts[i] = strings.Join(ends, l.orElse())
	}
	return strings.Join(parts, l.orEarlier())
}

// span describes a whole period, such as "5 years after the end of the year of the sale".
func (l Language) span(words []string) (string, bool) {
	if n, unit, rest, ok := counted(words); ok {
		from, ok := l.moment(rest)
		said, _ := l.units(n, unit)
		return l.after(said, from), ok
	}
	moment, ok := l.moment(words)
	return l.upTo(moment), ok
}

// moment describes the start or end of a period, such as "the end of the year of the sale".
func (l Language) moment(words []string) (string, bool) {
	if len(words) == 0 {
		return "", false
	}
	if n, unit, rest, ok := counted(words); ok {
		from, ok := l.moment(rest)
		_, of := l.units(n, unit)
		return l.lapseOf(of, from), ok
	}
	if words[0] == "end_of_year" || words[0] == "end_of_month" {
		return l.endOf(words[0], words[1:])
	}
	if day, rest, ok := cut(words, "of the month after"); ok && len(day) == 1 {
		of, ok := l.moment(rest)
		return l.dayOfMonth(strings.TrimRight(day[0], "stndrh"), of), ok
	}
	if day, rest, ok := cut(words, "of the year after"); ok && len(day) == 2 {
		of, ok := l.moment(rest)
		return l.dayOfYear(day[0], day[1], of), ok
	}
	if words[0] == "last" && len(words) == 2 {
		return l.of(words[1]) + l.lastTime(), true
	}
	if len(words) > 1 {
		return "", false
	}
	if _, event := nouns()[words[0]]; !event {
		return l.term(words[0]), true
	}
	return l.of(words[0]), true
}

func (l Language) endOf(unit string, words []string) (string, bool) {
	if len(words) < 2 || words[0] != "of" {
		return "", false
	}
	words = words[1:]
	if n, of, rest, ok := counted(words); ok {
		from, ok := l.moment(rest)
		said, _ := l.units(n, of)
		return l.endWhen(unit, n, said, from), ok
	}
	of, ok := l.moment(words)
	_, event := nouns()[words[len(words)-1]]
	return l.endAt(unit, of, event && len(words) == 1), ok
}

// counted reads "5 years after …".
func counted(words []string) (n int, unit string, rest []string, ok bool) {
	if len(words) < 4 || words[2] != "after" {
		return 0, "", nil, false
	}
	n, err := strconv.Atoi(words[0])
	unit = strings.TrimSuffix(words[1], "s")
	return n, unit, words[3:], err == nil && slices.Contains([]string{"hour", "day", "week", "month", "year"}, unit)
}

// cut splits words around a phrase.
func cut(words []string, phrase string) (before, after []string, ok bool) {
	want := strings.Fields(phrase)
	for i := 0; i+len(want) <= len(words); i++ {
		if slices.Equal(words[i:i+len(want)], want) {
			return words[:i], words[i+len(want):], true
		}
	}
	return nil, nil, false
}

// month parses the English name of a month.
func month(name string) time.Month {
	for m := time.January; m <= time.December; m++ {
		if m.String() == name {
			return m
		}
	}
	return 0
}
