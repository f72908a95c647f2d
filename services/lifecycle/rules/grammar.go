package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// maxCount bounds the number in a period, so that dates stay within reach.
const maxCount = 1000

// workingDay is the suffix of a period whose last day moves off weekends and holidays.
const workingDay = ", next working day"

// orElse joins periods of which the first with a known anchor counts.
const orElse = ", else "

// Terms finds a named date of the policy, such as the due date of a tax.
type Terms func(name string) (Period, bool)

// ParsePeriod reads a period:
//
//	period = end {", else" end}                      the first end whose anchor is known
//	end    = moment [", next working day"]
//	moment = [last] anchor
//	       | number unit "after" moment              unit: hours, days, weeks, months, years
//	       | "end_of_year" "of" moment
//	       | "end_of_month" "of" moment
//	       | "25th of the month after" moment        any day
//	       | "30 April of the year after" moment     any day and month
//
// An anchor is a kind of fact, one of the Anchor constants, or a term.
func ParsePeriod(text string, terms Terms) (Period, error) {
	p := parser{terms}
	var ends otherwise
	for one := range strings.SplitSeq(text, orElse) {
		end, err := p.end(one)
		if err != nil {
			return Period{}, fmt.Errorf("period %q: %w", text, err)
		}
		ends = append(ends, end)
	}
	if len(ends) == 1 {
		return Period{text: text, root: ends[0]}, nil
	}
	whole := Period{text: text, root: ends}
	if slices.Contains(whole.Events(), AnchorConsentEnd) {
		// A consent that ends by an act is known to end only with the act, an expiry before.
		return Period{}, fmt.Errorf("period %q: %s has no alternative; leave out \"else\"", text, AnchorConsentEnd)
	}
	return whole, nil
}

// end reads one end of a period.
func (p parser) end(text string) (step, error) {
	core, shifts := strings.CutSuffix(text, workingDay)
	root, err := p.moment(strings.Fields(core))
	if err == nil && shifts {
		root = shifted{root}
	}
	return root, err
}

type parser struct{ terms Terms }

func (p parser) moment(words []string) (step, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("says no event to count from; write for example %q", "14 days after sale")
	}
	switch word := words[0]; {
	case word == "end_of_year" || word == "end_of_month":
		return p.endOf(word, words[1:])
	case word[0] >= '0' && word[0] <= '9':
		return p.counted(word, words[1:])
	case word == "last":
		return p.anchor(words[1:])
	}
	return p.anchor(words)
}

func (p parser) endOf(unit string, rest []string) (step, error) {
	if len(rest) == 0 || rest[0] != "of" {
		return nil, fmt.Errorf("%s needs \"of\" and an event, as in %q", unit, unit+" of sale")
	}
	of, err := p.moment(rest[1:])
	return endOf{unit, of}, err
}

// counted reads a phrase that begins with a number: a count of units, or a day.
func (p parser) counted(number string, rest []string) (step, error) {
	if of, ok := following(rest, "of the month after"); ok {
		return p.dayOf(strings.TrimRight(number, "stndrh"), 0, of)
	}
	if len(rest) > 0 {
		if month, ok := monthOf(rest[0]); ok {
			of, ok := following(rest[1:], "of the year after")
			if !ok {
				return nil, fmt.Errorf("%q needs \"of the year after\" and an event", number+" "+rest[0])
			}
			return p.dayOf(number, month, of)
		}
	}
	return p.after(number, rest)
}

// following returns the words behind a phrase.
func following(words []string, phrase string) ([]string, bool) {
	want := strings.Fields(phrase)
	if len(words) < len(want) || !slices.Equal(words[:len(want)], want) {
		return nil, false
	}
	return words[len(want):], true
}

func monthOf(word string) (time.Month, bool) {
	for m := time.January; m <= time.December; m++ {
		if m.String() == word {
			return m, true
		}
	}
	return 0, false
}

func (p parser) dayOf(number string, month time.Month, rest []string) (step, error) {
	day, err := strconv.Atoi(number)
	if err != nil || day < 1 || day > 31 {
		return nil, fmt.Errorf("%q is not a day from 1 to 31", number)
	}
	of, err := p.moment(rest)
	return dayOf{day, month, of}, err
}

func (p parser) after(number string, rest []string) (step, error) {
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
		return nil, fmt.Errorf(
			"has no anchor: %q needs \"after\" and an event, as in %q",
			number+" "+rest[0],
			number+" "+rest[0]+" after sale",
		)
	}
	of, err := p.moment(rest[2:])
	return after{n, unit, of}, err
}

func (p parser) anchor(words []string) (step, error) {
	name := strings.Join(words, " ")
	if p.terms != nil {
		if term, ok := p.terms(name); ok {
			return term.root, nil
		}
	}
	if !isAnchor(name) {
		return nil, fmt.Errorf(
			"%q is not an event to count from; known are %s, and the policy's terms",
			name,
			strings.Join(anchorNames(), ", "),
		)
	}
	return anchor(name), nil
}

func anchorNames() []string {
	names := []string{
		AnchorAct,
		AnchorPerformance,
		AnchorAccessEnd,
		AnchorSupplyEnd,
		AnchorEvent,
		AnchorConsentEnd,
		AnchorLastState,
		AnchorDeletion,
		string(fact.KindRequested),
	}
	for _, k := range fact.Kinds() {
		if !k.IsObservation() { // an observation; superseded observations are dropped
			names = append(names, string(k))
		}
	}
	return names
}

func isAnchor(word string) bool { return slices.Contains(anchorNames(), word) }
