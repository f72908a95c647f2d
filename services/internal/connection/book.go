// Package connection keeps what is known of the connection to the platform of each source: what arrived, what a
// reconciliation found, and how the webhooks stand at the platform. Ingest notes, and lifecycle shows. The notes are in
// a bucket of JetStream, which all processes share, and name nobody.
package connection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// Bucket is the name of the bucket.
const Bucket = "SOURCES"

// attempts bounds the attempts of a change while other processes change the same note.
const attempts = 50

// Book holds the notes. A Book may be used concurrently.
type Book struct {
	js       jetstream.JetStream
	replicas int

	mu     sync.Mutex
	bucket jetstream.KeyValue
}

// New makes a Book. The bucket is created when it is first needed, so that a Book can be made while the servers are
// away. replicas is how many servers hold the notes; 0 means 1.
func New(js jetstream.JetStream, replicas int) *Book {
	return &Book{js: js, replicas: max(replicas, 1)}
}

func (b *Book) open(ctx context.Context) (jetstream.KeyValue, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bucket != nil {
		return b.bucket, nil
	}
	bucket, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: Bucket, Description: "the connection to each source", Replicas: b.replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("open the notes about the sources: %w", err)
	}
	b.bucket = bucket
	return bucket, nil
}

// read decodes the note of a kind about a source; the zero value without one.
func read[T any](ctx context.Context, b *Book, kind, source string) (note T, revision uint64, err error) {
	bucket, err := b.open(ctx)
	if err != nil {
		return note, 0, err
	}
	entry, err := bucket.Get(ctx, kind+"."+source)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return note, 0, nil
	}
	if err != nil {
		return note, 0, fmt.Errorf("read the note about %s: %w", source, err)
	}
	if err := json.Unmarshal(entry.Value(), &note); err != nil {
		return note, 0, fmt.Errorf("decode the note about %s: %w", source, err)
	}
	return note, entry.Revision(), nil
}

// change changes the note of a kind about a source, on the state that the change has seen. change returns false to
// leave the note as it is.
func change[T any](ctx context.Context, b *Book, kind, source string, change func(*T) bool) (note T, err error) {
	for range attempts {
		var revision uint64
		if note, revision, err = read[T](ctx, b, kind, source); err != nil || !change(&note) {
			return note, err
		}
		err = b.write(ctx, kind+"."+source, note, revision)
		if !isConflict(err) {
			return note, err
		}
	}
	return note, fmt.Errorf("change the note about %s: %w", source, err)
}

func (b *Book) write(ctx context.Context, key string, note any, revision uint64) error {
	bucket, err := b.open(ctx)
	if err != nil {
		return err
	}
	data, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("encode the note: %w", err)
	}
	if revision == 0 {
		_, err = bucket.Create(ctx, key, data)
	} else {
		_, err = bucket.Update(ctx, key, data, revision)
	}
	if err != nil {
		return fmt.Errorf("write the note %s: %w", key, err)
	}
	return nil
}

// isConflict reports whether another process changed the note meanwhile.
func isConflict(err error) bool {
	if errors.Is(err, jetstream.ErrKeyExists) {
		return true
	}
	answer, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
