package calendar

import (
	"testing"
	"time"
)

// TestClock_AgreesWithDates reads each day of ten years, twice, in two zones.
func TestClock_AgreesWithDates(t *testing.T) {
	var c Clock
	for _, zone := range []*time.Location{warsaw(t), time.UTC, warsaw(t)} {
		c.Set(zone)
		for at := instantOf(2020); at.Before(instantOf(2030)); at = at.Add(23 * time.Hour) {
			for range 2 {
				if got, want := c.In(at), In(at, zone); got != want {
					t.Fatalf("%s in %s: got %s, want %s", at, zone, got, want)
				}
				if got, want := c.End(In(at, zone)), In(at, zone).End(zone); !got.Equal(want) {
					t.Fatalf("end of the day of %s in %s: got %s, want %s", at, zone, got, want)
				}
			}
		}
	}
}

func instantOf(year int) time.Time { return time.Date(year, 1, 1, 0, 30, 0, 0, time.UTC) }
