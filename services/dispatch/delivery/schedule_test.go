package delivery

import (
	"testing"
	"time"
)

func TestNext_DoublesUpToAnHourAndEndsAfterThreeDays(t *testing.T) {
	stored := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age      time.Duration
		failures int
		asked    time.Duration
		random   float64
		want     time.Duration
		more     bool
	}{
		{0, 1, 0, 0.5, time.Second, true},
		{0, 1, 0, 0, 0, true},
		{0, 2, 0, 0.5, 2 * time.Second, true},
		{0, 5, 0, 0.5, 16 * time.Second, true},
		{0, 12, 0, 0.5, 30 * time.Minute, true},
		{0, 100_000, 0, 0.999999, 3599996400 * time.Microsecond, true},
		{0, 1, time.Minute, 0.5, time.Minute, true},
		{0, 12, time.Minute, 0.5, 30 * time.Minute, true},
		{0, 1, 100 * time.Hour, 0.5, 6 * time.Hour, true},
		{71*time.Hour + 50*time.Minute, 50, 0, 0.99, 10 * time.Minute, true},
		{72 * time.Hour, 50, 0, 0.5, 0, false},
		{-time.Hour, 1, 0, 0.5, time.Second, true}, // the clock of the stream is ahead
	} {
		now := stored.Add(c.age)
		due, more := Schedule{}.Next(stored, now, c.failures, c.asked, c.random)
		if more != c.more || more && due.Sub(now) != c.want {
			t.Errorf("%+v: got %s, %t", c, due.Sub(now), more)
		}
	}
}

func TestCircuit_OpensForTwoDecisionsOrWhenNobodyAnswers(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name        string
		decisions   string
		unreachable bool
		opens       bool
	}{
		{"one decision", "aaaaaaaaaa", false, false},
		{"two decisions", "aaaab", false, true},
		{"four failures", "abab", false, false},
		{"one decision, and nobody answers", "aaaaa", true, true},
	} {
		var circuit circuit
		opened := false
		for _, d := range c.decisions {
			opened = circuit.fail(string(d), c.unreachable, now) || opened
		}
		if opened != c.opens || circuit.open != c.opens {
			t.Errorf("%s: open %t", c.name, opened)
		}
		if closed := circuit.succeed(); closed != c.opens || circuit.open {
			t.Errorf("%s: closed %t", c.name, closed)
		}
	}
	var circuit circuit
	for range 4 {
		circuit.fail("a", false, now)
		circuit.fail("b", false, now)
		circuit.succeed()
	}
	if circuit.open {
		t.Error("open although calls succeed in between")
	}
}
