// Package dryrun evaluates the facts that a dry run of an import read, apart from all stored persons: in a store of its
// own, with keys that only this process has, which is removed at the end.
package dryrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Facts are the facts of dry runs; see internal/dryrun.
type Facts interface {
	Read(ctx context.Context, id string, visit func([]*factv1.Delivery) error) error
	Drop(ctx context.Context, id string) error
}

// Options configure an Evaluator.
type Options struct {
	Facts  Facts
	Policy *rules.Policy
	// Dir is where the store of an evaluation is made; empty means the directory for temporary files.
	Dir string
	Now func() time.Time
	Log *slog.Logger
}

// Evaluator evaluates dry runs, one at a time: its memory does not depend on the number of persons, and its disk does.
type Evaluator struct {
	opts Options
	busy sync.Mutex
}

// ErrBusy means that another dry run is being evaluated.
var ErrBusy = errors.New("another dry run is being evaluated: ask again when that is done")

// ErrNoDirectory means that there is no place for the store of an evaluation.
var ErrNoDirectory = errors.New("there is no directory in which a dry run can be counted")

// ErrFull means that the disk has no room for the store of an evaluation.
var ErrFull = errors.New("the disk is full: a dry run cannot be counted")

// pattern is that of the names of the directories of evaluations.
const pattern = "rodopath-dry-run-*"

// New makes an Evaluator.
func New(o Options) *Evaluator { return &Evaluator{opts: o} }

// lockFile is locked in the directory of an evaluation while its process lives.
const lockFile = "lock"

// Clear removes from a directory what evaluations left behind whose process was killed; an empty name is the directory
// for temporary files, which other processes may share. Evaluations that go on are left alone.
func Clear(dir string) error {
	if dir == "" {
		dir = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return fmt.Errorf("remove the stores of dry runs: %w", err)
	}
	for _, path := range left {
		if rest := clearOne(path); rest != nil {
			err = errors.Join(err, fmt.Errorf("remove the store of a dry run: %w", rest))
		}
	}
	return err
}

// clearOne removes the directory of an evaluation whose process has ended.
func clearOne(path string) error {
	lock := flock.New(filepath.Join(path, lockFile))
	if ended, err := lock.TryLock(); err != nil || !ended {
		return err
	}
	return errors.Join(lock.Close(), os.RemoveAll(path))
}

// place makes the directory of an evaluation. end removes the directory.
func (e *Evaluator) place() (dir string, end func() error, err error) {
	if dir, err = os.MkdirTemp(e.opts.Dir, pattern); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrNoDirectory, err)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	end = func() error { return errors.Join(lock.Close(), os.RemoveAll(dir)) }
	if _, err := lock.TryLock(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("%w: %w", ErrNoDirectory, err), end())
	}
	return dir, end, nil
}

// Drop removes the facts of a dry run; none are no error.
func (e *Evaluator) Drop(ctx context.Context, id string) error { return e.opts.Facts.Drop(ctx, id) }

// Walk evaluates the facts of a dry run as if nobody were stored and nobody notified, and visits each person.
func (e *Evaluator) Walk(ctx context.Context, id string, visit func(*lifecycle.Subject) error) (err error) {
	if !e.busy.TryLock() {
		return ErrBusy
	}
	defer e.busy.Unlock()
	defer func() {
		if sqlitestore.IsFull(err) {
			err = fmt.Errorf("%w: %w", ErrFull, err)
		}
	}()
	dir, end, err := e.place()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	st, err := sqlitestore.Open(ctx, filepath.Join(dir, "persons.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if err := e.fill(ctx, st, id); err != nil {
		return err
	}
	return store.Walk(ctx, st, func(s *lifecycle.Subject) error { return errors.Join(visit(s), ctx.Err()) })
}

// fill applies the facts of a dry run to an empty store.
func (e *Evaluator) fill(ctx context.Context, st *sqlitestore.Store, id string) error {
	keys, err := identity.NewKeys()
	if err != nil {
		return err
	}
	vault, err := identity.NewVault(keys)
	if err != nil {
		return err
	}
	policy := *e.opts.Policy
	policy.Gate = closed{}
	applier := apply.New(apply.Options{Store: st, Vault: vault, Policy: &policy, Now: e.opts.Now})
	return e.opts.Facts.Read(ctx, id, func(deliveries []*factv1.Delivery) error {
		return e.apply(ctx, applier, deliveries)
	})
}

// apply applies deliveries. One that can never be applied is left out, as an import sets it aside.
func (e *Evaluator) apply(ctx context.Context, a *apply.Applier, deliveries []*factv1.Delivery) error {
	err := a.Apply(ctx, deliveries)
	if !errors.Is(err, apply.ErrImpossible) {
		return err
	}
	for _, d := range deliveries {
		err := a.Apply(ctx, []*factv1.Delivery{d})
		if errors.Is(err, apply.ErrImpossible) {
			e.opts.Log.Warn("a fact of a dry run cannot be applied", "source", d.GetSource(), "error", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// closed is the gate of an installation that notifies nobody, so that each decision waits and is counted.
type closed struct{}

// Opening implements rules.Gate.
func (closed) Opening(string, string, time.Time) rules.Opening {
	return rules.Opening{Closed: string(decision.HeldObserving)}
}
