// Package store says what a change to stored subjects is, and what else is kept
// beside them, for the stores that carry changes out and the loops that make them.
package store

import (
	"errors"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// ErrConflict means that a subject was written since it was read, that a key
// belongs to another subject by now, or that another entry has the place in the
// journal. Read again, decide again, save again.
var ErrConflict = errors.New("subject changed since it was read")

// Change is a write of one subject.
type Change struct {
	// Subject is written as it is, under Version+1, if the stored version is still
	// Version (0: not stored). A subject that is Gone is removed with its keys.
	Subject lifecycle.Subject
	// Claim lists the keys of Subject that are new to it. A key is claimed when it
	// is free, or belongs to a subject that Subject absorbed or that is no more.
	Claim []string
	// Release lists keys that Subject has no more. They go before Subject is written, so
	// Subject must be found by others already.
	Release []string
	// Redirect lists what is left of absorbed subjects. They are written after
	// Subject, each on its own version.
	Redirect []lifecycle.Subject
}

// Policy is a policy that was once in force, as it was written.
type Policy struct {
	Revision string `json:"revision"`
	// From is when it came into force.
	From time.Time `json:"from"`
	// Controller is the business that its wordings name, Text the YAML.
	Controller string `json:"controller"`
	Text       string `json:"text"`
}
