package intake

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// The bounds of one write: the records that wait share the write and its fsync.
const (
	groupRecords = 2048
	groupBytes   = 8 << 20
)

// A write begins after linger, in which others may submit, when the write before had busyGroup records. A shorter time
// would end no sooner: the timers of Linux count in milliseconds while a program waits for its connections.
const (
	linger    = time.Millisecond
	busyGroup = 8
)

// submission is a sealed record that waits for its write.
type submission struct {
	record []byte
	// delivery is the content of the record, of size bytes; nil where the content is at hand on the disk alone.
	delivery *factv1.Delivery
	size     int
	epoch    *epoch
	done     chan error
}

// writer writes the submitted records in groups.
type writer struct {
	log   *Log
	queue chan *submission
	end   chan struct{}
	done  sync.WaitGroup
	next  uint64
	// busy reports whether the next write lingers.
	busy bool
}

func (w *writer) start(l *Log) {
	w.log, w.queue, w.end = l, make(chan *submission, groupRecords), make(chan struct{})
	w.next = l.last.Load() + 1
	w.done.Go(w.run)
}

func (w *writer) stop() {
	close(w.end)
	w.done.Wait()
}

// submit seals the encoding of a delivery and waits for the write of the record. A write that has begun is waited for,
// whatever the context: the caller must know whether the record is on the disk. The delivery may be nil, and is not
// changed afterwards.
func (w *writer) submit(ctx context.Context, d *factv1.Delivery, data []byte) error {
	e, err := w.log.epochs.enter()
	if err != nil {
		return err
	}
	s := &submission{delivery: d, size: len(data), epoch: e, done: make(chan error, 1)}
	if s.record, err = e.seal(data); err != nil {
		w.log.epochs.leave(e, 0)
		return err
	}
	select {
	case w.queue <- s:
		return <-s.done
	case <-ctx.Done():
		err = ctx.Err()
	case <-w.end:
		err = ErrClosed
	}
	w.log.epochs.leave(e, 0)
	return err
}

func (w *writer) run() {
	for {
		select {
		case s := <-w.queue:
			w.write(w.gather(s))
		case <-w.end:
			return
		}
	}
}

// gather returns the submissions that wait. Requests that are ready to run submit first, and a busy log lingers for
// requests that arrive: a few large writes cost less than many small ones.
func (w *writer) gather(first *submission) []*submission {
	if w.busy {
		time.Sleep(linger)
	}
	group, size := []*submission{first}, len(first.record)
	for before := 0; before < len(group); {
		before = len(group)
		runtime.Gosched()
		group, size = w.takeWaiting(group, size)
	}
	w.busy = len(group) >= busyGroup
	return group
}

// takeWaiting adds the submissions that wait to a group.
func (w *writer) takeWaiting(group []*submission, size int) ([]*submission, int) {
	for len(group) < groupRecords && size < groupBytes {
		select {
		case s := <-w.queue:
			group, size = append(group, s), size+len(s.record)
		default:
			return group, size
		}
	}
	return group, size
}

// write writes a group and answers its submitters.
func (w *writer) write(group []*submission) {
	records := make([][]byte, len(group))
	for i, s := range group {
		records[i] = s.record
	}
	w.log.recent.add(w.next, group)
	err := w.store(records)
	for i, s := range group {
		index := uint64(0)
		if err == nil {
			index = w.next - uint64(len(group)-i) //nolint:gosec // i is within the group
		}
		w.log.epochs.leave(s.epoch, index)
		s.done <- err
	}
}

// store writes records under the next indexes. After a failed write the files are opened again, and
// the indexes go on behind the last complete write. A log that cannot be written counts as full.
func (w *writer) store(records [][]byte) error {
	l := w.log
	err := w.ready(records)
	if err == nil {
		err = l.store.append(w.next, records)
		if err == nil {
			w.next += uint64(len(records))
			l.last.Store(w.next - 1)
			l.note(nil)
			return nil
		}
		_ = w.reopen() // the next write tries again
	}
	l.recent.clear()
	l.note(err)
	return fmt.Errorf("%w: %w", ErrFull, err)
}

// ready opens the files that could not be opened after a failed write, and finds out whether there is room. An empty
// record, behind which the others are removed, needs none.
func (w *writer) ready(records [][]byte) error {
	if w.log.store.broken {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	if len(records) == 1 && len(records[0]) == 0 {
		return nil
	}
	return w.log.store.hasRoom()
}

// reopen opens the files again after a failed write.
func (w *writer) reopen() error {
	if err := w.log.store.reopen(); err != nil {
		return err
	}
	if _, last, err := w.log.store.bounds(); err == nil && last >= w.next {
		w.next = last + 1 // a write that failed in part is complete on the disk; its sender delivers again
		w.log.last.Store(last)
	}
	return nil
}

// mark writes an empty record, behind which everything else can be removed, and returns its index.
func (w *writer) mark() (index uint64, err error) {
	s := &submission{done: make(chan error, 1)}
	select {
	case w.queue <- s:
	case <-w.end:
		return 0, ErrClosed
	}
	if err := <-s.done; err != nil {
		return 0, err
	}
	return w.log.last.Load(), nil
}
