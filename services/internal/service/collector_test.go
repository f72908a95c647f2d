package service

import "testing"

func TestCollectorPercent_GrowsOnlyWhileTheProgramIsBusyAndSmall(t *testing.T) {
	for name, c := range map[string]struct {
		percent      int
		cycles, live uint64
		want         int
	}{
		"idle":           {calmPercent, 0, 10 << 20, calmPercent},
		"a little work":  {calmPercent, 1, 10 << 20, calmPercent},
		"much work":      {calmPercent, 5, 10 << 20, busyPercent},
		"still much":     {busyPercent, 1, 10 << 20, busyPercent},
		"work is over":   {busyPercent, 0, 10 << 20, calmPercent},
		"a larger heap":  {calmPercent, 5, 32 << 20, 200},
		"a large heap":   {busyPercent, 5, 300 << 20, calmPercent},
		"an empty heap":  {calmPercent, 5, 0, busyPercent},
		"large and idle": {busyPercent, 0, 300 << 20, calmPercent},
	} {
		if got := collectorPercent(c.percent, c.cycles, c.live); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
