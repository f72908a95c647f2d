package fact_test

import (
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// TestStateTime: a state is never later than its receipt, and of two states of one second the one received
// later counts as the later state.
func TestStateTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	if got := fact.StateTime(at.Add(time.Hour), at); !got.Equal(at) {
		t.Errorf("a clock ahead gives %s, want the receipt %s", got, at)
	}
	if want := at.Add(20 * time.Millisecond); !fact.StateTime(want, at.Add(time.Minute)).Equal(want) {
		t.Errorf("a time with milliseconds is changed")
	}
	last := at
	for _, delay := range []time.Duration{20 * time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		got := fact.StateTime(at, at.Add(delay))
		if !got.After(last) || got.Sub(at) >= time.Second {
			t.Errorf("received after %s: %s, want a later time within the second of %s", delay, got, at)
		}
		last = got
	}
}

// TestIsUnproven: a sign-up under the account of another person is no act of the person.
func TestIsUnproven(t *testing.T) {
	for name, f := range map[string]fact.Fact{
		"by a system":           {Kind: fact.KindSignup, Traits: []string{fact.TraitUnproven}},
		"under another account": {Kind: fact.KindSignup, OtherAccount: true},
	} {
		if !f.IsUnproven() {
			t.Errorf("%s: proven, want unproven", name)
		}
	}
}
