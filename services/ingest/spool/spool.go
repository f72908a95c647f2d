// Package spool keeps deliveries on the disk while the broker is unavailable, so that a webhook
// without redelivery by its sender is accepted all the same.
package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// Options configure a Spool.
type Options struct {
	// Path is the file; a missing file is created.
	Path string
	// MaxBytes is the capacity; 0 means 256 MiB.
	MaxBytes int64
	// Publisher is the broker.
	Publisher ingest.Publisher
	// Every is the backoff between attempts while the broker is unavailable; 0 means one second.
	Every time.Duration
	Log   *slog.Logger
}

// Spool is a Publisher that writes deliveries to the disk while the broker refuses them, and
// publishes the deliveries in order afterwards.
type Spool struct {
	opts Options
	db   *bolt.DB
	// bytes and count measure the spooled deliveries.
	bytes, count atomic.Int64
	// deadLetters counts the deliveries that are set aside.
	deadLetters atomic.Int64
	wake        chan struct{}
}

// ErrFull means that the spool is full. ErrFull wraps ingest.ErrUnavailable: the sender is asked
// for a redelivery.
var ErrFull = fmt.Errorf("the spool is full: %w", ingest.ErrUnavailable)

const (
	defaultMax = 256 << 20
	lockWait   = 5 * time.Second
	fileMode   = 0o600
	// page is how many deliveries are read at once when the spool drains.
	page = 200
	// directWithin bounds the direct way to the broker before a delivery is spooled: MailerLite waits
	// three seconds for the answer.
	directWithin = 2 * time.Second
)

// bucket holds spooled deliveries, deadLetterBucket those that can never be published, for inspection.
func bucket() []byte           { return []byte("deliveries") }
func deadLetterBucket() []byte { return []byte("aside") }

// Open opens the spool with the deliveries of earlier processes.
func Open(opts Options) (*Spool, error) {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = defaultMax
	}
	if opts.Every == 0 {
		opts.Every = time.Second
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	db, err := bolt.Open(opts.Path, fileMode, &bolt.Options{Timeout: lockWait, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolt.ErrTimeout) { //nolint:staticcheck // the documented name of the error
		return nil, fmt.Errorf(
			"open spool %s: another process uses the file; each ingest needs a spool of its own",
			opts.Path,
		)
	}
	if err != nil {
		return nil, fmt.Errorf("open spool %s: %w", opts.Path, err)
	}
	s := &Spool{opts: opts, db: db, wake: make(chan struct{}, 1)}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool %s: %w", opts.Path, err), db.Close())
	}
	return s, nil
}

// prepare creates the buckets and counts the deliveries.
func (s *Spool) prepare() error {
	return s.db.Update(func(tx *bolt.Tx) error {
		aside, err := tx.CreateBucketIfNotExists(deadLetterBucket())
		if err != nil {
			return err
		}
		s.deadLetters.Store(int64(aside.Stats().KeyN))
		b, err := tx.CreateBucketIfNotExists(bucket())
		if err != nil {
			return err
		}
		return b.ForEach(func(_, v []byte) error {
			s.bytes.Add(int64(len(v)))
			s.count.Add(1)
			return nil
		})
	})
}

// Close closes the file; spooled deliveries are kept.
func (s *Spool) Close() error { return s.db.Close() }

// Publish returns nil once the delivery is durable at the broker or on the disk. While the spool is
// not empty, a new delivery is appended, so that the order is kept. A delivery that the broker will
// never accept is set aside as a dead letter on the disk.
func (s *Spool) Publish(ctx context.Context, d *factv1.Delivery) error {
	if s.count.Load() == 0 {
		err := s.direct(ctx, d)
		switch {
		case err == nil:
			return nil
		case !isPassing(err):
			return s.setAside(d, err)
		}
		s.opts.Log.Warn("the broker does not answer; webhooks are written to the spool", "error", err)
	}
	return s.put(d)
}

func (s *Spool) direct(ctx context.Context, d *factv1.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, directWithin)
	defer cancel()
	return s.opts.Publisher.Publish(ctx, d)
}

// isPassing reports whether another attempt to publish the same delivery may succeed.
func isPassing(err error) bool {
	return errors.Is(err, ingest.ErrUnavailable) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// setAside keeps a delivery that can never be published as a dead letter.
func (s *Spool) setAside(d *factv1.Delivery, cause error) error {
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	var number uint64
	err = s.db.Update(func(tx *bolt.Tx) error {
		var err error
		if number, err = tx.Bucket(bucket()).NextSequence(); err != nil {
			return err
		}
		return tx.Bucket(deadLetterBucket()).Put(key(number), data)
	})
	if err != nil {
		return fmt.Errorf("%w: write spool: %w", ingest.ErrUnavailable, err)
	}
	s.deadLetter(number, d, cause)
	return nil
}

// deadLetter reports a delivery that was set aside.
func (s *Spool) deadLetter(number uint64, d *factv1.Delivery, cause error) {
	s.deadLetters.Add(1)
	s.opts.Log.Error("a webhook can never be published as a whole and is set aside as a dead letter in the spool",
		"number", number, "source", d.GetSource(), "facts", len(d.GetFacts()), "error", cause)
}

func key(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// put writes a delivery to the disk. Concurrent deliveries share one fsync.
func (s *Spool) put(d *factv1.Delivery) error {
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	if s.bytes.Add(int64(len(data))) > s.opts.MaxBytes {
		s.bytes.Add(-int64(len(data)))
		return ErrFull
	}
	err = s.db.Batch(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket())
		n, err := b.NextSequence()
		if err != nil {
			return err
		}
		return b.Put(key(n), data)
	})
	if err != nil {
		s.bytes.Add(-int64(len(data)))
		return fmt.Errorf("%w: write spool: %w", ingest.ErrUnavailable, err)
	}
	s.count.Add(1)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Run publishes spooled deliveries until the end of the context.
func (s *Spool) Run(ctx context.Context) {
	for {
		if n, err := s.Drain(ctx); n > 0 {
			s.opts.Log.Info("spooled webhooks were published to the broker", "webhooks", n, "left", s.count.Load())
		} else if err != nil && ctx.Err() == nil && !errors.Is(err, ingest.ErrUnavailable) {
			s.opts.Log.Error("the spool cannot be published", "error", err)
		}
		if !loop.Sleep(ctx, s.opts.Every) {
			return
		}
		if s.count.Load() == 0 {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
		}
	}
}

// Drain publishes spooled deliveries, oldest first, until the spool is empty or the broker fails,
// and returns their number. A delivery is removed after its acknowledgement; a redelivery has the
// same id. A delivery that can never be published becomes a dead letter, so that no other delivery
// waits for it.
func (s *Spool) Drain(ctx context.Context) (int, error) {
	sent := 0
	for {
		batch, err := s.oldest()
		if err != nil || len(batch) == 0 {
			return sent, err
		}
		for i := range batch {
			if err := s.send(ctx, &batch[i]); err != nil {
				return sent, err
			}
			sent++
		}
	}
}

// waiting is a delivery on the disk.
type waiting struct{ key, data []byte }

func (s *Spool) oldest() ([]waiting, error) {
	var out []waiting
	err := s.db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucket()).Cursor()
		for k, v := c.First(); k != nil && len(out) < page; k, v = c.Next() {
			out = append(out, waiting{append([]byte(nil), k...), append([]byte(nil), v...)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	return out, nil
}

func (s *Spool) send(ctx context.Context, w *waiting) error {
	d := &factv1.Delivery{}
	cause := proto.Unmarshal(w.data, d)
	if cause == nil {
		if cause = s.opts.Publisher.Publish(ctx, d); cause != nil && isPassing(cause) {
			return cause
		}
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		if cause != nil {
			if err := tx.Bucket(deadLetterBucket()).Put(w.key, w.data); err != nil {
				return err
			}
		}
		return tx.Bucket(bucket()).Delete(w.key)
	})
	if err != nil {
		return fmt.Errorf("clear spool: %w", err)
	}
	s.bytes.Add(-int64(len(w.data)))
	s.count.Add(-1)
	if cause != nil {
		s.deadLetter(binary.BigEndian.Uint64(w.key), d, cause)
	}
	return nil
}

// Depth is the number of spooled deliveries and their size in bytes.
func (s *Spool) Depth() (count, bytes int64) { return s.count.Load(), s.bytes.Load() }

// DeadLetters is the number of deliveries that were set aside because they can never be published.
func (s *Spool) DeadLetters() int64 { return s.deadLetters.Load() }

// Full reports whether the spool is nine tenths full, so that a new delivery may not fit.
func (s *Spool) Full() bool { return s.bytes.Load() > s.opts.MaxBytes/10*9 }

// Oldest is when the delivery was received that waits longest; false when none does.
func (s *Spool) Oldest() (time.Time, bool) {
	d := &factv1.Delivery{}
	found := false
	err := s.db.View(func(tx *bolt.Tx) error {
		_, v := tx.Bucket(bucket()).Cursor().First()
		found = v != nil
		return proto.Unmarshal(v, d)
	})
	return d.GetReceived().AsTime(), found && err == nil
}
