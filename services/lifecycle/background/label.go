package background

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// labelsState names the document that records which labels the stored subjects have.
const labelsState = "labels"

// labelsVersion grows when a new label must be added to subjects of a former version.
const labelsVersion = 1

// LabelStore holds the subjects.
type LabelStore interface {
	store.Lister
	store.Updater
	store.Stater
}

// Labeller labels the subjects that a former version stored. Every later write labels its subject.
type Labeller struct {
	Store  LabelStore
	Policy *rules.Policy
	// Every is the pause after a failure; 0 means 5 seconds.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger

	done atomic.Bool
}

// Complete reports whether every subject has its labels, so that lists and counts are complete.
func (l *Labeller) Complete() bool { return l.done.Load() }

// Run labels the subjects, once; the context ends an attempt.
func (l *Labeller) Run(ctx context.Context) {
	every := l.Every
	if every == 0 {
		every = 5 * time.Second
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w := loop.Worker{
		Failure: "subjects were not labelled", Every: every, Log: l.Log,
		Do: func(ctx context.Context) error {
			err := l.Label(ctx)
			if err == nil {
				stop()
			}
			return err
		},
	}
	w.Run(ctx)
}

// Label labels the subjects unless all are labelled. A subject that cannot be decoded is left out.
func (l *Labeller) Label(ctx context.Context) error {
	version, err := store.ReadState[int](ctx, l.Store, labelsState)
	if err != nil {
		return err
	}
	if version < labelsVersion {
		if err := l.labelAll(ctx); err != nil {
			return err
		}
		if err := store.WriteState(ctx, l.Store, labelsState, labelsVersion); err != nil {
			return err
		}
	}
	l.done.Store(true)
	return nil
}

func (l *Labeller) labelAll(ctx context.Context) error {
	n, next := 0, l.Now()
	err := store.Walk(ctx, l.Store, func(s *lifecycle.Subject) error {
		if n++; l.Now().Sub(next) > progressEvery {
			next = l.Now()
			l.Log.Info("labelling the persons that a former version stored", "persons", n)
		}
		if len(s.Labels) > 0 {
			return ctx.Err()
		}
		return store.Update(ctx, l.Store, s.ID, func(s lifecycle.Subject) (*store.Change, error) {
			labelled := lifecycle.Relabel(l.Policy, s, l.Now())
			if slices.Equal(labelled.Labels, s.Labels) {
				return nil, nil
			}
			return &store.Change{Subject: labelled}, nil
		})
	})
	_, err = store.SplitDamaged(err)
	return err
}
