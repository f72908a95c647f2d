package streams

import "context"

// Sync makes the acknowledged messages of a stream durable. Nil means that a message is durable before its
// acknowledgement.
type Sync func(ctx context.Context, stream string) error

// Do returns nil once the acknowledged messages of a stream are durable.
func (s Sync) Do(ctx context.Context, stream string) error {
	if s == nil {
		return nil
	}
	return s(ctx, stream)
}
