package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Lister lists subjects in the order of their ids.
type Lister interface {
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
}

// walked is how many subjects are read at once.
const walked = 500

// ErrMisplaced means that a subject is stored under another's id.
var ErrMisplaced = errors.New("a subject is stored under another's id")

// Walk visits every subject once.
func Walk(ctx context.Context, in Lister, visit func(*lifecycle.Subject) error) error {
	after := ""
	for {
		subjects, err := in.Walk(ctx, after, walked)
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
