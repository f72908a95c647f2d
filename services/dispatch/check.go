package dispatch

import (
	"context"
	"errors"

	"github.com/rodopath/rodopath/api/stream"
)

// Checker reports what remains of a decision at this moment. An error means that the decision cannot be
// checked now, and that nothing may be delivered.
type Checker interface {
	Check(ctx context.Context, e *stream.Event) (*stream.Standing, error)
}

// ErrChanged means that the decision no longer holds as it was when the delivery began.
var ErrChanged = errors.New("the decision changed during the delivery")

// retainedKey is the key of the retained items in a context.
type retainedKey struct{}

// WithRetained returns a context with the items that may be held at the moment of a delivery, as lifecycle
// answered the check.
func WithRetained(ctx context.Context, items []stream.RetainedItem) context.Context {
	return context.WithValue(ctx, retainedKey{}, items)
}

// Retained returns the items that may be held at the moment of the delivery, with all names of their records;
// known is false for a delivery without a check. The items of the event are those of its publication.
func Retained(ctx context.Context) (items []stream.RetainedItem, known bool) {
	items, known = ctx.Value(retainedKey{}).([]stream.RetainedItem)
	return items, known
}

// recheckKey is the key of the recheck in a context.
type recheckKey struct{}

// WithRecheck returns a context in which Recheck calls check.
func WithRecheck(ctx context.Context, check func(ctx context.Context) error) context.Context {
	return context.WithValue(ctx, recheckKey{}, check)
}

// Recheck checks the decision in delivery again: a connector that waits, or that makes several calls, calls
// Recheck directly before each call that erases. An error ends the delivery, and another attempt follows.
func Recheck(ctx context.Context) error {
	if check, ok := ctx.Value(recheckKey{}).(func(context.Context) error); ok {
		return check(ctx)
	}
	return nil
}
