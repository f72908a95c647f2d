package delivery

import "time"

// Schedule says when a decision that did not get through is tried again.
type Schedule struct {
	// First is how long to wait on average after the first failure; 0 means 1 second.
	First time.Duration
	// Most is the longest wait of the schedule itself; 0 means 1 hour.
	Most time.Duration
	// GiveUp is how long a decision is tried, from when it was put into the stream; 0
	// means 3 days.
	GiveUp time.Duration
}

// maxAsked is how long a recipient may ask to be left alone (Retry-After).
const maxAsked = 6 * time.Hour

// withDefaults fills in what is not set.
func (s Schedule) withDefaults() Schedule {
	if s.First == 0 {
		s.First = time.Second
	}
	if s.Most == 0 {
		s.Most = time.Hour
	}
	if s.GiveUp == 0 {
		s.GiveUp = 3 * 24 * time.Hour
	}
	return s
}

// Next tells when a decision is tried again that has failed a number of times by now,
// and false when it is not. The window doubles with each failure, and the wait is
// anywhere in it: random is in [0, 1). asked is how long the recipient wants to be left
// alone. The last try is at the end of the time that a decision is given.
func (s Schedule) Next(stored, now time.Time, failures int, asked time.Duration, random float64) (time.Time, bool) {
	s = s.withDefaults()
	end := stored.Add(s.GiveUp)
	if !now.Before(end) {
		return time.Time{}, false
	}
	due := now.Add(s.wait(failures, random))
	if due.After(end) {
		due = end
	}
	if at := now.Add(min(asked, maxAsked)); at.After(due) {
		due = at
	}
	return due, true
}

// wait draws a wait after a number of failures.
func (s Schedule) wait(failures int, random float64) time.Duration {
	window := 2 * s.First
	for range failures - 1 {
		if window >= s.Most {
			break
		}
		window *= 2
	}
	return time.Duration(random * float64(min(window, s.Most)))
}
