// Package standing answers what remains of a published decision, from the stored subject at the moment of
// the question.
package standing

import (
	"context"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Finder finds the subject of a decision; nil without one.
type Finder interface {
	Decision(ctx context.Context, id string) (*lifecycle.Subject, error)
}

// Checker checks decisions.
type Checker struct {
	Finder Finder
	Vault  *identity.Vault
	Policy *rules.Policy
	Now    func() time.Time
}

// Check returns what remains of a decision; items are the items of the event.
func (c *Checker) Check(ctx context.Context, id string, items []stream.Item) (*stream.Standing, error) {
	at := c.Now().UTC() // before the read: news applied since then are not known here
	s, err := c.Finder.Decision(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("check decision %s: %w", id, err)
	}
	if s == nil {
		return &stream.Standing{State: stream.StateUnknown, At: at}, nil
	}
	out := lifecycle.Check(c.Policy, *s, id, items, func(generation int, name string) string {
		return stream.Hash(c.Vault.ProofKey(id, generation), name)
	}, at)
	out.At = at
	return &out, nil
}
