// Package calendar computes civil dates, in which legal periods are counted: days, months and years
// of a place, not hours of UTC.
//
// A period lapses at the first instant after its last day, so every interval is half-open. Month
// ends are clamped: a month after 31 January is the last day of February (Polish Civil Code art.
// 112; Regulation 1182/71 art. 3(2)(c)), where time.AddDate would continue into March.
package calendar

import (
	"fmt"
	"time"
)

// Date is a day of the Gregorian calendar, without a place.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// In returns the local date in zone at t.
func In(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// Parse reads a date written as 2006-01-02.
func Parse(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date like 2026-12-31", s)
	}
	return In(t, time.UTC), nil
}

// String writes the date as 2006-01-02.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// AddDays returns the date n days later.
func (d Date) AddDays(n int) Date {
	if day := d.Day + n; 1 <= day && day <= shortestMonth {
		return Date{d.Year, d.Month, day}
	}
	return In(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC), time.UTC)
}

// shortestMonth is the number of days that every month has.
const shortestMonth = 28

// DaysTo returns the number of days from d to e.
func (d Date) DaysTo(e Date) int {
	noon := func(x Date) time.Time { return time.Date(x.Year, x.Month, x.Day, 12, 0, 0, 0, time.UTC) }
	return int(noon(e).Sub(noon(d)) / (24 * time.Hour))
}

// AddMonths returns the same day n months later, or the last day of a shorter month.
func (d Date) AddMonths(n int) Date {
	months := 12*d.Year + int(d.Month) - 1 + n // since January of the year 0
	year := months / 12
	if months%12 < 0 {
		year--
	}
	first := Date{year, time.Month(months-12*year) + 1, 1}
	if d.Day <= shortestMonth {
		first.Day = d.Day
		return first
	}
	first.Day = min(d.Day, first.EndOfMonth().Day)
	return first
}

// AddYears returns the same day n years later; 29 February becomes 28 February
// where there is none.
func (d Date) AddYears(n int) Date { return d.AddMonths(12 * n) }

// EndOfMonth returns the last day of the date's month.
func (d Date) EndOfMonth() Date {
	switch d.Month {
	case time.April, time.June, time.September, time.November:
		return Date{d.Year, d.Month, 30}
	case time.February:
		if d.Year%4 == 0 && (d.Year%100 != 0 || d.Year%400 == 0) {
			return Date{d.Year, d.Month, 29}
		}
		return Date{d.Year, d.Month, 28}
	}
	return Date{d.Year, d.Month, 31}
}

// EndOfYear returns 31 December of the date's year.
func (d Date) EndOfYear() Date { return Date{d.Year, time.December, 31} }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Compare returns -1, 0 or +1 as d is before, on or after e.
func (d Date) Compare(e Date) int {
	a := d.Year*10000 + int(d.Month)*100 + d.Day
	b := e.Year*10000 + int(e.Month)*100 + e.Day
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Start returns the first instant of the day in zone, in UTC.
func (d Date) Start(zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	// Where a zone skips midnight, time.Date may answer with the evening before.
	for In(t, zone).Compare(d) < 0 {
		t = t.Add(30 * time.Minute)
	}
	return t.UTC()
}

// End returns the first instant after the day in zone, in UTC: a period whose
// last day is d lapses then.
func (d Date) End(zone *time.Location) time.Time { return d.AddDays(1).Start(zone) }

// Later returns the later of two instants.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
