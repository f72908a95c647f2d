package httpapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// visitAll visits subjects that a query of the store returned with err. A subject that cannot be decoded or visited
// holds up no other: incomplete names them all, and is empty when every subject was visited.
func (a *API) visitAll(
	subjects []lifecycle.Subject, err error, visit func(*lifecycle.Subject) error,
) (incomplete string, failed error) {
	damaged, err := store.SplitDamaged(err)
	if err != nil {
		return "", err
	}
	unread := errors.Join(damaged.Err())
	for i := range subjects {
		if err := visit(&subjects[i]); err != nil {
			unread = errors.Join(unread, fmt.Errorf("subject %s: %w", subjects[i].ID, err))
		}
	}
	return a.incomplete(unread), nil
}

// incomplete is the word of a list on the subjects that are missing in it; empty for none.
func (a *API) incomplete(unread error) string {
	if unread == nil {
		return ""
	}
	a.opts.Log.Error("a list is incomplete", "error", unread)
	return "The list is incomplete: " + unread.Error()
}

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

// progress is a line of a long answer: how many persons were visited, of all.
type progress struct {
	Persons int   `json:"persons"`
	Total   int64 `json:"total"`
}

// shown is a walk over all persons whose progress the client sees.
type shown struct {
	progress

	lines      lines
	incomplete string
}

// progressEvery is the number of persons between two lines of progress.
const progressEvery = 1000

// walkShown visits every person, and writes the progress as an answer of one JSON object a line, to which the caller
// adds the result. Only damaged persons may be missing.
func (a *API) walkShown(c echo.Context, visit func(*lifecycle.Subject)) (*shown, error) {
	ctx := c.Request().Context()
	total, err := a.opts.Lists.Count(ctx)
	if err != nil {
		return nil, err
	}
	w := &shown{progress: progress{Total: total}, lines: newLines(c)}
	err = a.walk(ctx, func(s *lifecycle.Subject) error {
		visit(s)
		if w.Persons++; w.Persons%progressEvery == 0 {
			return w.lines.encode(w.progress)
		}
		return nil
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := store.SplitDamaged(err); err != nil {
		return nil, err
	}
	w.incomplete = a.incomplete(err)
	return w, nil
}
