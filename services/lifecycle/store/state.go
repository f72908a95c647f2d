package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// Stater keeps documents about the installation itself.
type Stater interface {
	// State returns a document; empty for an unknown name.
	State(ctx context.Context, name string) (string, error)
	// SetState stores a document; the latest one counts.
	SetState(ctx context.Context, name, doc string) error
}

// ReadState decodes the document of a name; the zero value for an unknown name.
func ReadState[T any](ctx context.Context, in Stater, name string) (value T, err error) {
	doc, err := in.State(ctx, name)
	if err != nil || doc == "" {
		return value, err
	}
	if err := json.Unmarshal([]byte(doc), &value); err != nil {
		return value, fmt.Errorf("decode the state %s: %w", name, err)
	}
	return value, nil
}

// WriteState encodes and stores the document of a name.
func WriteState[T any](ctx context.Context, in Stater, name string, value T) error {
	doc, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode the state %s: %w", name, err)
	}
	return in.SetState(ctx, name, string(doc))
}

// StateAdder keeps documents about the installation that are stored once.
type StateAdder interface {
	// AddState stores a document unless there is one of its name, and returns the stored one.
	AddState(ctx context.Context, name, doc string) (string, error)
}

// AddState encodes and stores the document of a name unless there is one, and returns the stored one.
func AddState[T any](ctx context.Context, in StateAdder, name string, value T) (T, error) {
	doc, err := json.Marshal(value)
	if err != nil {
		return value, fmt.Errorf("encode the state %s: %w", name, err)
	}
	stored, err := in.AddState(ctx, name, string(doc))
	if err != nil {
		return value, err
	}
	var out T
	if err := json.Unmarshal([]byte(stored), &out); err != nil {
		return value, fmt.Errorf("decode the state %s: %w", name, err)
	}
	return out, nil
}

// StateChanger changes documents about the installation on the document that the change has seen.
type StateChanger interface {
	Stater
	// ReplaceState stores a document in place of a former one, where an empty former one means that there is none. The
	// error is ErrConflict when the stored document is another.
	ReplaceState(ctx context.Context, name, former, doc string) error
}

// ReplaceState encodes and stores a document in place of a former one, and returns the new document. A zero former
// value means that there is none. The error is ErrConflict when the stored document is another.
func ReplaceState[T comparable](ctx context.Context, in StateChanger, name string, former, value T) (T, error) {
	var none T
	was := ""
	if former != none {
		doc, err := json.Marshal(former)
		if err != nil {
			return value, fmt.Errorf("encode the state %s: %w", name, err)
		}
		was = string(doc)
	}
	doc, err := json.Marshal(value)
	if err != nil {
		return value, fmt.Errorf("encode the state %s: %w", name, err)
	}
	return value, in.ReplaceState(ctx, name, was, string(doc))
}
