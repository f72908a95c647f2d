// Package brake stops the deletions that come with time, when the time cannot be believed or would delete the data of
// too many persons at once, until a person approves.
package brake

import (
	"sync"
	"time"
)

// The tolerances of a clock.
const (
	// behindBy is how far the clock may stand before the latest time that is known.
	behindBy = 5 * time.Minute
	// aheadBy is how far the clock may run ahead of the time for which the program ran. A machine that slept, or
	// whose clock was corrected by a day at most, goes on.
	aheadBy = 24 * time.Hour
	// pausedBy is how long the program may have been stopped for the time of a start to be believed.
	pausedBy = 7 * 24 * time.Hour
)

// ClockOptions configure a Clock.
type ClockOptions struct {
	// Wall returns the time of the machine; nil means time.Now.
	Wall func() time.Time
	// Elapsed returns the time since the start by a clock that nobody sets; nil means the monotonic clock.
	Elapsed func() time.Duration
}

// Clock is the time of the machine as far as it is believed. A Clock may be used concurrently.
type Clock struct {
	opts ClockOptions

	mu sync.Mutex
	// base is the time of the machine at Elapsed 0, by the latest reading that was believed.
	base time.Time
	// latest is the latest time that was believed, also by an earlier process.
	latest time.Time
	// received is the time of the latest receipt, by the clock of the machine that received.
	received time.Time
}

// NewClock makes a Clock. The time of the machine is believed at first.
func NewClock(opts ClockOptions) *Clock {
	if opts.Wall == nil {
		opts.Wall = time.Now
	}
	if opts.Elapsed == nil {
		start := time.Now()
		opts.Elapsed = func() time.Duration { return time.Since(start) }
	}
	return &Clock{opts: opts, base: opts.Wall().Add(-opts.Elapsed())}
}

// State reports whether the time of a clock is believed.
type State string

// The states of a clock.
const (
	// Believed is the usual state.
	Believed State = "believed"
	// Behind means that the clock stands before a time that was recorded.
	Behind State = "behind"
	// Ahead means that the clock has jumped ahead of the time for which the program ran.
	Ahead State = "ahead"
)

// Now returns the time of the machine, in UTC. While the clock has jumped ahead, Now goes on from the time before the
// jump: what is applied meanwhile is not evaluated in a future that may be none.
func (c *Clock) Now() time.Time {
	now, _, _ := c.Read()
	return now
}

// Read returns the time that is believed, that of the machine, and the state.
func (c *Clock) Read() (believed, wall time.Time, state State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall = c.opts.Wall().Round(0).UTC()
	elapsed := c.opts.Elapsed()
	expected := c.base.Add(elapsed).Round(0).UTC()
	if c.latest.After(expected) {
		expected = c.latest // the program started while the clock stood behind
	}
	switch {
	case wall.After(expected.Add(aheadBy)):
		return expected, wall, Ahead
	case wall.Before(c.latest.Add(-behindBy)), wall.Before(c.received.Add(-behindBy)):
		return wall, wall, Behind
	}
	c.base = wall.Add(-elapsed)
	return wall, wall, Believed
}

// Believe notes a time that was believed.
func (c *Clock) Believe(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.latest) {
		c.latest = t
	}
}

// Resume notes the latest time that an earlier process believed. After a long pause the time of the machine is not
// believed until a person approves: the clock may have been set wrongly meanwhile.
func (c *Clock) Resume(latest time.Time) {
	c.Believe(latest)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !latest.IsZero() && c.opts.Wall().Sub(latest) > pausedBy {
		c.base = latest.Add(-c.opts.Elapsed())
	}
}

// Received notes the time of a receipt. The receipt vouches for no time: while the clock has jumped ahead, receipts
// have, too.
func (c *Clock) Received(t time.Time) {
	if _, _, state := c.Read(); state == Ahead {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received = t
}

// Latest is the latest time that is known: one that was believed, or that of the latest receipt.
func (c *Clock) Latest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.received.After(c.latest) {
		return c.received
	}
	return c.latest
}

// Approve believes the time of the machine, whatever is known.
func (c *Clock) Approve() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = c.opts.Wall().Round(0).Add(-c.opts.Elapsed())
	c.latest, c.received = time.Time{}, time.Time{}
}
