package listing_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/listing"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func noon() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }

func course(product string, days int) listing.Entry {
	return listing.Entry{Source: "shop", Product: product, Access: fact.AccessCourse, Days: days, By: "anna", At: noon()}
}

// TestAdd_ReplacesTheEntryAboutTheSameProduct, and each entry changes the instant that other replicas look at.
func TestAdd_ReplacesTheEntryAboutTheSameProduct(t *testing.T) {
	st := lifecycletest.StoreAt(t, filepath.Join(t.TempDir(), "rodopath.db"))
	for _, e := range []listing.Entry{course("17", 30), course("18", 0), course("17", 365)} {
		if err := listing.Add(t.Context(), st, e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := listing.Read(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	want := listing.Register{Entries: []listing.Entry{course("17", 365), course("18", 0)}, At: noon().Add(2)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the register (-want +got):\n%s", diff)
	}
}

// TestAdd_LosesNoEntry: several replicas list products at once, until no further one is kept.
func TestAdd_LosesNoEntry(t *testing.T) {
	st := lifecycletest.StoreAt(t, filepath.Join(t.TempDir(), "rodopath.db"))
	const writers, each = 4, 25
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				if err := listing.Add(t.Context(), st, course(fmt.Sprint(w, ":", i), 0)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	got, err := listing.Read(t.Context(), st)
	if err != nil || len(got.Entries) != writers*each {
		t.Errorf("got %d entries, %v, want %d", len(got.Entries), err, writers*each)
	}
}

func TestComplete_TheConfigurationHasTheLastWord(t *testing.T) {
	p := &rules.Policy{Products: map[string]map[string]rules.Product{
		"shop": {"17": {Access: fact.AccessService}},
	}}
	gone := course("19", 0)
	gone.Source = "former"
	r := listing.Register{Entries: []listing.Entry{course("17", 30), course("18", 30), gone}}
	if diff := cmp.Diff([]listing.Entry{course("18", 30)}, r.Complete(p)); diff != "" {
		t.Errorf("the entries that apply (-want +got):\n%s", diff)
	}
	want := map[string]map[string]rules.Product{
		"shop": {"17": {Access: fact.AccessService}, "18": {Access: fact.AccessCourse, Days: 30}},
	}
	if diff := cmp.Diff(want, p.Products); diff != "" {
		t.Errorf("the products of the policy (-want +got):\n%s", diff)
	}
}
