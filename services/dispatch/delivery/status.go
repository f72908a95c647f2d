package delivery

import "time"

// The states of a recipient.
const (
	// StateOK: decisions get through, or none are there.
	StateOK = "ok"
	// StateWaiting: some decisions wait for another try.
	StateWaiting = "waiting"
	// StateCircuitOpen: nothing gets through, and one decision at a time is tried.
	StateCircuitOpen = "circuit_open"
	// StateDisabled: the recipient answered 410.
	StateDisabled = "disabled"
)

// Status is how a recipient is doing.
type Status struct {
	State string
	// Since is the beginning of the state; zero while ok.
	Since time.Time
	// LastError is the latest error, at LastErrorAt.
	LastError   string
	LastErrorAt time.Time
	// Held counts the decisions in this process, Oldest is the publication of the oldest one.
	Held   int
	Oldest time.Time
}

// Status returns the state of the recipient as known to this process.
func (l *Lane) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		State:       StateOK,
		LastError:   l.lastError,
		LastErrorAt: l.lastErrorAt,
		Held:        l.order.held,
		Oldest:      l.order.oldest(),
	}
	if since, reason, off := l.opts.Switch.Off(l.opts.Recipient); off {
		s.State, s.Since = StateDisabled, since
		if s.LastError == "" {
			s.LastError, s.LastErrorAt = reason, since
		}
		return s
	}
	if l.circuit.open {
		s.State, s.Since = StateCircuitOpen, l.circuit.since
		return s
	}
	for _, chain := range l.order.persons {
		if at := chain[0].failing; !at.IsZero() && (s.Since.IsZero() || at.Before(s.Since)) {
			s.State, s.Since = StateWaiting, at
		}
	}
	return s
}
