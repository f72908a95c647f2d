package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// work is one import that this process carries out.
type work struct {
	*Runner

	source *Source
	dryRun bool
	note   connection.Import
	// state is that of the reading.
	state *backfill.State

	// mu guards what the reading tells the loop that notes it: a copy of the state after a page, and the latest progress.
	mu       sync.Mutex
	cursor   json.RawMessage
	read     bool
	summary  json.RawMessage
	copied   time.Time
	progress backfill.Progress
	waiting  string
	waitTo   time.Time
}

// run reads everything, while a second loop notes the progress and looks for an order to stop.
func (w *work) run(ctx context.Context) error {
	w.state = backfill.NewState(w.source.ID)
	w.state.Cursor, w.state.Done = w.note.Cursor, w.note.Read
	if len(w.note.Summary) > 0 {
		if err := json.Unmarshal(w.note.Summary, w.state.Summary); err != nil {
			return fmt.Errorf("read the note about the import: %w", err)
		}
	}
	w.progress.Part = w.note.Part
	if err := w.copyState(); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var noting sync.WaitGroup
	noting.Go(func() {
		for loop.Sleep(ctx, noteEvery) {
			if err := w.save(ctx); errors.Is(err, errTaken) || errors.Is(err, errStopped) {
				stop(err)
			}
		}
	})
	err := w.backfill(ctx)
	cause := context.Cause(ctx)
	stop(nil)
	noting.Wait()
	if errors.Is(cause, errTaken) || errors.Is(cause, errStopped) {
		err = cause
	}
	return errors.Join(err, w.copyState())
}

// backfill reads everything, and waits until it is in the stream.
func (w *work) backfill(ctx context.Context) error {
	reader, err := w.source.Open(w.note.ImportOrder, w.noteWait)
	if err != nil {
		return err
	}
	_, err = backfill.Run(ctx, backfill.Options{
		Source:   w.source.ID,
		Reader:   reader,
		Server:   w.opts.Server,
		DryRun:   w.dryRun,
		Keep:     w.note.Kept,
		State:    w.state,
		Save:     w.afterPage,
		Listed:   w.source.Listed,
		Progress: w.noteProgress,
	})
	if err != nil || w.dryRun {
		return err
	}
	return loop.Poll(ctx, "await the stream", noteEvery/4, func(ctx context.Context) (done bool, err error) {
		w.note.Until, done, err = w.opts.Forwarded(ctx)
		return done, err
	})
}

// afterPage copies the state after a page, at most once in noteEvery.
func (w *work) afterPage() error {
	if !w.state.Done && w.opts.Now().Sub(w.copied) < noteEvery {
		return nil
	}
	return w.copyState()
}

// copyState copies the state for the loop that notes it. The reading does not change the state meanwhile.
func (w *work) copyState() error {
	summary, err := json.Marshal(w.state.Summary)
	if err != nil {
		return fmt.Errorf("note the import: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cursor, w.read, w.summary, w.copied = w.state.Cursor, w.state.Done, summary, w.opts.Now()
	return nil
}

func (w *work) noteProgress(p backfill.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Part == "" {
		p.Part = w.progress.Part
	}
	w.progress, w.waiting, w.waitTo = p, "", time.Time{}
	if p.Waiting != "" {
		w.waiting = FaultFull
	}
}

func (w *work) noteWait(wait time.Duration, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting, w.waitTo = FaultOf(cause), w.opts.Now().Add(wait).UTC()
}

// save notes how far the import is. The error is errStopped once that is ordered, and errTaken after another process
// took the import.
func (w *work) save(ctx context.Context) error {
	return w.change(ctx, func(i *connection.Import) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.copyTo(i)
	})
}

// copyTo writes the copied state into a note. w.mu is held.
func (w *work) copyTo(i *connection.Import) {
	i.Part, i.Remaining, i.Waiting, i.WaitUntil = w.progress.Part, w.progress.Remaining, w.waiting, w.waitTo
	i.Cursor, i.Read, i.Summary = w.cursor, w.read, w.summary
}

// change changes the note while the import is that of this process.
func (w *work) change(ctx context.Context, alter func(*connection.Import)) error {
	taken := false
	note, err := w.opts.Notes.ChangeImport(ctx, w.source.ID, w.dryRun, func(i *connection.Import) bool {
		if taken = i.Holder != w.me || i.State != connection.ImportRunning; taken {
			return false
		}
		i.Lease = w.opts.Now().Add(w.opts.Lease)
		alter(i)
		return true
	})
	switch {
	case err != nil:
		return err
	case taken:
		return errTaken
	case note.Stop && note.State == connection.ImportRunning:
		return errStopped
	}
	return nil
}

// end notes how an import ended. After the end of this process the next one goes on at once.
func (w *work) end(ctx context.Context, failure error) error {
	if errors.Is(failure, errTaken) {
		return nil
	}
	leaving := ctx.Err() != nil
	if leaving {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
	}
	useless := ""
	err := w.change(ctx, func(i *connection.Import) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.copyTo(i)
		i.Lease, i.Waiting, i.WaitUntil = time.Time{}, "", time.Time{}
		if leaving {
			return
		}
		w.judge(i, failure)
		if useless = ""; failure != nil || w.state.Summary.Unkept {
			useless, i.Kept = i.Kept, ""
		}
	})
	if err == nil && useless != "" { // no preview can be made of a part of a history
		w.dropFacts(ctx, w.source.ID, useless)
	}
	if errors.Is(err, errTaken) || errors.Is(err, errStopped) || leaving {
		err = nil
	}
	if failure != nil || leaving || err != nil || w.dryRun {
		return err
	}
	if w.note.File != "" {
		err = w.opts.DropFile(ctx, w.note.File)
	}
	return errors.Join(err, w.forgetDryRun(ctx, w.source.ID))
}

// judge writes the end of an import into its note.
func (w *work) judge(i *connection.Import, failure error) {
	log := w.opts.Log.With("source", w.source.ID, "dry_run", w.dryRun)
	i.Ended, i.Stop = w.opts.Now().UTC(), false
	switch {
	case errors.Is(failure, errStopped):
		i.State = connection.ImportStopped
		log.Info("an import was stopped")
	case failure != nil:
		i.State, i.Fault, i.Error = connection.ImportFailed, FaultOf(failure), failure.Error()
		log.Error("an import failed", "fault", i.Fault, "error", failure)
	case w.dryRun:
		i.State = connection.ImportDone
		log.Info("a dry run of an import ended")
	default:
		i.State, i.Until, i.Ended = connection.ImportApplying, w.note.Until, time.Time{}
		log.Info("everything of a history was read")
	}
}
