// Package listing knows what the controller stated, while the program runs, about products that the configuration does
// not list.
package listing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// MaxDays is the longest access to a course, in days.
const MaxDays = 36600

// maxEntries bounds the entries of an installation.
const maxEntries = 2000

// ErrFull means that the installation keeps no further entry.
var ErrFull = fmt.Errorf("at most %d products can be listed; list the others in the configuration", maxEntries)

// Entry states what the sales of a product are.
type Entry struct {
	// Source is the id of a source of the configuration, Product a key of the product there: an id, a SKU, a category, or
	// rules.Everything.
	Source  string      `json:"source"`
	Product string      `json:"product"`
	Access  fact.Access `json:"access"`
	// Days is how long a course stays open; 0 means without an end.
	Days int `json:"days,omitempty"`
	// By is who stated so, and At when.
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Register are the entries of an installation, by source and product.
type Register struct {
	Entries []Entry `json:"entries"`
	// At is the instant of the last entry, and another one after each entry; zero without any.
	At time.Time `json:"at,omitzero"`
}

// stateName is the name of the register in the store.
const stateName = "products"

// Read returns the register of an installation; the zero value without one.
func Read(ctx context.Context, in store.Stater) (Register, error) {
	r, err := store.ReadState[Register](ctx, in, stateName)
	if err != nil {
		return Register{}, fmt.Errorf("read the listed products: %w", err)
	}
	return r, nil
}

// Add stores an entry in place of the former one about the same product. The error is ErrFull for one entry too many.
func Add(ctx context.Context, in store.StateChanger, e Entry) error {
	for {
		err := add(ctx, in, e)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

func add(ctx context.Context, in store.StateChanger, e Entry) error {
	former, err := in.State(ctx, stateName)
	if err != nil {
		return fmt.Errorf("list a product: %w", err)
	}
	var r Register
	if former != "" {
		if err := json.Unmarshal([]byte(former), &r); err != nil {
			return fmt.Errorf("list a product: %w", err)
		}
	}
	if err := r.set(e); err != nil {
		return err
	}
	doc, err := json.Marshal(r)
	if err == nil {
		err = in.ReplaceState(ctx, stateName, former, string(doc))
	}
	if err != nil {
		return fmt.Errorf("list a product: %w", err)
	}
	return nil
}

// set adds an entry, or replaces the one about the same product.
func (r *Register) set(e Entry) error {
	if r.At = r.At.Add(time.Nanosecond); e.At.After(r.At) { // a clock that went back hides no entry from other replicas
		r.At = e.At
	}
	if n := r.find(e.Source, e.Product); n >= 0 {
		r.Entries[n] = e
		return nil
	}
	if len(r.Entries) >= maxEntries {
		return ErrFull
	}
	r.Entries = append(r.Entries, e)
	return nil
}

func (r *Register) find(source, product string) int {
	return slices.IndexFunc(r.Entries, func(e Entry) bool { return e.Source == source && e.Product == product })
}

// Complete adds to a policy the products that its configuration does not list, and returns the entries that apply. An
// entry about a source that is gone, or about a product that the configuration lists, does not apply.
func (r *Register) Complete(p *rules.Policy) []Entry {
	var out []Entry
	for _, e := range r.Entries {
		of, known := p.Products[e.Source]
		if _, listed := of[e.Product]; !known || listed {
			continue
		}
		of[e.Product] = rules.Product{Access: e.Access, Days: e.Days}
		out = append(out, e)
	}
	return out
}
