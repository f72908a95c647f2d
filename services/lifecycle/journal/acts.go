package journal

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// ActStore stores the journal of acts, and its last entry beside: a journal that was cut off is detected.
type ActStore interface {
	Append(ctx context.Context, entries []chain.Entry) ([]error, error)
	LastEntries(ctx context.Context, subject string, before int64, limit int) ([]chain.Entry, error)
	store.Stater
}

// Acts is the journal of the acts of the controller: who did what, and about what (GDPR Art. 5(2)).
type Acts struct {
	Store ActStore

	mu sync.Mutex // held for an act, so that only other replicas conflict
}

// Act is an act of the controller.
type Act struct {
	At time.Time
	// By is who acted, What the name of the act, About the id of the subject, decision, request or source.
	By, What, About string
}

// lastActState is the name of the last entry in the store.
const lastActState = "last-act"

type stateReader interface {
	State(ctx context.Context, name string) (string, error)
}

// readLastAct returns the last entry as stored beside the journal; the zero value without one.
func readLastAct(ctx context.Context, in stateReader) (e chain.Entry, err error) {
	doc, err := in.State(ctx, lastActState)
	if err == nil && doc != "" {
		err = json.Unmarshal([]byte(doc), &e)
	}
	if err != nil {
		return e, fmt.Errorf("read the last act: %w", err)
	}
	return e, nil
}

// Note appends an act.
func (a *Acts) Note(ctx context.Context, act Act) error {
	e := chain.Entry{
		Subject: chain.Installation, Key: "act:" + strings.ToLower(crand.Text()), At: act.At.UTC().Truncate(time.Millisecond),
		Kind: chain.KindAct, Text: act.What, By: act.By, About: act.About,
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for attempt := range actAttempts {
		err := a.append(ctx, e)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		jitter := rand.N(time.Duration(attempt+1) * time.Millisecond) //nolint:gosec // no secret
		if err := pause(ctx, jitter); err != nil {
			return err
		}
	}
	return fmt.Errorf("note an act: %w", store.ErrConflict)
}

// actAttempts bounds the attempts of an act while other replicas append theirs.
const actAttempts = 50

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Acts) append(ctx context.Context, e chain.Entry) error {
	last, err := a.last(ctx)
	if err != nil {
		return err
	}
	if e, err = e.Chained(last); err != nil {
		return err
	}
	errs, err := a.Store.Append(ctx, []chain.Entry{e})
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("note an act: %w", err)
	}
	return store.WriteState(ctx, a.Store, lastActState, e)
}

// last is the entry after which the next one is chained: all others may be pruned.
func (a *Acts) last(ctx context.Context) (chain.Entry, error) {
	entries, err := a.Store.LastEntries(ctx, chain.Installation, 0, 1)
	if err != nil || len(entries) > 0 {
		return first(entries), err
	}
	return readLastAct(ctx, a.Store)
}

func first(entries []chain.Entry) chain.Entry {
	if len(entries) == 0 {
		return chain.Entry{}
	}
	return entries[0]
}
