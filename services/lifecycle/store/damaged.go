package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// DamagedError names stored subjects that cannot be decoded. A method that returns a DamagedError returns the
// other subjects as well.
type DamagedError struct {
	// Causes are the errors, by the id of the subject.
	Causes map[string]error
}

// named bounds the ids in the text of a DamagedError.
const named = 5

// Error names the subjects.
func (e *DamagedError) Error() string {
	ids := slices.Sorted(maps.Keys(e.Causes))
	more := ""
	if len(ids) > named {
		ids, more = ids[:named], ", …"
	}
	return fmt.Sprintf(
		"%d stored subjects cannot be decoded (%s%s): restore them from a backup, or remove them; the first cause: %v",
		len(e.Causes),
		strings.Join(ids, ", "),
		more,
		e.Causes[ids[0]],
	)
}

// Damaged collects the subjects that cannot be decoded.
type Damaged map[string]error

// Add records a subject.
func (d *Damaged) Add(id string, cause error) {
	if *d == nil {
		*d = Damaged{}
	}
	(*d)[id] = cause
}

// Err returns a DamagedError, or nil without a damaged subject.
func (d Damaged) Err() error {
	if len(d) == 0 {
		return nil
	}
	return &DamagedError{Causes: d}
}

// SplitDamaged separates the damaged subjects of an error from any other error.
func SplitDamaged(err error) (Damaged, error) {
	if damaged, ok := errors.AsType[*DamagedError](err); ok {
		return damaged.Causes, nil
	}
	return nil, err
}
