package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// How says how the history of a source became known.
type How string

// The ways.
const (
	// CoveredByImport: the history was read from the platform.
	CoveredByImport How = "import"
	// CoveredByStatement: the controller stated that nothing is missing.
	CoveredByStatement How = "stated"
	// CoveredBefore: the installation worked before it knew of coverage.
	CoveredBefore How = "before"
)

// Covered is how far back it is known what happened at a source.
type Covered struct {
	// From is the instant from which on everything is known; zero for all times.
	From time.Time `json:"from,omitzero"`
	// At is the instant at which that became known.
	At  time.Time `json:"at,omitzero"`
	How How       `json:"how"`
}

// ErrSource means that the configuration has no such source.
var ErrSource = errors.New("the configuration has no source with this id")

// Coverage is the coverage of one source.
type Coverage struct {
	Source string `json:"source"`
	// Covered reports whether it is known what happened at the source.
	Covered bool       `json:"covered"`
	From    *time.Time `json:"from,omitempty"`
	How     How        `json:"how,omitempty"`
}

// Coverage lists the sources.
func (r *Register) Coverage() []Coverage {
	out, now := []Coverage{}, r.current.Load()
	for _, id := range r.opts.Sources {
		covered, ok := now.Covered[id]
		c := Coverage{Source: id, Covered: ok || r.opts.AtOnce, How: covered.How}
		if !covered.From.IsZero() {
			c.From = &covered.From
		}
		out = append(out, c)
	}
	return out
}

// uncovered returns the sources of which the history is not known.
func (r *Register) uncovered(s *state) []string {
	return slices.DeleteFunc(slices.Clone(r.opts.Sources), func(id string) bool {
		_, ok := s.Covered[id]
		return ok
	})
}

// Cover records how far back it is known what happened at a source. The deletions that waited for that are released.
func (r *Register) Cover(ctx context.Context, source string, c Covered) error {
	if !slices.Contains(r.opts.Sources, source) {
		return fmt.Errorf("%w: %s", ErrSource, source)
	}
	next := r.current.Load().clone()
	if next.Covered == nil {
		next.Covered = map[string]Covered{}
	}
	next.Covered[source] = c
	next.Releasing, next.Ordered = true, r.opts.Now().UTC()
	return r.save(ctx, next)
}

// Uncover records that something is missing at a source, such as webhooks of an outage: deletions at platforms
// wait again.
func (r *Register) Uncover(ctx context.Context, source string) error {
	next := r.current.Load().clone()
	maps.DeleteFunc(next.Covered, func(id string, _ Covered) bool { return id == source })
	return r.save(ctx, next)
}
