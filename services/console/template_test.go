package console

import (
	"testing"
	"time"
)

// TestLastDay_IsTheDayBeforeADeadline: a deadline is the first instant at which an answer is late, the midnight after
// the last day.
func TestLastDay_IsTheDayBeforeADeadline(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	due := time.Date(2026, 12, 29, 23, 0, 0, 0, time.UTC)
	if got := lastDay(&due, warsaw); got != "2026-12-29" {
		t.Errorf("got %s, want 2026-12-29", got)
	}
	if got := lastDay(nil, warsaw); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

// TestPages_AreRead: a template is read when its page is first shown, so a fault in one would show late.
func TestPages_AreRead(t *testing.T) {
	for l, list := range readPages(t, &place{}) {
		for name, read := range list {
			if _, err := read(); err != nil {
				t.Errorf("%s in %s: %v", name, l, err)
			}
		}
	}
}

// readPages reads the pages with their words and assets.
func readPages(t *testing.T, p *place) pages {
	t.Helper()
	texts, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	files, err := readAssets()
	if err != nil {
		t.Fatal(err)
	}
	return newPages(texts, files, p)
}
