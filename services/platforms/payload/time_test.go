package payload_test

import (
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// TestTime_ShortNotations: a date and a time without seconds are read in the zone of the shop, unless the
// notation has a zone of its own.
func TestTime_ShortNotations(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for written, want := range map[string]string{
		"2026-06-01":        "2026-05-31T22:00:00Z",
		"2026-06-01 09:05":  "2026-06-01T07:05:00Z",
		"2026-06-01T09:05":  "2026-06-01T07:05:00Z",
		"2026-06-01T09:05Z": "2026-06-01T09:05:00Z",
		"1780304700":        "2026-06-01T09:05:00Z",
		"":                  "",
		"0000-00-00":        "",
		"1 June":            "",
	} {
		got := ""
		if at := payload.Time(written, warsaw); at != nil {
			got = at.AsTime().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", written, got, want)
		}
	}
}

// TestTime_OutsideOfTheCalendar: a time that RFC 3339 cannot say in UTC is no time.
func TestTime_OutsideOfTheCalendar(t *testing.T) {
	for _, text := range []string{"9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00Z"} {
		if got := payload.Time(text, time.UTC); got != nil {
			t.Errorf("%s is read as %s, want no time", text, got.AsTime())
		}
	}
}
