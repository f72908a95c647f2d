// Package invented knows the persons that the demo invented, as keyed hashes, and removes them from the store. No other
// person can be registered or removed.
package invented

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

var (
	// ErrReal means that an address may belong to a person: an invented one has a domain that nobody can own.
	ErrReal = errors.New("an invented person has an address under example.com, example.net, example.org or .invalid")
	// ErrKnown means that an address is known already, so that its person may be a real one.
	ErrKnown = errors.New("a person with one of these addresses is stored already")
)

// Store is what a Register needs of the store.
type Store interface {
	directory.Store
	store.Updater
	store.Stater
}

// Events are the published decisions.
type Events interface {
	EventsOf(ctx context.Context, subject string) ([]*stream.Event, error)
	PurgeEvents(ctx context.Context, subject string, decisions []string) error
}

// Journal writes the notes of subjects to their journals.
type Journal interface {
	Write(ctx context.Context, subjects []lifecycle.Subject) (map[string]chain.Head, error)
}

// Options configure a Register.
type Options struct {
	Store   Store
	Vault   *identity.Vault
	Events  Events
	Journal Journal
	Now     func() time.Time
}

// state is what a Register keeps in the store.
type state struct {
	// Keys are keyed hashes of the addresses.
	Keys []string `json:"keys,omitempty"`
	// Despite reports whether the controller agreed that recipients are notified of the persons.
	Despite bool `json:"despite,omitempty"`
}

// stateName is the name of the state in the store.
const stateName = "invented"

// Register knows the invented persons. A Register may be used concurrently.
type Register struct {
	opts Options
	mu   sync.Mutex // held while the state is changed
}

// New returns the Register of a store.
func New(opts Options) *Register { return &Register{opts: opts} }

// Count returns the number of invented persons that were not removed, and whether the controller agreed that recipients
// are notified of the persons.
func Count(ctx context.Context, in store.Stater) (persons int, despite bool, err error) {
	s, err := store.ReadState[state](ctx, in, stateName)
	return len(s.Keys), s.Despite, err
}

// Count returns the number of invented persons that were not removed.
func (r *Register) Count(ctx context.Context) (int, error) {
	n, _, err := Count(ctx, r.opts.Store)
	return n, err
}

// Add registers the addresses of invented persons before their first fact. despite reports whether the controller
// agrees that recipients are notified of the persons.
func (r *Register) Add(ctx context.Context, addresses []string, despite bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := store.ReadState[state](ctx, r.opts.Store, stateName)
	if err != nil {
		return err
	}
	for _, text := range addresses {
		name, err := identity.Parse(text)
		if err != nil || name.Kind != identity.KindEmail || !isReserved(name.Value) {
			return ErrReal
		}
		known, err := r.find().Name(ctx, name)
		if err != nil {
			return err
		}
		if known != nil {
			return ErrKnown
		}
		if key := r.opts.Vault.Key(name); !slices.Contains(s.Keys, key) {
			s.Keys = append(s.Keys, key)
		}
	}
	s.Despite = despite
	return store.WriteState(ctx, r.opts.Store, stateName, s)
}

func (r *Register) find() *directory.Directory {
	return &directory.Directory{Store: r.opts.Store, Vault: r.opts.Vault}
}

// isReserved reports whether the domain of an address belongs to nobody (RFC 2606).
func isReserved(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.Contains([]string{"example.com", "example.net", "example.org"}, domain) ||
		strings.HasSuffix(domain, ".invalid")
}

// Removed says what Remove did.
type Removed struct {
	// Removed is the number of persons that were removed.
	Removed int `json:"removed"`
	// Kept is the number of persons that stay, because they have an address that was not registered.
	Kept int `json:"kept"`
}

// Remove removes the invented persons from the store and from the stream of decisions. Their journals are closed and
// stay. A person with an address that was not registered stays.
func (r *Register) Remove(ctx context.Context) (out Removed, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := store.ReadState[state](ctx, r.opts.Store, stateName)
	if err != nil {
		return out, err
	}
	invented := make([]string, len(s.Keys))
	for i, key := range s.Keys {
		invented[i] = r.opts.Vault.Current(key)
	}
	var left []string
	for i, key := range s.Keys {
		found, kept, err := r.remove(ctx, []string{invented[i], key}, invented)
		if err != nil {
			return out, fmt.Errorf("remove an invented person: %w", err)
		}
		switch {
		case kept:
			left = append(left, key)
			out.Kept++
		case found:
			out.Removed++
		}
	}
	s.Keys = left
	if len(left) == 0 {
		s = state{}
	}
	return out, store.WriteState(ctx, r.opts.Store, stateName, s)
}

// remove removes the person of one of some keys, unless the person has an address that was not invented.
func (r *Register) remove(ctx context.Context, keys, invented []string) (found, kept bool, err error) {
	owners, err := r.opts.Store.Lookup(ctx, keys)
	if err != nil {
		return false, false, err
	}
	for _, key := range keys {
		id, ok := owners[key]
		if !ok {
			continue
		}
		at := r.opts.Now().UTC()
		var ids []string
		err = store.Update(ctx, r.opts.Store, id, func(s lifecycle.Subject) (*store.Change, error) {
			found = true
			if kept, err = r.hasOther(&s, invented); kept || err != nil {
				return nil, err
			}
			ids = append([]string{s.ID}, s.MergedFrom...)
			if err := r.purge(ctx, ids); err != nil {
				return nil, err
			}
			closed, gone := lifecycle.Remove(s, at)
			if _, err := r.opts.Journal.Write(ctx, []lifecycle.Subject{closed}); err != nil {
				return nil, err
			}
			return &store.Change{Subject: gone}, nil
		})
		if err == nil {
			err = r.purge(ctx, ids) // what was published meanwhile
		}
		return found, kept, err
	}
	return false, false, nil
}

// hasOther reports whether a subject has an address that was not invented.
func (r *Register) hasOther(s *lifecycle.Subject, invented []string) (bool, error) {
	names, err := r.opts.Vault.Open(s.ID, s.Sealed)
	return slices.ContainsFunc(names, func(name identity.Identity) bool {
		return name.Kind == identity.KindEmail && !slices.Contains(invented, r.opts.Vault.Key(name))
	}), err
}

// purge removes all events about subjects from the stream of decisions.
func (r *Register) purge(ctx context.Context, subjects []string) error {
	for _, id := range subjects {
		events, err := r.opts.Events.EventsOf(ctx, id)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			continue
		}
		decisions := make([]string, len(events))
		for i, e := range events {
			decisions[i] = e.ID
		}
		if err := r.opts.Events.PurgeEvents(ctx, id, decisions); err != nil {
			return err
		}
	}
	return nil
}
