package scale_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/rodopath/scale"
)

func run(l scale.Load, replicas, partitions int) scale.Result {
	return scale.Run(scale.Measured(), l, scale.Plan{Replicas: replicas, Partitions: partitions}, 1)
}

// TestRun_OneConsumerHasNoConflict: one replica without partitions applies one batch at a time.
func TestRun_OneConsumerHasNoConflict(t *testing.T) {
	for _, l := range scale.Loads()[:2] {
		if got := run(l, 1, 1).Conflicts; got != 0 {
			t.Errorf("%s: got the share %v, want none", l.Name, got)
		}
	}
}

// TestRun_GivesTheMeasuredConflicts: at the load of the benchmark the simulation gives conflicts of the measured size,
// many with a shared stream and under 1 % with partitions.
func TestRun_GivesTheMeasuredConflicts(t *testing.T) {
	l := scale.Loads()[0]
	for _, replicas := range []int{2, 4} {
		if got := run(l, replicas, 1).Conflicts; got < 0.1 || got > 0.6 {
			t.Errorf("%d replicas share the stream: got %.1f %%, measured 21 to 45 %%", replicas, got*100)
		}
		for _, partitions := range []int{4, 16} {
			if got := run(l, replicas, partitions).Conflicts; got > 0.01 {
				t.Errorf("%d replicas, %d partitions: got %.2f %%, measured under 0.6 %%", replicas, partitions, got*100)
			}
		}
	}
}

// TestRun_EqualSeedsGiveEqualResults: the simulation has no other chance.
func TestRun_EqualSeedsGiveEqualResults(t *testing.T) {
	l := scale.Loads()[0]
	if a, b := run(l, 4, 16), run(l, 4, 16); a != b {
		t.Errorf("got %+v and %+v", a, b)
	}
}

// TestRun_MoreReplicasKeepUp: a load that is too much for one replica is not for 16.
func TestRun_MoreReplicasKeepUp(t *testing.T) {
	l := scale.Loads()[len(scale.Loads())-1]
	if got := run(l, 1, 1); !got.Behind {
		t.Errorf("one replica keeps up with %s: %+v", l.Name, got)
	}
	if got := run(l, 16, 16); got.Behind || got.Conflicts > 0.01 {
		t.Errorf("16 replicas do not keep up with %s: %+v", l.Name, got)
	}
}
