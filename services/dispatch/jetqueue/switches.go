package jetqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/streams"
)

// Bucket is the name of the bucket of disabled recipients.
const Bucket = "RECIPIENTS"

// bucketStream is the stream of the bucket.
const bucketStream = "KV_" + Bucket

// Switches records disabled recipients, shared by all processes and durable.
type Switches struct {
	bucket jetstream.KeyValue
	sync   streams.Sync
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	off     map[string]off
	changed chan struct{}

	stop    context.CancelFunc
	watched sync.WaitGroup
}

// off is the record of a disabled recipient.
type off struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// OpenSwitches opens the switches with their present state. Close ends the watch. sync makes a record
// durable; nil means that JetStream does.
func OpenSwitches(
	ctx context.Context,
	js jetstream.JetStream,
	replicas int,
	sync streams.Sync,
	now func() time.Time,
	log *slog.Logger,
) (*Switches, error) {
	bucket, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: Bucket, Description: "disabled recipients of decisions", Replicas: max(replicas, 1),
	})
	if err != nil {
		return nil, fmt.Errorf("open the switches of recipients: %w", err)
	}
	s := &Switches{bucket: bucket, sync: sync, now: now, log: log, off: map[string]off{}, changed: make(chan struct{})}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	watcher, err := bucket.WatchAll(watching)
	if err != nil {
		stop()
		return nil, fmt.Errorf("open the switches of recipients: %w", err)
	}
	s.stop = stop
	for {
		select {
		case entry := <-watcher.Updates():
			if entry != nil {
				s.apply(entry)
				continue
			}
			s.watched.Go(func() { s.watch(watching, watcher) })
			return s, nil
		case <-ctx.Done():
			stop()
			return nil, fmt.Errorf("open the switches of recipients: %w", ctx.Err())
		}
	}
}

// Close stops watching.
func (s *Switches) Close() {
	s.stop()
	s.watched.Wait()
}

func (s *Switches) watch(ctx context.Context, watcher jetstream.KeyWatcher) {
	for {
		select {
		case entry, ok := <-watcher.Updates():
			if !ok {
				return // the connection is closed
			}
			if entry != nil {
				s.apply(entry)
			}
		case <-ctx.Done():
			if err := watcher.Stop(); err != nil {
				s.log.Debug("the watch on disabled recipients continues", "error", err)
			}
			return
		}
	}
}

// apply applies an entry of the bucket.
func (s *Switches) apply(entry jetstream.KeyValueEntry) {
	if entry.Operation() != jetstream.KeyValuePut {
		s.set(entry.Key(), nil)
		return
	}
	o := off{}
	if err := json.Unmarshal(entry.Value(), &o); err != nil {
		s.log.Error("the record of a disabled recipient is unreadable; the recipient stays disabled until enabled",
			"recipient", entry.Key(), "error", err)
	}
	s.set(entry.Key(), &o)
}

func (s *Switches) set(recipient string, o *off) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o == nil {
		delete(s.off, recipient)
	} else {
		s.off[recipient] = *o
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// Disable returns nil once the disabling of a recipient is durable.
func (s *Switches) Disable(ctx context.Context, recipient, reason string) error {
	o := off{Since: s.now().UTC(), Reason: reason}
	data, err := json.Marshal(o)
	if err == nil {
		_, err = s.bucket.Put(ctx, recipient, data)
	}
	if err == nil {
		err = s.sync.Do(ctx, bucketStream)
	}
	if err != nil {
		return fmt.Errorf("disable recipient %s: %w", recipient, err)
	}
	s.set(recipient, &o)
	return nil
}

// Enable returns nil once the enabling of a recipient is durable.
func (s *Switches) Enable(ctx context.Context, recipient string) error {
	if err := s.bucket.Purge(ctx, recipient); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("enable recipient %s: %w", recipient, err)
	}
	if err := s.sync.Do(ctx, bucketStream); err != nil {
		return fmt.Errorf("enable recipient %s: %w", recipient, err)
	}
	s.set(recipient, nil)
	return nil
}

// Off reports whether a recipient is disabled, since when and why.
func (s *Switches) Off(recipient string) (since time.Time, reason string, disabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, disabled := s.off[recipient]
	return o.Since, o.Reason, disabled
}

// Changed returns a channel that is closed at the next change of any recipient.
func (s *Switches) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}
