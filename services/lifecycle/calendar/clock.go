package calendar

import "time"

// Clock reads civil dates in one zone, and remembers the last ones: the rules of a policy ask for the date of one
// event again and again. A clock serves one goroutine. The zero value remembers nothing yet.
type Clock struct {
	zone  *time.Location
	dates [clockSize]reading
	ends  [clockSize]reading
}

// reading is an instant with a date, or with the date that ends then.
type reading struct {
	at   time.Time
	date Date
}

// clockSize is the number of dates and ends that a clock remembers.
const clockSize = 64

// Set sets the zone of the clock.
func (c *Clock) Set(zone *time.Location) {
	if c.zone != zone {
		*c = Clock{zone: zone}
	}
}

// In returns the local date at t.
func (c *Clock) In(t time.Time) Date {
	r := &c.dates[uint64(t.Unix())%clockSize] //nolint:gosec // any place will do
	if r.date == (Date{}) || !r.at.Equal(t) {
		*r = reading{t, In(t, c.zone)}
	}
	return r.date
}

// End returns the first instant after a day, in UTC.
func (c *Clock) End(d Date) time.Time {
	r := &c.ends[uint(d.Day+31*int(d.Month)+372*d.Year)%clockSize]
	if r.date != d {
		*r = reading{d.End(c.zone), d}
	}
	return r.at
}
