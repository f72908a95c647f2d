package delivery

import "time"

// circuit is the circuit breaker of a recipient. The circuit opens after consecutive failures, and
// then admits one decision at a time as a probe.
type circuit struct {
	open bool
	// since is the instant of the opening, due the instant of the next probe.
	since, due time.Time
	// failures counts consecutive failures; alone is the only failed decision, empty after another
	// one failed; unreachable counts the failures without a peer.
	failures, unreachable int
	alone                 string
	probes                int
}

const (
	// opensAfter is the number of consecutive failures that open the circuit: of at least two
	// decisions, since a single decision may be at fault, or of any decision when the peer is
	// unreachable.
	opensAfter = 5
	// firstProbe is how long to wait on average for the first probe. A recipient that was away for seconds only
	// is found again within about twice the time.
	firstProbe = 100 * time.Millisecond
	// maxProbe is the longest wait between two probes.
	maxProbe = 5 * time.Minute
)

// fail counts a failure and reports whether the circuit opened.
func (c *circuit) fail(decision string, unreachable bool, now time.Time) bool {
	switch {
	case c.failures == 0:
		c.alone = decision
	case c.alone != decision:
		c.alone = ""
	}
	c.failures++
	if unreachable {
		c.unreachable++
	}
	if c.open || c.failures < opensAfter || c.alone != "" && c.unreachable < opensAfter {
		return false
	}
	c.open, c.since = true, now
	return true
}

// probeLater schedules the next probe of an open circuit.
func (c *circuit) probeLater(now time.Time, asked time.Duration, random float64) {
	c.probes++
	wait := Schedule{First: firstProbe, Most: maxProbe}.wait(c.probes, random)
	c.due = now.Add(max(wait, min(asked, maxAsked)))
}

// succeed counts a success and reports whether the circuit closed.
func (c *circuit) succeed() bool {
	was := c.open
	*c = circuit{}
	return was
}
