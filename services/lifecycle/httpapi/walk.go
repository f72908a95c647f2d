package httpapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// walk visits every stored subject. A subject that cannot be decoded or visited holds up no other: the error at the
// end names them all, so that the list is not taken for complete.
func (a *API) walk(ctx context.Context, visit func(*lifecycle.Subject) error) error {
	var failed []error
	err := store.Walk(ctx, a.opts.Lists, func(s *lifecycle.Subject) error {
		if err := visit(s); err != nil {
			failed = append(failed, fmt.Errorf("subject %s: %w", s.ID, err))
		}
		return ctx.Err()
	})
	return errors.Join(append(failed, err)...)
}
