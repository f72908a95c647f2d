// Package directory finds subjects by name, record or decision.
package directory

import (
	"context"
	"fmt"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// Store finds subjects by keys and ids.
type Store interface {
	Lookup(ctx context.Context, keys []string) (map[string]string, error)
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
}

// Directory finds subjects.
type Directory struct {
	Store Store
	Vault *identity.Vault
}

// Name returns the subject of a name, which may also be a record of the person such as an order or
// a payment; nil for an unknown name.
func (d *Directory) Name(ctx context.Context, name identity.Identity) (*lifecycle.Subject, error) {
	return d.keys(ctx, slices.Concat(
		d.Vault.Keys(name), d.Vault.FormerKeys(name), d.Vault.LocatorKeys(name.Kind+":"+name.Value),
	)...)
}

// Decision returns the subject of a decision; nil for an unknown decision.
func (d *Directory) Decision(ctx context.Context, id string) (*lifecycle.Subject, error) {
	s, err := d.keys(ctx, d.Vault.LocatorKeys(identity.DecisionLocator(id))...)
	if err != nil {
		return nil, fmt.Errorf("find a decision: %w", err) // the id comes from the request
	}
	return s, nil
}

func (d *Directory) keys(ctx context.Context, keys ...string) (*lifecycle.Subject, error) {
	owners, err := d.Store.Lookup(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if id, ok := owners[key]; ok {
			if s, err := d.Subject(ctx, id); s != nil || err != nil {
				return s, err
			}
		}
	}
	return nil, nil
}

// Subject returns a subject by id, across redirects; nil for an unknown id.
func (d *Directory) Subject(ctx context.Context, id string) (*lifecycle.Subject, error) {
	for id != "" {
		subjects, err := d.Store.Load(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		s, ok := subjects[id]
		switch {
		case !ok:
			return nil, nil
		case s.MergedInto == "":
			s = lifecycle.Rekey(s, d.Vault.Current)
			return &s, nil
		}
		id = s.MergedInto
	}
	return nil, nil
}
