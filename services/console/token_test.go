package console

import (
	"testing"
	"time"
)

// TestToken_SaysWhyItAdmitsNobody: an address to sign in works once, for ten minutes; its state is known afterwards.
func TestToken_SaysWhyItAdmitsNobody(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := newSessions(func() time.Time { return now }, nil, nil)
	used, late := s.newToken(), s.newToken()
	look := func(text string, want tokenState, minutes int) {
		t.Helper()
		if got, left := s.lookUp(text); got != want || left != minutes {
			t.Errorf("state: got %q and %d minutes, want %q and %d", got, left, want, minutes)
		}
	}
	look(used, tokenGood, 10)
	now = now.Add(9*time.Minute + 30*time.Second)
	look(used, tokenGood, 1)
	if got := s.take(used); got != tokenGood {
		t.Errorf("the first use: got %q, want it to admit", got)
	}
	if got := s.take(used); got != tokenUsed {
		t.Errorf("the second use: got %q, want %q", got, tokenUsed)
	}
	look(used, tokenUsed, 0)
	now = now.Add(time.Minute)
	look(late, tokenExpired, 0)
	if got := s.take(late); got != tokenExpired {
		t.Errorf("after ten minutes: got %q, want %q", got, tokenExpired)
	}
	look("of another installation", tokenUnknown, 0)
	now = now.Add(tokenMemory)
	s.newToken()
	look(late, tokenUnknown, 0)
}

// TestToken_IsNotGuessed: after ten wrong tokens in a minute none is tried, and a page that is only looked at counts
// for nothing.
func TestToken_IsNotGuessed(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := newSessions(func() time.Time { return now }, nil, nil)
	good := s.newToken()
	for range 2 * maxFailures {
		s.lookUp("guess")
	}
	for range maxFailures {
		if got := s.take("guess"); got != tokenUnknown {
			t.Fatalf("a guess: got %q, want %q", got, tokenUnknown)
		}
	}
	if got := s.take(good); got != tokenLocked {
		t.Errorf("after %d guesses: got %q, want %q", maxFailures, got, tokenLocked)
	}
	now = now.Add(time.Minute + time.Second)
	if got := s.take(good); got != tokenGood {
		t.Errorf("a minute later: got %q, want it to admit", got)
	}
}
