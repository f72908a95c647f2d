// Package store defines changes of stored subjects and the stored policies.
package store

import (
	"errors"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// ErrConflict means that a subject was written since the read, that a key belongs to another
// subject, or the position in a journal is occupied. The caller reads, evaluates and saves
// again.
var ErrConflict = errors.New("version conflict")

// Change is a write of one subject.
type Change struct {
	// Subject is written under Version+1 if the stored version equals Version (0: not stored). A
	// subject that is Removable is removed with all keys.
	Subject lifecycle.Subject
	// Claim lists the new keys of Subject. A key can be claimed when no subject has the key, or
	// when the key belongs to a merged or a removed subject.
	Claim []string
	// Release lists the keys dropped by Subject. The keys are deleted before Subject is written, so
	// Subject must be reachable by another key already.
	Release []string
	// Redirect lists the redirects of merged subjects, each written after Subject on its own
	// version.
	Redirect []lifecycle.Subject
}

// Policy is a policy with its instant of entry into force.
type Policy struct {
	Revision string `json:"revision"`
	// From is the instant of entry into force.
	From time.Time `json:"from"`
	// Controller is the business named in the wordings, Text the YAML.
	Controller string `json:"controller"`
	Text       string `json:"text"`
}
