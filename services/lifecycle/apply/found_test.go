package apply_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// TestApply_CountsWhatAReconciliationFinds: a fact counts once, and only if no webhook told the fact before or at the
// same time.
func TestApply_CountsWhatAReconciliationFinds(t *testing.T) {
	b := newBench(t)
	var found []string
	b.Applier = apply.New(apply.Options{
		Store: b.store, Vault: b.vault, Policy: lifecycletest.Policy(t), Now: func() time.Time { return now },
		Found: func(_ context.Context, facts []fact.Fact) {
			for i := range facts {
				found = append(found, facts[i].Ref)
			}
		},
	})
	told := b.fact(factv1.Kind_KIND_SALE, "told", "ala@example.com")
	missed := b.fact(factv1.Kind_KIND_SALE, "missed", "ala@example.com")
	other := b.fact(factv1.Kind_KIND_SALE, "stranger", "ola@example.com")
	together := b.fact(factv1.Kind_KIND_SALE, "together", "ala@example.com")
	b.apply(told)
	look := &factv1.Delivery{
		Id: "look", Source: "shop", Received: timestamppb.New(now), Found: true,
		Facts: []*factv1.Fact{told, missed, missed, other, together},
	}
	for range 2 { // the second look finds nothing more
		err := b.Apply(t.Context(), []*factv1.Delivery{
			{
				Id: "webhook", Source: "shop", Received: timestamppb.New(now),
				Facts: []*factv1.Fact{proto.CloneOf(together)},
			},
			look,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{"missed", "stranger"}, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}
