package apply_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// TestApply_ASenderCannotCallAnActAnEcho: the trait is the core's own, and what a sender
// writes is dropped.
func TestApply_ASenderCannotCallAnActAnEcho(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(signup, "", "ala@example.com"))
	act := b.fact(unsub, "", "ala@example.com")
	act.Traits = []string{fact.TraitEcho}
	b.apply(act)
	s, _ := b.who("ala@example.com")
	for _, f := range s.Facts {
		if f.HasTrait(fact.TraitEcho) {
			t.Errorf("%s is an echo", f.ID)
		}
	}
	if s.HoldsPersonal || kinds(s) != "signup unsubscribe" {
		t.Errorf("the consent goes on: %s", kinds(s))
	}
}
