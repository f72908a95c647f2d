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

// Walk visits every subject once.
func Walk(ctx context.Context, in Lister, visit func(*lifecycle.Subject) error) error {
	after := ""
	for {
		subjects, err := in.Walk(ctx, after, pageSize)
		if err != nil || len(subjects) == 0 {
			return err
		}
		for i := range subjects {
			if err := visit(&subjects[i]); err != nil {
				return err
			}
		}
		last := subjects[len(subjects)-1].ID
		if last <= after {
			return fmt.Errorf("walk subjects: %w, %s", ErrMisplaced, last)
		}
		after = last
	}
}
