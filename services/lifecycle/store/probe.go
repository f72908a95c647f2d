package store

import (
	"context"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Probed is what a Probe needs of a store.
type Probed interface {
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
	Stater
}

// probeState is the document that a Probe writes.
const probeState = "probe"

// Probe returns nil while a store can be read and written: a full disk, or a member of MongoDB without a majority, is
// read and takes no write.
func Probe(ctx context.Context, in Probed, at time.Time) error {
	if _, err := in.Load(ctx, []string{"ready"}); err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	return WriteState(ctx, in, probeState, at.UTC())
}
