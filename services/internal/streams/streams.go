// Package streams creates the streams of api/stream on a JetStream server.
package streams

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// Options configure the streams.
type Options struct {
	// Replicas is the number of servers that hold each stream; 0 means 1.
	Replicas int
	// Tags are what a server must be tagged with to hold a stream; empty means any server.
	Tags []string
	// KeepDecisions is how long decisions can be read; 0 means 30 days.
	KeepDecisions time.Duration
}

const keepDecisions = 30 * 24 * time.Hour

// keepQuarantine is how long a webhook stays in quarantine, and maxQuarantine the size of the
// quarantine in bytes; the oldest webhooks are removed first.
const (
	keepQuarantine = 30 * 24 * time.Hour
	maxQuarantine  = 512 << 20
)

// Ensure creates the streams, or updates their options. Ensure is idempotent and safe for
// concurrent processes.
func Ensure(ctx context.Context, js jetstream.JetStream, opts Options) error {
	if opts.KeepDecisions == 0 {
		opts.KeepDecisions = keepDecisions
	}
	for _, config := range []jetstream.StreamConfig{
		{
			Name: stream.Facts, Subjects: []string{stream.AllFacts, stream.AllSlots},
			Description: "webhooks that are not applied yet",
			Retention:   jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
			Replicas: max(opts.Replicas, 1), Duplicates: stream.Window,
		},
		{
			Name: stream.Decisions, Subjects: []string{stream.AllDecisions},
			Description: "what other systems are to delete, and whom to ask",
			Retention:   jetstream.LimitsPolicy, MaxAge: opts.KeepDecisions,
			Replicas: max(opts.Replicas, 1), Duplicates: stream.Window,
		},
		{
			Name: stream.Receipts, Subjects: []string{stream.ReceiptsOf(""), stream.AllReceipts},
			Description: "what recipients answered and is not applied yet",
			Retention:   jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
			Replicas: max(opts.Replicas, 1), Duplicates: stream.Window,
		},
		{
			Name: stream.Quarantine, Subjects: []string{stream.AllQuarantine},
			Description: "what is set aside, for a person to look at",
			Retention:   jetstream.LimitsPolicy, MaxAge: keepQuarantine, MaxBytes: maxQuarantine, MaxMsgsPerSubject: 1,
			AllowMsgTTL: true,
			Replicas:    max(opts.Replicas, 1), Duplicates: stream.Window,
		},
	} {
		if len(opts.Tags) > 0 {
			config.Placement = &jetstream.Placement{Tags: opts.Tags}
		}
		if err := ensure(ctx, js, config); err != nil {
			return fmt.Errorf("ensure stream %s: %w", config.Name, explain(err, opts))
		}
	}
	return nil
}

// ensure tolerates another process that makes the stream at the same moment. The metadata of a stream stay. A stream
// that is as it should be is left alone: the server reads the options of a stream without a lock while it creates a
// consumer, so that an update by one process and a consumer of another are a data race in the server.
func ensure(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) error {
	if s, err := js.Stream(ctx, config.Name); err == nil {
		has := s.CachedInfo().Config
		if config.Metadata = has.Metadata; reflect.DeepEqual(has, normal(config)) {
			return nil
		}
	}
	_, err := js.CreateOrUpdateStream(ctx, config)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		_, err = js.UpdateStream(ctx, config)
	}
	return err
}

// normal is the configuration as a server reports it: a bound that is not set is -1.
func normal(c jetstream.StreamConfig) jetstream.StreamConfig {
	for _, bound := range []*int64{&c.MaxMsgs, &c.MaxBytes, &c.MaxMsgsPerSubject} {
		if *bound == 0 {
			*bound = -1
		}
	}
	if c.MaxConsumers == 0 {
		c.MaxConsumers = -1
	}
	if c.MaxMsgSize == 0 {
		c.MaxMsgSize = -1
	}
	return c
}
