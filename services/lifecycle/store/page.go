package store

import "errors"

// Page asks for a page of the subjects that have every one of some labels; see lifecycle.Subject.AllLabels.
type Page struct {
	// Labels are the labels, the rarest first, which is fast; at least one.
	Labels []string
	// After is the id of the last subject of the page before; empty for the first page.
	After string
	// Newest lists the subjects that were stored last first; otherwise those that were stored first.
	Newest bool
	// Limit is the most subjects of the page; 0 means none.
	Limit int
}

// ErrNoLabel means that a page was asked for without a label.
var ErrNoLabel = errors.New("a page of subjects needs a label")
