package console

import (
	"net/url"
	"slices"
	"strings"
)

// sorting is the order of a list: by what, and whether the latest come first.
type sorting struct {
	// By is one of the orders of the interface, New whether the latest come first.
	By  string
	New bool
}

// sortOf reads the order of a list from an address (by=review.old); the first of the choices where the address names
// none of them. An address of before names order=old alone.
func sortOf(q url.Values, choices []string) sorting {
	chosen := q.Get("by")
	if old := "stored." + q.Get("order"); chosen == "" && slices.Contains(choices, old) {
		chosen = old
	}
	if !slices.Contains(choices, chosen) {
		chosen = choices[0]
	}
	by, order, _ := strings.Cut(chosen, ".")
	return sorting{by, order == "new"}
}

// String is the order in an address.
func (s sorting) String() string {
	if s.New {
		return s.By + ".new"
	}
	return s.By + ".old"
}

// Of is the value of aria-sort of a column; empty for a column by which the list is not sorted.
func (s sorting) Of(by string) string {
	switch {
	case s.By != by:
		return ""
	case s.New:
		return "descending"
	}
	return "ascending"
}

// To is the order that a click on the head of a column asks for: the other direction of a sorted column, else the first
// choice of the column.
func (s sorting) To(by string, choices []string) string {
	if s.By == by {
		return sorting{by, !s.New}.String()
	}
	for _, c := range choices {
		if strings.HasPrefix(c, by+".") {
			return c
		}
	}
	return ""
}

// addTo asks the interface for the order.
func (s sorting) addTo(q url.Values) {
	q.Set("sort", s.By)
	q.Set("order", "old")
	if s.New {
		q.Set("order", "new")
	}
}

// personSorts and deletionSorts are the orders of the lists.
func personSorts() []string {
	return []string{
		"stored.new", "stored.old", "review.old", "review.new", "stage.old", "stage.new", "request.old", "request.new",
	}
}

func deletionSorts() []string { return []string{"stored.new", "stored.old", "due.old", "due.new"} }
