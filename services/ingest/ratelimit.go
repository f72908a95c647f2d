package ingest

import (
	"errors"
	"time"

	"golang.org/x/time/rate"
)

// ErrRateLimited means that a source exceeds its rate limit. The sender is asked for a redelivery.
var ErrRateLimited = errors.New("the source exceeds its per_minute")

// rateLimits are the rate limits of sources, by id. A source without an entry has none.
type rateLimits map[string]*rate.Limiter

// newRateLimits takes the webhooks per minute of each source, which are also the burst.
func newRateLimits(perMinute map[string]int) rateLimits {
	p := rateLimits{}
	for source, n := range perMinute {
		p[source] = rate.NewLimiter(rate.Limit(float64(n)/60), n)
	}
	return p
}

// allow counts a webhook of a source, or returns ErrRateLimited.
func (p rateLimits) allow(source string, now time.Time) error {
	if l := p[source]; l != nil && !l.AllowN(now, 1) {
		return ErrRateLimited
	}
	return nil
}
