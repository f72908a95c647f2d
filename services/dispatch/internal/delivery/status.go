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
	// StateDisabled: the recipient said that it is gone for good.
	StateDisabled = "disabled"
)

// Status is how a recipient is doing.
type Status struct {
	State string
	// Since is when the state began; zero while it is ok.
	Since time.Time
	// LastError is what went wrong last, and LastErrorAt when.
	LastError   string
	LastErrorAt time.Time
	// Held is how many decisions this process holds, Oldest when the oldest of them was
	// stored.
	Held   int
	Oldest time.Time
}

// Status tells how the recipient is doing, as far as this process has to do with it.
func (l *Lane) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{State: StateOK, LastError: l.lastError, LastErrorAt: l.lastErrorAt, Held: l.order.held, Oldest: l.order.oldest()}
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
