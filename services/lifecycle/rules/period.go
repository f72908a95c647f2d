package rules

import (
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// Period is a retention period in words, such as "5 years after end_of_year of sale". Civil dates
// are counted in the policy's zone; the last day counts whole.
type Period struct {
	text string
	root step
}

// Anchors that are derived from several facts.
const (
	// AnchorAct is the last fact that raised the basis.
	AnchorAct = "act"
	// AnchorPerformance is the delivery or performance of the sale.
	AnchorPerformance = "performance"
	// AnchorAccessEnd is when access to a course or subscription ends.
	AnchorAccessEnd = "access_end"
	// AnchorSupplyEnd is the end of what the sales that raised the basis pay for: of the paid period of a
	// subscription, and otherwise the sale itself.
	AnchorSupplyEnd = "supply_end"
	// AnchorEvent is the latest date of an event, such as a webinar, that a fact which raised the basis states.
	AnchorEvent = "event"
	// AnchorConsentEnd is the end of the person's last consent.
	AnchorConsentEnd = "consent_end"
	// AnchorLastState is the latest state with which a fact that raised the basis was reported.
	AnchorLastState = "last_state"
	// AnchorDeletion is the erasure of the last personal data of a person; for tombstones alone.
	AnchorDeletion = "deletion"
)

// moment is an instant, or a civil date.
type moment struct {
	at time.Time
	// date is the civil date, as far as it was worked out.
	date calendar.Date
	// exact means that the instant itself is meant and not the end of the date.
	exact bool
	// dated means that the date was counted and is all that is meant.
	dated bool
}

// on returns the moment of a date that was counted.
func on(d calendar.Date) moment { return moment{date: d, dated: true} }

// day is the civil date of the moment.
func (m *moment) day(place Place) calendar.Date {
	if m.date == (calendar.Date{}) {
		m.date = place.in(m.at)
	}
	return m.date
}

// step is one word of a period. The result is false while the anchor is unknown: the period has no
// end yet.
type step interface {
	reckon(anchors anchors, place Place) (moment, bool)
}

// anchors finds the instant of a named anchor.
type anchors interface {
	anchored(name string) (time.Time, bool)
}

// instant is the instant of every anchor.
type instant time.Time

func (t instant) anchored(string) (time.Time, bool) { return time.Time(t), true }

// Place is where civil dates are counted.
type Place struct {
	Zone     *time.Location
	Holidays calendar.Holidays

	// clock remembers dates during an evaluation; nil outside of evaluations.
	clock *calendar.Clock
}

// in returns the date at an instant.
func (p Place) in(t time.Time) calendar.Date {
	if p.clock == nil {
		return calendar.In(t, p.Zone)
	}
	return p.clock.In(t)
}

// end returns the first instant after a date.
func (p Place) end(d calendar.Date) time.Time {
	if p.clock == nil {
		return d.End(p.Zone)
	}
	return p.clock.End(d)
}

// String returns the text of the period.
func (p Period) String() string { return p.text }

// lapse returns the first instant after the period, or false without an end.
func (p Period) lapse(a anchors, place Place) (time.Time, bool) {
	if p.root == nil {
		return time.Time{}, false
	}
	m, ok := p.root.reckon(a, place)
	if !ok {
		return time.Time{}, false
	}
	if m.exact {
		return m.at.UTC(), true
	}
	return place.end(m.day(place)), true
}

// From is the lapse of a period with the same instant for every anchor.
func (p Period) From(t time.Time, place Place) (time.Time, bool) {
	return p.lapse(instant(t), place)
}

// Set reports whether the period is set.
func (p Period) Set() bool { return p.root != nil }

type anchor string

func (s anchor) reckon(a anchors, _ Place) (moment, bool) {
	t, ok := a.anchored(string(s))
	return moment{at: t}, ok
}

type after struct {
	n    int
	unit string
	of   step
}

func (s after) reckon(a anchors, place Place) (moment, bool) {
	m, ok := s.of.reckon(a, place)
	if !ok {
		return m, false
	}
	switch s.unit {
	case "hour":
		at := m.at
		if m.dated {
			at = place.end(m.day(place))
		}
		at = at.Add(time.Duration(s.n) * time.Hour)
		return moment{at: at, exact: true}, true
	case "week":
		return on(m.day(place).AddDays(7 * s.n)), true
	case "month":
		return on(m.day(place).AddMonths(s.n)), true
	case "year":
		return on(m.day(place).AddYears(s.n)), true
	}
	return on(m.day(place).AddDays(s.n)), true
}

type endOf struct {
	unit string
	of   step
}

func (s endOf) reckon(a anchors, place Place) (moment, bool) {
	m, ok := s.of.reckon(a, place)
	if !ok {
		return m, false
	}
	if s.unit == "end_of_year" {
		return on(m.day(place).EndOfYear()), true
	}
	return on(m.day(place).EndOfMonth()), true
}

// dayOf is a day of the month or of the year that follows its anchor: the 25th of the month after,
// 30 April of the year after. The day is limited to the last day of the month.
type dayOf struct {
	day   int
	month time.Month // 0: of the month after
	of    step
}

func (s dayOf) reckon(a anchors, place Place) (moment, bool) {
	m, ok := s.of.reckon(a, place)
	if !ok {
		return m, false
	}
	date := m.day(place)
	first := calendar.Date{Year: date.Year + 1, Month: s.month, Day: 1}
	if s.month == 0 {
		first = calendar.Date{Year: date.Year, Month: date.Month, Day: 1}.AddMonths(1)
	}
	first.Day = min(s.day, first.EndOfMonth().Day)
	return on(first), true
}

// earliest is the first known end of several.
type earliest []Period

func (s earliest) reckon(a anchors, place Place) (moment, bool) {
	var first time.Time
	found := false
	for _, p := range s {
		if t, ok := p.lapse(a, place); ok && (!found || t.Before(first)) {
			first, found = t, true
		}
	}
	return moment{at: first, exact: true}, found
}

// FirstOf returns the period that is over as soon as one of several is.
func FirstOf(periods ...Period) Period {
	texts := make([]string, len(periods))
	for i, p := range periods {
		texts[i] = p.text
	}
	return Period{text: strings.Join(texts, "; or, if earlier, "), root: earliest(periods)}
}

// otherwise is the first of several ends whose anchors are known.
type otherwise []step

func (s otherwise) reckon(a anchors, place Place) (moment, bool) {
	for _, one := range s {
		if m, ok := one.reckon(a, place); ok {
			return m, true
		}
	}
	return moment{}, false
}

type shifted struct{ of step }

func (s shifted) reckon(a anchors, place Place) (moment, bool) {
	m, ok := s.of.reckon(a, place)
	if ok && !m.exact && place.Holidays != nil {
		m.date = m.day(place).NextWorkingDay(place.Holidays)
	}
	return m, ok
}

// unshifted returns the period without the move off days off, and reports whether the period has
// one.
func (p Period) unshifted() (Period, bool) {
	if s, ok := p.root.(shifted); ok {
		return Period{text: p.text, root: s.of}, true
	}
	return p, false
}

// Events returns the anchors that a period is counted from.
func (p Period) Events() []string {
	var out []string
	p.eachAnchor(func(name string) { out = append(out, name) })
	return out
}

// eachAnchor visits the anchors that a period is counted from.
func (p Period) eachAnchor(visit func(name string)) {
	for s := p.root; s != nil; {
		switch of := s.(type) {
		case anchor:
			visit(string(of))
			return
		case after:
			s = of.of
		case endOf:
			s = of.of
		case dayOf:
			s = of.of
		case shifted:
			s = of.of
		case earliest:
			for _, one := range of {
				one.eachAnchor(visit)
			}
			return
		case otherwise:
			for _, one := range of {
				Period{root: one}.eachAnchor(visit)
			}
			return
		default:
			return
		}
	}
}

// Open returns the period without an end of its own: a fact ends the basis.
func Open() Period { return Period{text: "open", root: never{}} }

type never struct{}

func (never) reckon(anchors, Place) (moment, bool) { return moment{}, false }
