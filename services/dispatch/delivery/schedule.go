package delivery

import "time"

// Schedule is the backoff between attempts at a delivery.
type Schedule struct {
	// First is how long to wait on average after the first failure; 0 means 1 second.
	First time.Duration
	// Most is the longest wait of the schedule itself; 0 means 1 hour.
	Most time.Duration
	// GiveUp bounds the attempts, from the publication of the decision; 0 means 3 days.
	GiveUp time.Duration
}

// maxAsked is how long a recipient may ask to be left alone (Retry-After).
const maxAsked = 6 * time.Hour

// withDefaults fills in unset fields.
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

// Next returns the instant of the next attempt after a number of failures, and false for none. The
// window doubles with each failure, and the wait is a random part of the window: random is in [0,
// 1). asked is the wait requested by the recipient. The last attempt is at the end of GiveUp.
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
