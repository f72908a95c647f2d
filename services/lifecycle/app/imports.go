package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle/live"
)

// importEvery is how often it is checked whether the facts of an import are applied.
const importEvery = 2 * time.Second

// newImporter makes the loop that ends imports.
func (a *App) newImporter(opts Options) {
	a.importer = &loop.Worker{
		Failure: "an import that was read cannot be ended", Every: importEvery, Do: a.endImports,
		Log: opts.Log.With("loop", "imports"),
	}
}

// endImports records of each import whose facts are all applied that the history of its source is known. Whether a file
// is whole, its owner alone knows.
func (a *App) endImports(ctx context.Context) error {
	for i := range a.sources {
		id := a.sources[i].ID
		note, err := a.finds.notes.Import(ctx, id, false)
		if err != nil {
			return err
		}
		if note.State != connection.ImportApplying {
			continue
		}
		applied, err := a.appliedUntil(ctx, note.Until)
		if err != nil || !applied {
			return err
		}
		if note.File == "" && a.live != nil {
			covered := live.Covered{At: a.now().UTC(), How: live.CoveredByImport, From: note.Since}
			if err := a.live.Cover(ctx, id, covered); err != nil && !errors.Is(err, live.ErrSource) {
				return err
			}
		}
		_, err = a.finds.notes.ChangeImport(ctx, id, false, func(i *connection.Import) bool {
			if i.State != connection.ImportApplying || i.Until != note.Until {
				return false
			}
			i.State, i.Ended, i.Cursor = connection.ImportDone, a.now().UTC(), nil
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// appliedUntil reports whether every message of the stream of facts up to a number is applied.
func (a *App) appliedUntil(ctx context.Context, until uint64) (bool, error) {
	s, err := a.js.Stream(ctx, stream.Facts)
	if err != nil {
		return false, fmt.Errorf("read the stream of facts: %w", err)
	}
	state := s.CachedInfo().State
	return state.Msgs == 0 || state.FirstSeq > until, nil
}
