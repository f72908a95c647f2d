package consoletest_test

import (
	"fmt"
	"slices"
	"testing"
)

// column are the cells of a column of the list, as shown.
func (b *tab) column(label string) []string {
	b.t.Helper()
	return eval[[]string](b, fmt.Sprintf(
		`[...document.querySelectorAll("#list td[data-label='%s']")].map(e => e.innerText.trim()).filter(t => t)`, label))
}

// TestStory_SortsLists by the head of a column, in both directions, and page by page without a gap.
func TestStory_SortsLists(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.open("/console/people?stage=customer")
	if got := eval[string](
		b,
		`document.querySelector("th[aria-sort]").innerText + document.querySelector("th[aria-sort]").ariaSort`,
	); got != "Osobadescending" {
		t.Errorf("a list begins sorted by %q, want the latest person first", got)
	}
	b.followIn("thead", "Następne sprawdzenie")
	up := b.column("Następne sprawdzenie")
	if len(up) < 5 || !slices.IsSorted(up) {
		t.Errorf("by the next review: %v", up)
	}
	b.everywhere("sorted")
	b.followIn("thead", "Następne sprawdzenie")
	down := b.column("Następne sprawdzenie")
	slices.Reverse(down)
	if !slices.Equal(up, down) {
		t.Errorf("the other direction: got %v, want the reverse of %v", down, up)
	}
	if got := eval[string](b, `document.querySelector("th[aria-sort]").ariaSort`); got != "descending" {
		t.Errorf("aria-sort is %q, want descending", got)
	}
	b.open("/console/people?label=use:offers:email:yes&by=stage.old")
	var order []string
	for _, stage := range b.column("Etap") {
		if len(order) == 0 || order[len(order)-1] != stage {
			order = append(order, stage)
		}
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(order))); len(order) < 2 || len(order) != len(sorted) {
		t.Errorf("by stage the stages come as %v, each is to come once", order)
	}
	b.open("/console/deletions?by=due.old")
	b.sees("Stan i termin")
	b.followIn("thead", "Stan i termin")
	b.accessible("sorted deletions")
}
