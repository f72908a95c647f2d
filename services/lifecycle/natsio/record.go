package natsio

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// RecordsBucket is the name of the bucket with the records of the console.
const RecordsBucket = "CONSOLE"

const (
	// recordsKept is how long a record is kept: longer than any session.
	recordsKept = 8 * 24 * time.Hour
	// maxRecords bounds all records, in bytes.
	maxRecords = 16 << 20
)

// The errors of records.
var (
	ErrNoRecord       = errors.New("there is no such record")
	ErrRecordConflict = errors.New("the record was changed meanwhile")
)

// Record is a short-lived record of the console, such as a session.
type Record struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Revision uint64 `json:"revision"`
}

// Records keep what the replicas of the console share and what outlives their restart. Values are encrypted.
type Records struct {
	JetStream jetstream.JetStream
	Sealer    Sealer
	// Replicas is how many servers hold the records; 0 means 1.
	Replicas int

	mu     sync.Mutex
	bucket jetstream.KeyValue
}

func (r *Records) open(ctx context.Context) (jetstream.KeyValue, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bucket != nil {
		return r.bucket, nil
	}
	bucket, err := r.JetStream.KeyValue(ctx, RecordsBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		bucket, err = r.JetStream.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: RecordsBucket, Description: "sessions of the console", TTL: recordsKept, MaxBytes: maxRecords,
			Replicas: max(r.Replicas, 1),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open the records of the console: %w", err)
	}
	r.bucket = bucket
	return bucket, nil
}

// Get returns a record. The error wraps ErrNoRecord without one.
func (r *Records) Get(ctx context.Context, name string) (Record, error) {
	bucket, err := r.open(ctx)
	if err != nil {
		return Record{}, err
	}
	entry, err := bucket.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return Record{}, ErrNoRecord
	}
	if err != nil {
		return Record{}, fmt.Errorf("read a record of the console: %w", err)
	}
	value, err := r.Sealer.OpenText(entry.Value())
	if err != nil {
		return Record{}, fmt.Errorf("open a record of the console: %w", err)
	}
	return Record{name, value, entry.Revision()}, nil
}

// Put stores a record on a revision, 0 for a new one, and returns the next revision. The error is ErrRecordConflict
// when the record has another revision.
func (r *Records) Put(ctx context.Context, rec Record) (uint64, error) {
	bucket, err := r.open(ctx)
	if err != nil {
		return 0, err
	}
	sealed, err := r.Sealer.SealText(rec.Value)
	if err != nil {
		return 0, err
	}
	var next uint64
	if rec.Revision == 0 {
		next, err = bucket.Create(ctx, rec.Name, sealed)
	} else {
		next, err = bucket.Update(ctx, rec.Name, sealed, rec.Revision)
	}
	answer, _ := errors.AsType[*jetstream.APIError](err)
	if errors.Is(err, jetstream.ErrKeyExists) || answer != nil &&
		(answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return 0, ErrRecordConflict
	}
	if err != nil {
		return 0, fmt.Errorf("store a record of the console: %w", err)
	}
	return next, nil
}

// Drop removes a record; one that is gone is no error.
func (r *Records) Drop(ctx context.Context, name string) error {
	bucket, err := r.open(ctx)
	if err != nil {
		return err
	}
	if err := bucket.Purge(ctx, name); err != nil {
		return fmt.Errorf("remove a record of the console: %w", err)
	}
	return nil
}

// List returns the records whose name begins with a prefix.
func (r *Records) List(ctx context.Context, prefix string) ([]Record, error) {
	bucket, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := bucket.ListKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the records of the console: %w", err)
	}
	var names []string
	for name := range keys.Keys() {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	out := []Record{}
	for _, name := range names {
		rec, err := r.Get(ctx, name)
		if errors.Is(err, ErrNoRecord) { // dropped meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	return out, nil
}
