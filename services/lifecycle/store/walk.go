package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Lister lists subjects by id.
type Lister interface {
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
}

// pageSize is the number of subjects read at once.
const pageSize = 500

// ErrMisplaced means that a stored subject has an id other than its key.
var ErrMisplaced = errors.New("a subject is stored under the id of another subject")

// Walk visits every subject once. Subjects that cannot be decoded are named by a DamagedError at the end, after
// every other subject was visited.
func Walk(ctx context.Context, in Lister, visit func(*lifecycle.Subject) error) error {
	after := ""
	var all Damaged
	for {
		subjects, err := in.Walk(ctx, after, pageSize)
		damaged, err := SplitDamaged(err)
		if err != nil {
			return err
		}
		if len(subjects)+len(damaged) == 0 {
			return all.Err()
		}
		last := after
		for id, cause := range damaged {
			all.Add(id, cause)
			last = max(last, id)
		}
		for i := range subjects {
			if err := visit(&subjects[i]); err != nil {
				return err
			}
		}
		if n := len(subjects); n > 0 {
			last = max(last, subjects[n-1].ID)
		}
		if last <= after {
			return fmt.Errorf("walk subjects: %w, %s", ErrMisplaced, last)
		}
		after = last
	}
}
