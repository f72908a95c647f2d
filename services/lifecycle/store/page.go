package store

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Sort is an order of a list of subjects. In both directions subjects without the instant come last.
type Sort string

// The orders. SortStored is that in which subjects were stored.
const (
	SortStored  Sort = ""
	SortReview  Sort = "review"
	SortRequest Sort = "request"
	SortNotice  Sort = "notice"
)

// Page asks for a page of the subjects that have every one of some labels; see lifecycle.Subject.AllLabels.
type Page struct {
	// Labels are the labels, the rarest first, which is fast; at least one.
	Labels []string
	// Sort is the order of the list.
	Sort Sort
	// After is what Next returned for the last subject of the page before; empty for the first page.
	After string
	// Newest lists the latest first: the subjects that were stored last, or those with the latest instant.
	Newest bool
	// Limit is the most subjects of the page; 0 means none.
	Limit int
}

// ErrNoLabel means that a page was asked for without a label, and ErrPlace that After is none of Next.
var (
	ErrNoLabel = errors.New("a page of subjects needs a label")
	ErrPlace   = errors.New("the place in the list cannot be read")
)

// instant is the instant by which a subject is sorted; nil for none.
func (p *Page) instant(s *lifecycle.Subject) *time.Time {
	switch p.Sort {
	case SortReview:
		return s.ReviewAt
	case SortRequest:
		return s.RequestDue
	case SortNotice:
		return s.NoticeDue
	case SortStored:
	}
	return nil
}

// Next is the place behind a subject.
func (p *Page) Next(s *lifecycle.Subject) string {
	if p.Sort == SortStored {
		return s.ID
	}
	at := "-"
	if t := p.instant(s); t != nil {
		at = strconv.FormatInt(t.UnixMilli(), 10)
	}
	return at + "." + s.ID
}

// Place is a place in a sorted list.
type Place struct {
	// Begin reports whether the place is the beginning, Timeless whether it is among the subjects without the instant.
	Begin, Timeless bool
	// At is the instant of the subject before, and ID its id.
	At time.Time
	ID string
}

// Place reads After. The error is ErrPlace.
func (p *Page) Place() (Place, error) {
	if p.After == "" {
		return Place{Begin: true}, nil
	}
	at, id, ok := strings.Cut(p.After, ".")
	if !ok {
		return Place{}, ErrPlace
	}
	if at == "-" {
		return Place{Timeless: true, ID: id}, nil
	}
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return Place{}, ErrPlace
	}
	return Place{At: time.UnixMilli(ms).UTC(), ID: id}, nil
}
