// Package dryrun keeps the facts that a dry run of an import read, apart from the stream of facts, so that what would
// follow can be worked out before anything is stored about a person. Ingest keeps them, and lifecycle evaluates them.
package dryrun

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Stream is the name of the stream, whose messages are protobuf rodopath.fact.v1.Delivery as those of FACTS.
const Stream = "DRYRUNS"

// Kept is how long the facts of a dry run are kept, unless they are dropped before.
const Kept = 24 * time.Hour

const (
	subjects = "rodopath.dryruns."
	// mostBytes bounds all dry runs, in bytes.
	mostBytes = 1 << 30
	// page is the number of messages that are read at once, and patience the longest wait for them.
	page     = 500
	patience = 5 * time.Second
)

// The answers of JetStream when no more facts can be kept.
const (
	codeNoResources  = jetstream.ErrorCode(10023)
	codeNoStorage    = jetstream.ErrorCode(10047)
	codeStoreFailed  = jetstream.ErrorCode(10077)
	codeNoMemoryLeft = jetstream.ErrorCode(10028)
)

// ErrGone means that the facts of a dry run are not kept, or no longer.
var ErrGone = errors.New("the facts of this dry run are no longer there: start another dry run")

// NewID names a dry run.
func NewID() string { return strings.ToLower(rand.Text()) }

// IsID reports whether a text can name a dry run.
func IsID(text string) bool {
	const most = 64
	return text != "" && len(text) <= most && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// Subject is the subject of the facts of a dry run.
func Subject(id string) string { return subjects + id }

// IsFull reports whether an error of keeping facts means that there is no room for more.
func IsFull(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return false
	}
	switch refused.ErrorCode {
	case codeNoResources, codeNoStorage, codeStoreFailed, codeNoMemoryLeft:
		return true
	}
	return false
}

// Facts are the facts of dry runs. Facts may be used concurrently.
type Facts struct {
	JetStream jetstream.JetStream
	// Replicas is how many servers hold the facts; 0 means 1.
	Replicas int

	mu     sync.Mutex
	stream jetstream.Stream
}

// Open creates the stream when it is first needed.
func (f *Facts) Open(ctx context.Context) (jetstream.Stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stream != nil {
		return f.stream, nil
	}
	s, err := f.JetStream.Stream(ctx, Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = f.JetStream.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: Stream, Subjects: []string{subjects + "*"}, Description: "facts of dry runs, for a preview",
			Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, MaxAge: Kept, MaxBytes: mostBytes,
			Replicas: max(f.Replicas, 1),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open the facts of dry runs: %w", err)
	}
	f.stream = s
	return s, nil
}

// Read visits the facts of a dry run in the order in which they were read. The error wraps ErrGone when there are none.
func (f *Facts) Read(ctx context.Context, id string, visit func([]*factv1.Delivery) error) error {
	if !IsID(id) {
		return ErrGone
	}
	left, consumer, err := f.consumer(ctx, id)
	if err != nil {
		return err
	}
	for left > 0 {
		batch, err := consumer.Fetch(min(page, left), jetstream.FetchMaxWait(patience))
		if err != nil {
			return fmt.Errorf("read the facts of a dry run: %w", err)
		}
		var deliveries []*factv1.Delivery
		for msg := range batch.Messages() {
			d := &factv1.Delivery{}
			if err := proto.Unmarshal(msg.Data(), d); err != nil {
				return fmt.Errorf("read the facts of a dry run: %w", err)
			}
			deliveries = append(deliveries, d)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case len(deliveries) == 0: // dropped meanwhile, or expired
			return ErrGone
		}
		if err := visit(deliveries); err != nil {
			return err
		}
		left -= len(deliveries)
	}
	return nil
}

// consumer returns a reader of the facts of a dry run, with their number.
func (f *Facts) consumer(ctx context.Context, id string) (int, jetstream.Consumer, error) {
	s, err := f.Open(ctx)
	if err != nil {
		return 0, nil, err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(Subject(id)))
	if err != nil {
		return 0, nil, fmt.Errorf("read the facts of a dry run: %w", err)
	}
	n := info.State.Subjects[Subject(id)]
	if n == 0 {
		return 0, nil, ErrGone
	}
	consumer, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{Subject(id)}})
	if err != nil {
		return 0, nil, fmt.Errorf("read the facts of a dry run: %w", err)
	}
	return int(n), consumer, nil //nolint:gosec // far below the largest int
}

// Drop removes the facts of a dry run; none are no error.
func (f *Facts) Drop(ctx context.Context, id string) error {
	if !IsID(id) {
		return nil
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSubject(Subject(id))); err != nil {
		return fmt.Errorf("remove the facts of a dry run: %w", err)
	}
	return nil
}
