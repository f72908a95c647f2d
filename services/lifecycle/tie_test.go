package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// TestBases_NoTieIsLeftToAnID: facts of one instant have an order by their meaning, so that other ids give
// the same bases. All facts happen at one of two instants.
func TestBases_NoTieIsLeftToAnID(t *testing.T) {
	p := lifecycletest.Policy(t)
	rapid.Check(t, func(t *rapid.T) {
		facts := anyHistory(t)
		for i := range facts {
			facts[i].Occurred = now.AddDate(0, 0, -rapid.IntRange(1, 2).Draw(t, "day"))
			facts[i].Received = facts[i].Occurred
			facts[i].StateOf, facts[i].AsOf = "", nil // repetitions share an id
		}
		facts = fact.Combine(nil, facts)
		others := slices.Clone(facts)
		for i, id := range rapid.Permutation(idsOf(facts)).Draw(t, "ids") {
			others[i].ID = id
		}
		ignored := cmpopts.IgnoreFields(rules.Basis{}, "Facts")
		if diff := cmp.Diff(rules.Bases(p, facts), rules.Bases(p, others), ignored); diff != "" {
			t.Fatalf("with other ids the bases differ (-first +second):\n%s", diff)
		}
	})
}

func idsOf(facts []fact.Fact) []string {
	ids := make([]string, len(facts))
	for i := range facts {
		ids[i] = facts[i].ID
	}
	return ids
}
