package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// TestLabels_FollowAPersonAlongThePath: a subscriber buys, and the contract becomes a matter of the books.
func TestLabels_FollowAPersonAlongThePath(t *testing.T) {
	p := lifecycletest.Policy(t)
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	confirmed := begin.Add(time.Minute)
	s := lifecycle.Subject{ID: "person"}
	for _, step := range []struct {
		days       int
		fact       fact.Fact
		has, lacks []string
	}{
		{
			0, fact.Fact{
				ID: "a", Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "footer", DoubleOptIn: &confirmed,
				Address: "ala",
			},
			[]string{"stage:subscriber", "moved:2026-03::subscriber", "use:offers:email:yes"},
			[]string{"unproven", "hold"},
		},
		{
			40, fact.Fact{ID: "b", Kind: fact.KindSale, Ref: "order-1", Access: fact.AccessCourse, AccessDays: 10, Address: "ala"},
			[]string{"stage:customer", "moved:2026-04:subscriber:customer", "use:offers:email:yes"},
			[]string{"stage:subscriber"},
		},
		{
			41, fact.Fact{ID: "c", Kind: fact.KindUnsubscribe, Address: "ala"},
			[]string{"stage:customer", "use:offers:email:withdrawn"},
			[]string{"use:offers:email:yes"},
		},
		{
			50, fact.Fact{ID: "d", Kind: fact.KindHold, Ref: "order-1", Address: "ala"},
			[]string{"hold"},
			nil,
		},
		{
			300, fact.Fact{ID: "e", Kind: fact.KindRelease, Ref: "order-1", Address: "ala"},
			[]string{"stage:past"},
			[]string{"hold", "stage:customer", "moved:2026-04:subscriber:customer"},
		},
	} {
		at := begin.AddDate(0, 0, step.days)
		step.fact.Occurred, step.fact.Received, step.fact.Source = at, at, "forms"
		s, _ = lifecycle.Decide(p, s, []fact.Fact{step.fact}, at.Add(time.Second))
		s.Version++
		labels := s.AllLabels()
		for _, l := range step.has {
			if !slices.Contains(labels, l) {
				t.Errorf("after %s: got %v, want %s among them", step.fact.Kind, labels, l)
			}
		}
		for _, l := range step.lacks {
			if slices.Contains(labels, l) {
				t.Errorf("after %s: got %v, want no %s", step.fact.Kind, labels, l)
			}
		}
		if !slices.ContainsFunc(labels, func(l string) bool { return l > "lapse:" && l < "lapse;" }) && step.days > 40 {
			t.Errorf("after %s: %v name no month in which data lapse", step.fact.Kind, labels)
		}
	}
	if got := (&lifecycle.Subject{MergedInto: "other", Labels: s.Labels}).AllLabels(); len(got) != 0 {
		t.Errorf("a redirect has the labels %v", got)
	}
}
