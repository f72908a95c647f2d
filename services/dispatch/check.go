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
