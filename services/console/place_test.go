package console

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestPlace_WritesTimesInTheZoneOfThePolicy: the zone is read once an hour, and kept while the interface is away.
func TestPlace_WritesTimesInTheZoneOfThePolicy(t *testing.T) {
	zone, status := "America/New_York", http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"zone": "`+zone+`"}`)
	}))
	defer server.Close()
	now := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
	p := &place{api: newAPI(server.URL, "token"), now: func() time.Time { return now }}
	want := func(what, text string) {
		t.Helper()
		p.refresh(t.Context())
		if got := formatted(now, "2006-01-02 15:04", p.zone()); got != text {
			t.Errorf("%s: got %s, want %s", what, got, text)
		}
	}
	want("the zone of the policy", "2026-11-29 20:00")
	zone = "Europe/Warsaw"
	want("within the hour", "2026-11-29 20:00")
	now = now.Add(zoneKept)
	want("after an hour", "2026-11-30 03:00")
	now, status = now.Add(zoneKept), http.StatusServiceUnavailable
	want("while the interface is away", "2026-11-30 04:00")
}

// TestPlace_AYearBeginsInTheZoneOfThePolicy: the page of the report offers the year that has begun there.
func TestPlace_AYearBeginsInTheZoneOfThePolicy(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC)
	p := &place{now: func() time.Time { return now }}
	p.is.Store(&knownZone{warsaw, now})
	if got := p.year(); got != 2026 {
		t.Errorf("a second before the new year: got %d, want 2026", got)
	}
	now = now.Add(time.Second)
	if got := p.year(); got != 2027 {
		t.Errorf("at the new year: got %d, want 2027", got)
	}
}
