package lifecycle

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// Period says until when a basis stands, in words such as
// "5 years after end_of_year of sale". It is counted in civil dates of the
// policy's zone; the last day counts whole.
type Period struct {
	text string
	root step
}

// Anchors that are worked out from several facts rather than being one.
const (
	// AnchorAct is the last fact that raised the basis.
	AnchorAct = "act"
	// AnchorPerformance is when what was sold had been delivered or done.
	AnchorPerformance = "performance"
	// AnchorAccessEnd is when access to a course or subscription ends.
	AnchorAccessEnd = "access_end"
	// AnchorConsentEnd is when the person's last consent ended.
	AnchorConsentEnd = "consent_end"
)

// moment is an instant and the civil date that stands for it.
type moment struct {
	at   time.Time
	date calendar.Date
	// exact means that the instant itself is meant and not the end of the date.
	exact bool
}

// step is one word of a period. It reports false while its anchor is unknown:
// the period then has no end yet.
type step interface {
	reckon(anchors anchors, place Place) (moment, bool)
}

// anchors finds the instant of a named anchor.
type anchors func(name string) (time.Time, bool)

// Place is where civil dates are counted.
type Place struct {
	Zone     *time.Location
	Holidays calendar.Holidays
}

// String returns the period as it was written.
func (p Period) String() string { return p.text }

// lapse returns the first instant at which the period is over, or false while
// it has no end.
func (p Period) lapse(a anchors, place Place) (time.Time, bool) {
	m, ok := p.root.reckon(a, place)
	if !ok {
		return time.Time{}, false
	}
	if m.exact {
		return m.at.UTC(), true
	}
	return m.date.End(place.Zone), true
}

type anchor string

func (s anchor) reckon(a anchors, place Place) (moment, bool) {
	t, ok := a(string(s))
	return moment{at: t, date: calendar.In(t, place.Zone)}, ok
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
		return moment{at: m.at.Add(time.Duration(s.n) * time.Hour), exact: true}, true
	case "day":
		m.date = m.date.AddDays(s.n)
	case "week":
		m.date = m.date.AddDays(7 * s.n)
	case "month":
		m.date = m.date.AddMonths(s.n)
	case "year":
		m.date = m.date.AddYears(s.n)
	}
	return m, true
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
		m.date = m.date.EndOfYear()
	} else {
		m.date = m.date.EndOfMonth()
	}
	return m, true
}

type shifted struct{ of step }

func (s shifted) reckon(a anchors, place Place) (moment, bool) {
	m, ok := s.of.reckon(a, place)
	if ok && !m.exact && place.Holidays != nil {
		m.date = m.date.NextWorkingDay(place.Holidays)
	}
	return m, ok
}

// maxCount bounds the number in a period, so that dates stay within reach.
const maxCount = 1000

// workingDay ends a period whose last day moves off weekends and holidays.
const workingDay = ", next working day"

// ParsePeriod reads a period:
//
//	period = moment [", next working day"]
//	moment = [last] anchor
//	       | number unit "after" moment        unit: hours, days, weeks, months, years
//	       | "end_of_year" "of" moment
//	       | "end_of_month" "of" moment
//
// An anchor is a kind of fact or one of the Anchor constants.
func ParsePeriod(text string) (Period, error) {
	words := strings.Fields(strings.TrimSuffix(text, workingDay))
	root, err := parseMoment(words)
	if err != nil {
		return Period{}, fmt.Errorf("period %q: %w", text, err)
	}
	if strings.HasSuffix(text, workingDay) {
		root = shifted{root}
	}
	return Period{text: text, root: root}, nil
}

func parseMoment(words []string) (step, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("says no event to count from; write for example %q", "14 days after sale")
	}
	switch word := words[0]; {
	case word == "end_of_year" || word == "end_of_month":
		return parseEndOf(word, words[1:])
	case word[0] >= '0' && word[0] <= '9':
		return parseAfter(word, words[1:])
	case word == "last":
		return parseAnchor(words[1:])
	}
	return parseAnchor(words)
}

func parseEndOf(unit string, rest []string) (step, error) {
	if len(rest) == 0 || rest[0] != "of" {
		return nil, fmt.Errorf("%s needs \"of\" and an event, as in %q", unit, unit+" of sale")
	}
	of, err := parseMoment(rest[1:])
	return endOf{unit, of}, err
}

func parseAfter(number string, rest []string) (step, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > maxCount {
		return nil, fmt.Errorf("%q is not a whole number from 1 to %d", number, maxCount)
	}
	if len(rest) == 0 {
		return nil, fmt.Errorf("%s of what? Write days, weeks, months or years", number)
	}
	unit := strings.TrimSuffix(rest[0], "s")
	switch unit {
	case "hour", "day", "week", "month", "year":
	default:
		return nil, fmt.Errorf("%q is not a unit; write hours, days, weeks, months or years", rest[0])
	}
	if len(rest) < 2 || rest[1] != "after" {
		return nil, fmt.Errorf("has no anchor: %q needs \"after\" and an event, as in %q", number+" "+rest[0], number+" "+rest[0]+" after sale")
	}
	of, err := parseMoment(rest[2:])
	return after{n, unit, of}, err
}

func parseAnchor(words []string) (step, error) {
	if len(words) != 1 || !isAnchor(words[0]) {
		return nil, fmt.Errorf("%q is not an event to count from; known are %s", strings.Join(words, " "), strings.Join(anchorNames(), ", "))
	}
	return anchor(words[0]), nil
}

func anchorNames() []string {
	names := []string{AnchorAct, AnchorPerformance, AnchorAccessEnd, AnchorConsentEnd}
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return names
}

func isAnchor(word string) bool {
	for _, name := range anchorNames() {
		if name == word {
			return true
		}
	}
	return false
}

// Open returns the period that has no end of its own: the basis stands until a
// fact ends it.
func Open() Period { return Period{text: "open", root: never{}} }

type never struct{}

func (never) reckon(anchors, Place) (moment, bool) { return moment{}, false }
