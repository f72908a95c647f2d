package consoletest_test

import "testing"

// TestStory_SignsInAndSeesTheDay: the first minute of the owner.
func TestStory_SignsInAndSeesTheDay(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.sees("Dziś", "Instalacja tylko obserwuje", "ala@example.com")
	b.accessible("today")
	b.picture("/tmp/today.png")
}
