package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Saver saves changes. Single changes fail alone: the errors are in the order of the changes.
type Saver interface {
	Save(ctx context.Context, changes []Change) ([]error, error)
}

// Write saves changes and returns the indexes of the changes with a version conflict. Any other
// error of a single change is an error of Write, with the id of its subject; the remaining changes
// are saved all the same.
func Write(ctx context.Context, in Saver, changes []Change) (conflicts []int, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	single, err := in.Save(ctx, changes)
	if err != nil {
		return nil, fmt.Errorf("save %d subjects: %w", len(changes), err)
	}
	var failed []error
	for i, err := range single {
		switch {
		case errors.Is(err, ErrConflict):
			conflicts = append(conflicts, i)
		case err != nil:
			id := changes[i].Subject.ID //nolint:gosec // one error for each change
			failed = append(failed, fmt.Errorf("save subject %s: %w", id, err))
		}
	}
	return conflicts, errors.Join(failed...)
}

// Updater loads and saves subjects.
type Updater interface {
	Saver
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
}

// updateTries bounds the attempts of Update after version conflicts.
const updateTries = 20

// Update loads a subject, or the subject into which it was merged, and saves the change that the
// function returns; after a version conflict the function is called again on the new state. A nil
// change ends the update, as does a subject that is removed. The error wraps ErrConflict when every
// attempt met a conflict.
func Update(ctx context.Context, in Updater, id string, change func(lifecycle.Subject) (*Change, error)) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := updateOnce(ctx, in, id, change)
		if err != nil && !errors.Is(err, ErrConflict) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(conflictBackoff()), backoff.WithMaxTries(updateTries))
	if err != nil {
		return fmt.Errorf("update subject %s: %w", id, err)
	}
	return nil
}

// conflictBackoff is short: a conflict means that the other write is complete.
func conflictBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = time.Millisecond, 100*time.Millisecond
	return b
}

func updateOnce(ctx context.Context, in Updater, id string, change func(lifecycle.Subject) (*Change, error)) error {
	s, err := follow(ctx, in, id)
	if err != nil || s == nil {
		return err
	}
	c, err := change(*s)
	if err != nil || c == nil {
		return err
	}
	conflicts, err := Write(ctx, in, []Change{*c})
	if err == nil && len(conflicts) > 0 {
		err = ErrConflict
	}
	return err
}

// follow loads a subject, or the subject into which it was merged; nil when removed.
func follow(ctx context.Context, in Updater, id string) (*lifecycle.Subject, error) {
	for {
		found, err := in.Load(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		s, ok := found[id]
		if !ok {
			return nil, nil
		}
		if s.MergedInto == "" {
			return &s, nil
		}
		id = s.MergedInto
	}
}
