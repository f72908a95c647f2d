package lifecycle_test

import (
	"fmt"
	"time"
)

// plainPeriod is a period as the generator made it: a word of the grammar and what
// it counts from.
type plainPeriod struct {
	word  string // "anchor", "after", "end_of_year", "end_of_month", "month after", "year after", "term", "else"
	name  string // of the anchor or the term
	last  bool   // the word "last" before an anchor
	n     int    // how many, or which day
	unit  string
	month time.Month
	of    *plainPeriod
	other *plainPeriod // what counts when the event of the first did not happen
	// working says ", next working day"; only at the head.
	working bool
}

func (p *plainPeriod) String() string {
	if p.working {
		bare := *p
		bare.working = false
		return bare.String() + ", next working day"
	}
	switch p.word {
	case "else":
		return p.of.String() + ", else " + p.other.String()
	case "after":
		unit := p.unit
		if p.n > 1 {
			unit += "s"
		}
		return fmt.Sprintf("%d %s after %s", p.n, unit, p.of)
	case "end_of_year", "end_of_month":
		return p.word + " of " + p.of.String()
	case "month after":
		return fmt.Sprintf("%d%s of the month after %s", p.n, plainOrdinal(p.n), p.of)
	case "year after":
		return fmt.Sprintf("%d %s of the year after %s", p.n, p.month, p.of)
	case "anchor":
		if p.last {
			return "last " + p.name
		}
	}
	return p.name
}

func plainOrdinal(n int) string {
	switch {
	case n%10 == 1 && n != 11:
		return "st"
	case n%10 == 2 && n != 12:
		return "nd"
	case n%10 == 3 && n != 13:
		return "rd"
	}
	return "th"
}

// plainTime is a day, or an instant of one.
type plainTime struct {
	day plainDay
	at  time.Time
	// instant says that at is meant; otherwise the day is.
	instant bool
	// exact says that the period is over at the instant itself: it counts hours.
	exact bool
}

func plainInstant(t time.Time) plainTime {
	return plainTime{day: plainDayOf(t), at: t, instant: true}
}

// plainReckoner is what a period needs to know of the world.
type plainReckoner struct {
	anchor   func(name string) (plainTime, bool)
	holidays bool
}

// reckon follows the words from the inside out.
func (r plainReckoner) reckon(p *plainPeriod) (plainTime, bool) {
	t, ok := r.bare(p)
	if ok && p.working && !t.exact {
		t = plainTime{day: t.day.working(r.holidays)}
	}
	return t, ok
}

func (r plainReckoner) bare(p *plainPeriod) (plainTime, bool) {
	if p.word == "anchor" {
		return r.anchor(p.name)
	}
	t, ok := r.reckon(p.of)
	if p.word == "else" {
		if !ok {
			return r.reckon(p.other)
		}
		return t, true
	}
	if !ok {
		return t, false
	}
	date := t.day.date()
	switch p.word {
	case "term":
		return t, true
	case "end_of_year":
		return plainTime{day: plainFind(date.year, 12, 31)}, true
	case "end_of_month":
		return plainTime{day: plainFind(date.year, date.month, 31)}, true
	case "month after":
		next := plainFind(date.year, date.month, 1).monthsOn(1).date()
		return plainTime{day: plainFind(next.year, next.month, p.n)}, true
	case "year after":
		return plainTime{day: plainFind(date.year+1, int(p.month), p.n)}, true
	}
	return plainAfter(p, t), true
}

// plainAfter counts on. Hours count from an event's instant, or from the end of a
// day that is no event; everything else counts days.
func plainAfter(p *plainPeriod, t plainTime) plainTime {
	switch p.unit {
	case "hour":
		from := t.at
		if !t.instant {
			from = (t.day + 1).start()
		}
		end := plainInstant(from.Add(time.Duration(p.n) * time.Hour))
		end.exact = true
		return end
	case "day":
		return plainTime{day: t.day + plainDay(p.n)}
	case "week":
		return plainTime{day: t.day + plainDay(7*p.n)}
	case "month":
		return plainTime{day: t.day.monthsOn(p.n)}
	case "year":
		return plainTime{day: t.day.monthsOn(12 * p.n)}
	}
	panic("no unit " + p.unit)
}

// lapse is the first instant after: of an exact end that instant, of a day the
// first of the next.
func (t plainTime) lapse() time.Time {
	if t.exact {
		return t.at
	}
	return (t.day + 1).start()
}
