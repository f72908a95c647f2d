package delivery

import "time"

// circuit watches a recipient as a whole. It opens when decisions fail one after the
// other, and then lets one through at a time, to see whether the recipient is back.
type circuit struct {
	open bool
	// since is when it opened, due when the next decision may be tried.
	since, due time.Time
	// failures in a row; alone is the only decision among them, empty once there is
	// another; unreachable counts those where there was nobody to answer.
	failures, unreachable int
	alone                 string
	probes                int
}

const (
	// opensAfter is how many failures in a row open the circuit: of two decisions or
	// more, since one alone may be at fault itself, or of any when nobody answers.
	opensAfter = 5
	// maxProbe is the longest wait between two probes.
	maxProbe = 5 * time.Minute
)

// fail counts a failure and tells whether it opened the circuit.
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

// probeLater says when the next decision is let through an open circuit.
func (c *circuit) probeLater(now time.Time, asked time.Duration, random float64) {
	c.probes++
	wait := Schedule{First: time.Second, Most: maxProbe}.wait(c.probes, random)
	c.due = now.Add(max(wait, min(asked, maxAsked)))
}

// succeed counts a success and tells whether it closed the circuit.
func (c *circuit) succeed() bool {
	was := c.open
	*c = circuit{}
	return was
}
