package cli

import (
	"testing"
	"time"
)

// TestParseDay_ADayIsOneOfTheZoneThatIsGiven: its begin, and its last second, which is now on the present day.
func TestParseDay_ADayIsOneOfTheZoneThatIsGiven(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 29, 23, 30, 0, 0, time.UTC) // in Warsaw 30 November
	for text, want := range map[string][2]string{
		"2026-07-01":           {"2026-06-30T22:00:00Z", "2026-07-01T21:59:59Z"},
		"2026-11-30":           {"2026-11-29T23:00:00Z", "2026-11-29T23:30:00Z"},
		"2026-07-01T10:00:00Z": {"2026-07-01T10:00:00Z", "2026-07-01T10:00:00Z"},
	} {
		at, err := parseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		got := [2]string{at.begin(warsaw).UTC().Format(time.RFC3339), at.end(warsaw, now).UTC().Format(time.RFC3339)}
		if got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	for _, wrong := range []string{"yesterday", "2026-13-01", "01.12.2026"} {
		if at, err := parseDay(wrong); err == nil {
			t.Errorf("%q: got %+v, want an error", wrong, at)
		}
	}
}
