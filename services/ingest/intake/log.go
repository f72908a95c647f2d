package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// Broker publishes deliveries.
type Broker interface {
	// PublishAll publishes deliveries in order, without waiting for one before the next, and returns one
	// error for each: nil once the broker has acknowledged the delivery, an error that wraps
	// ingest.ErrUnavailable if another attempt may succeed, and any other error if none can.
	PublishAll(ctx context.Context, deliveries []*factv1.Delivery) []error
}

// Sealer encrypts the keys of the log.
type Sealer interface {
	SealText(text string) ([]byte, error)
	OpenText(sealed []byte) (string, error)
}

// Options configure a Log.
type Options struct {
	// Dir is the directory of the log; a missing directory is created.
	Dir string
	// MaxBytes bounds the records that are not removed yet; 0 means 256 MiB. The files take up to 42 MiB more, and the
	// log is full as well when the disk has no room for them.
	MaxBytes int64
	// Sealer encrypts the keys of the epochs; nil means a key in a file of Dir.
	Sealer Sealer
	// Broker receives the log.
	Broker Broker
	// BrokerFirst attempts to publish a delivery at once and appends only what the broker does not take: a
	// delivery is then as durable as the broker, and no disk is involved while the broker answers.
	// False appends every delivery.
	BrokerFirst bool
	// Sync makes everything that the broker has acknowledged durable; nil means that an acknowledgement
	// means that already.
	Sync func(ctx context.Context) error
	// RemoveEvery is the shortest interval between removals from the log; 0 means one second.
	RemoveEvery time.Duration
	// RetryEvery is the backoff between attempts while the broker is unavailable; 0 means one second.
	RetryEvery time.Duration
	Log        *slog.Logger
}

func (o *Options) setDefaults() {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMax
	}
	if o.RemoveEvery == 0 {
		o.RemoveEvery = time.Second
	}
	if o.RetryEvery == 0 {
		o.RetryEvery = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

const (
	defaultMax = 256 << 20
	dirMode    = 0o700
	fileMode   = 0o600
	// lockFile keeps other processes from the directory.
	lockFile = "lock"
)

// ErrFull means that the log is full, or that the disk takes no more records. ErrFull wraps ingest.ErrUnavailable: the
// sender is asked for a redelivery.
var ErrFull = fmt.Errorf("the intake log is full: %w", ingest.ErrUnavailable)

// ErrClosed means that the log is closed.
var ErrClosed = errors.New("the intake log is closed")

// Log is the log of accepted deliveries. Publish appends, Run forwards.
type Log struct {
	opts   Options
	lock   *flock.Flock
	store  *store
	epochs *epochs
	write  writer
	// recent and sizes spare the forwarder and the removal what they would read from the disk.
	recent recent
	sizes  sizes
	// bytes and last describe the records that are not removed; forwarded is the index of the last record
	// at the broker, removed the index of the last removed one.
	bytes                    atomic.Int64
	last, forwarded, removed atomic.Uint64
	// damaged counts the records that cannot be read.
	damaged atomic.Int64
	// refusing is set while the disk takes no record.
	refusing atomic.Bool
	// removing is held while records are removed, and while the log is copied.
	removing sync.Mutex
	wake     chan struct{}
}

// Open opens the log with the deliveries of earlier processes.
func Open(opts Options) (*Log, error) {
	opts.setDefaults()
	if err := os.MkdirAll(opts.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("open intake log: %w", err)
	}
	lock := flock.New(filepath.Join(opts.Dir, lockFile), flock.SetPermissions(fileMode))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf(
			"open intake log %s: another process uses the directory; each ingest needs a directory of its own", opts.Dir), err)
	}
	l := &Log{opts: opts, lock: lock, wake: make(chan struct{}, 1)}
	if err := l.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open intake log %s: %w", opts.Dir, err), l.release())
	}
	return l, nil
}

func (l *Log) open() (err error) {
	sealer := l.opts.Sealer
	if sealer == nil {
		if sealer, err = fileSealer(l.opts.Dir); err != nil {
			return err
		}
	}
	if l.epochs, err = openEpochs(l.opts.Dir, sealer); err != nil {
		return err
	}
	if l.store, err = openStore(l.opts.Dir); err != nil {
		return err
	}
	first, last, err := l.store.bounds()
	if err != nil {
		return err
	}
	if err := l.count(first, last); err != nil {
		return err
	}
	l.write.start(l)
	return nil
}

// count measures the records of earlier processes.
func (l *Log) count(first, last uint64) error {
	l.last.Store(last)
	l.removed.Store(max(first, 1) - 1)
	l.forwarded.Store(max(first, 1) - 1)
	for i := first; i != 0 && i <= last; i++ {
		r, err := l.store.read(i)
		if err != nil {
			return err
		}
		l.bytes.Add(int64(len(r)))
		l.epochs.seen(i, r)
	}
	if err := l.epochs.reseal(); err != nil {
		return err
	}
	return l.epochs.destroy(l.removed.Load())
}

func (l *Log) release() error {
	var errs []error
	if l.store != nil {
		errs = append(errs, l.store.close())
	}
	return errors.Join(append(errs, l.lock.Close())...)
}

// Close closes the log; deliveries that are not forwarded are kept. Close is called after the last Publish
// and after the end of Run.
func (l *Log) Close() error {
	l.write.stop()
	return l.release()
}

// Publish returns nil once the delivery is durable: on the disk, or at the broker where Options.BrokerFirst
// asks for that. The delivery is not changed afterwards, because the forwarder may publish it later.
func (l *Log) Publish(ctx context.Context, d *factv1.Delivery) error {
	if l.opts.BrokerFirst && l.Waiting() == 0 {
		err := l.publishFirst(ctx, d)
		if err == nil {
			return nil
		}
		l.opts.Log.WarnContext(
			ctx,
			"the broker does not take a webhook; the webhook is written to the intake log",
			"error",
			err,
		)
	}
	data, err := proto.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	return l.append(ctx, d, data)
}

// firstWithin bounds the attempt to publish before a delivery is appended: MailerLite waits three seconds
// for the answer.
const firstWithin = 2 * time.Second

func (l *Log) publishFirst(ctx context.Context, d *factv1.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, firstWithin)
	defer cancel()
	return l.opts.Broker.PublishAll(ctx, []*factv1.Delivery{d})[0]
}

// append seals the encoding of a delivery and waits until the record is on the disk.
func (l *Log) append(ctx context.Context, d *factv1.Delivery, data []byte) error {
	if l.bytes.Add(int64(len(data)+overhead)) > l.opts.MaxBytes {
		l.bytes.Add(-int64(len(data) + overhead))
		return ErrFull
	}
	err := l.write.submit(ctx, d, data)
	if err != nil {
		l.bytes.Add(-int64(len(data) + overhead))
		if errors.Is(err, ErrFull) {
			return err
		}
		return fmt.Errorf("%w: write intake log: %w", ingest.ErrUnavailable, err)
	}
	l.notify()
	return nil
}

// note records whether the disk takes records, and logs a change.
func (l *Log) note(err error) {
	switch refused := err != nil; {
	case l.refusing.Swap(refused) == refused:
	case refused:
		l.opts.Log.Error("the disk takes no more webhooks; senders are asked to send again later", "error", err)
		l.notify() // the forwarder tries until the disk takes records again
	default:
		l.opts.Log.Info("the disk takes webhooks again")
	}
}

// notify wakes the forwarder.
func (l *Log) notify() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Waiting is the number of deliveries that are not at the broker yet.
func (l *Log) Waiting() uint64 { return l.last.Load() - l.forwarded.Load() }

// Bytes is the size of the records that are not removed yet.
func (l *Log) Bytes() int64 { return l.bytes.Load() }

// Damaged is the number of records since the start that could not be read and were set aside.
func (l *Log) Damaged() int64 { return l.damaged.Load() }

// Full reports whether the log is nine tenths full, so that a new delivery may not fit, or the disk takes none.
func (l *Log) Full() bool { return l.refusing.Load() || l.bytes.Load() > l.opts.MaxBytes/10*9 }

// Oldest is when the delivery was received that waits longest; false when none does.
func (l *Log) Oldest() (time.Time, bool) {
	next := l.forwarded.Load() + 1
	if next > l.last.Load() {
		return time.Time{}, false
	}
	d, err := l.delivery(next)
	if err != nil || d == nil {
		return time.Time{}, false
	}
	return d.GetReceived().AsTime(), true
}

// delivery reads the delivery of a record; nil for an empty record.
func (l *Log) delivery(index uint64) (*factv1.Delivery, error) {
	record, err := l.store.read(index)
	if err != nil {
		return nil, err
	}
	return l.decode(record)
}

// decode decrypts a record; nil for an empty record. The error wraps errDamaged.
func (l *Log) decode(record []byte) (*factv1.Delivery, error) {
	if len(record) == 0 {
		return nil, nil
	}
	data, err := l.epochs.open(record)
	if err != nil {
		return nil, err
	}
	return decoded(data)
}

// decoded decodes the content of a record.
func decoded(data []byte) (*factv1.Delivery, error) {
	d := &factv1.Delivery{}
	if err := proto.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return d, nil
}

// damagedDir holds the damaged records.
const damagedDir = "damaged"

// setAside keeps a damaged record in a file, so that nothing else waits for the record.
func (l *Log) setAside(index uint64, record []byte, cause error) error {
	dir := filepath.Join(l.opts.Dir, damagedDir)
	if err := makeDir(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("record-%d", index))
	if err := writeFile(path, record); err != nil {
		return err
	}
	l.damaged.Add(1)
	l.opts.Log.Error("a webhook in the intake log cannot be read and is set aside", "file", path, "error", cause)
	return nil
}

// damagedNotice is the entry of the quarantine about a damaged record, which is in a file beside the log. The notice
// of one record has the same id at every attempt.
func (l *Log) damagedNotice(index uint64) *factv1.Delivery {
	name := fmt.Sprintf("record-%d", index)
	return &factv1.Delivery{
		Id: "damaged-" + name, Source: damagedSource, Received: timestamppb.Now(),
		Unread: &factv1.Unread{Reason: ingest.UnreadDamagedRecord, Topic: filepath.Join(damagedDir, name)},
	}
}

// damagedSource stands in the place of the source of a damaged record, which cannot be read.
const damagedSource = "intake"
