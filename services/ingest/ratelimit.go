package ingest

import (
	"errors"
	"time"

	"golang.org/x/time/rate"
)

// ErrRateLimited means that a source sends more than it may. The sender is asked to try again.
var ErrRateLimited = errors.New("the source sends more than its per_minute")

// rateLimits is how fast sources may send, by their ids. A source that is not in it may send
// as fast as it likes.
type rateLimits map[string]*rate.Limiter

// newRateLimits takes the most webhooks in a minute of each source. So many may also come at
// once.
func newRateLimits(perMinute map[string]int) rateLimits {
	p := rateLimits{}
	for source, n := range perMinute {
		p[source] = rate.NewLimiter(rate.Limit(float64(n)/60), n)
	}
	return p
}

// allow counts a webhook of a source, or returns ErrPace.
func (p rateLimits) allow(source string, now time.Time) error {
	if l := p[source]; l != nil && !l.AllowN(now, 1) {
		return ErrRateLimited
	}
	return nil
}
