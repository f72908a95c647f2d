package ingest

import (
	"errors"
	"time"

	"golang.org/x/time/rate"
)

// ErrPace means that a source sends more than it may. The sender is asked to try again.
var ErrPace = errors.New("the source sends more than its per_minute")

// pace is how fast sources may send, by their ids. A source that is not in it may send
// as fast as it likes.
type pace map[string]*rate.Limiter

// newPace takes the most webhooks in a minute of each source. So many may also come at
// once.
func newPace(perMinute map[string]int) pace {
	p := pace{}
	for source, n := range perMinute {
		p[source] = rate.NewLimiter(rate.Limit(float64(n)/60), n)
	}
	return p
}

// keep counts a webhook of a source, or returns ErrPace.
func (p pace) keep(source string, now time.Time) error {
	if l := p[source]; l != nil && !l.AllowN(now, 1) {
		return ErrPace
	}
	return nil
}
