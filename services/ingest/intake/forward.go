package intake

import (
	"context"
	"errors"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// The bounds of what is published without waiting for an acknowledgement.
const (
	pageRecords = 512
	pageBytes   = 4 << 20
)

// drainWithin bounds the last attempt to forward and to remove at the end of Run.
const drainWithin = 2 * time.Second

// Run forwards the log to the broker, and removes what the broker holds durably, until the context
// ends.
func (l *Log) Run(ctx context.Context) {
	removed := time.Now()
	logged := false
	for {
		_, err := l.Forward(ctx)
		switch {
		case ctx.Err() != nil:
			l.drain(ctx)
			return
		case err != nil && !logged:
			logged = true
			l.opts.Log.WarnContext(ctx, "the broker does not take webhooks; webhooks are accepted and stay in the intake log",
				"waiting", l.Waiting(), "error", err)
		case err == nil && logged:
			logged = false
			l.opts.Log.InfoContext(ctx, "the broker takes webhooks again")
		}
		l.retry()
		if err != nil {
			loop.Sleep(ctx, l.opts.RetryEvery)
			continue
		}
		if left := l.opts.RemoveEvery - time.Since(removed); l.removed.Load() < l.last.Load() && left <= 0 {
			if err := l.Remove(ctx); err != nil && ctx.Err() == nil {
				l.opts.Log.ErrorContext(ctx, "forwarded webhooks were not removed from the intake log", "error", err)
			}
			removed = time.Now()
		}
		l.await(ctx, time.Until(removed.Add(l.opts.RemoveEvery)))
	}
}

// retry tries whether a disk that refused records takes records again. Without a try the log would stay full: a service
// that is not ready gets no webhooks.
func (l *Log) retry() {
	if l.refusing.Load() && l.store.hasRoom() == nil {
		_, _ = l.write.mark() // the writer notes and logs the result
	}
}

// drain forwards and removes what can be forwarded and removed at once, so that a stopped service leaves an
// empty log.
func (l *Log) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	if _, err := l.Forward(ctx); err != nil {
		return // the next start forwards the rest
	}
	if err := l.Remove(ctx); err != nil {
		l.opts.Log.WarnContext(
			ctx,
			"forwarded webhooks stay in the intake log and are forwarded again at the next start",
			"error",
			err,
		)
	}
}

// await waits for a record, or for the next removal while there is anything to remove.
func (l *Log) await(ctx context.Context, next time.Duration) {
	var due, again <-chan time.Time
	if l.removable() {
		timer := time.NewTimer(max(next, time.Millisecond))
		defer timer.Stop()
		due = timer.C
	}
	if l.refusing.Load() {
		timer := time.NewTimer(l.opts.RetryEvery)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-due:
	case <-again:
	}
}

// removable reports whether the log holds records with content. The newest record of a drained log is
// empty.
func (l *Log) removable() bool { return l.bytes.Load() > 0 }

// Forward publishes the waiting deliveries, oldest first, until none waits or the broker fails, and returns
// their number. A redelivery has the same id.
func (l *Log) Forward(ctx context.Context) (int, error) {
	sent := 0
	for ctx.Err() == nil {
		page, indexes, next, err := l.page()
		if err != nil {
			return sent, err
		}
		if next == l.forwarded.Load() {
			return sent, nil
		}
		for i, err := range l.opts.Broker.PublishAll(ctx, page) {
			if isPassing(err) {
				l.forwarded.Store(indexes[i] - 1)
				return sent, err
			}
			if err != nil {
				l.opts.Log.ErrorContext(ctx, "a webhook can never be published as a whole",
					"source", page[i].GetSource(), "facts", len(page[i].GetFacts()), "error", err)
			}
			sent++
		}
		l.forwarded.Store(next)
	}
	return sent, ctx.Err()
}

// isPassing reports whether another attempt to publish the same delivery may succeed.
func isPassing(err error) bool {
	return errors.Is(err, ingest.ErrUnavailable) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// page reads the next deliveries with their indexes; next is the index of the last record that was read.
// A damaged record is set aside.
func (l *Log) page() (page []*factv1.Delivery, indexes []uint64, next uint64, err error) {
	next = l.forwarded.Load()
	last := l.last.Load()
	for size := 0; next < last && len(page) < pageRecords && size < pageBytes; {
		d, n, err := l.take(next + 1)
		if err != nil {
			return nil, nil, 0, err
		}
		next++
		size += n
		l.sizes.add(next, n)
		if d != nil {
			page, indexes = append(page, d), append(indexes, next)
		}
	}
	return page, indexes, next, nil
}

// take returns the delivery of a record and the size of the record. There is no delivery in an empty record, and
// a notice in the place of a damaged one, which is set aside.
func (l *Log) take(index uint64) (*factv1.Delivery, int, error) {
	if c := l.recent.take(index); c.delivery != nil {
		return c.delivery, overhead + c.size, nil
	}
	record, err := l.store.read(index)
	if err != nil {
		return nil, 0, err
	}
	d, err := l.decode(record)
	if err != nil {
		return l.damagedNotice(index), len(record), l.setAside(index, record, err)
	}
	return d, len(record), nil
}

// Remove removes the forwarded records, once the broker holds their deliveries durably. When every record is
// forwarded, the epoch ends as well, so that the keys of all removed records are destroyed.
func (l *Log) Remove(ctx context.Context) error {
	l.removing.Lock()
	defer l.removing.Unlock()
	upTo := l.forwarded.Load()
	if upTo <= l.removed.Load() {
		return nil
	}
	if l.opts.Sync != nil {
		if err := l.opts.Sync(ctx); err != nil {
			return err
		}
	}
	if upTo == l.last.Load() && l.epochs.end() {
		index, err := l.write.mark()
		if err != nil {
			return err
		}
		if l.forwarded.CompareAndSwap(index-1, index) { // an empty record has nothing to forward
			l.sizes.add(index, 0)
		}
	}
	upTo = min(upTo, l.last.Load()-1) // the newest record stays: see store.remove
	if err := l.store.remove(l.removed.Load()+1, upTo); err != nil {
		return err
	}
	l.removed.Store(upTo)
	l.bytes.Add(-l.sizes.remove(upTo))
	l.retry()
	return l.epochs.destroy(upTo)
}
