package natsserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Sync makes the acknowledged messages of a stream durable, and returns once they are. A server with
// Options.SyncInterval writes a message to its file before the acknowledgement, and Sync flushes the
// files that changed since the former Sync to the disk. Concurrent calls share a flush. With
// SyncInterval 0 every acknowledged message is durable, and Sync does nothing.
func (s *Server) Sync(ctx context.Context, stream string) error {
	if s.opts.SyncInterval == 0 {
		return nil
	}
	return s.syncers.of(s, stream).sync(ctx)
}

// streamDir is the directory of the messages of a stream.
func (s *Server) streamDir(stream string) string {
	return filepath.Join(s.opts.Dir, "jetstream", "$G", "streams", stream, "msgs")
}

// syncers are the syncers of the streams.
type syncers struct {
	mu   sync.Mutex
	all  map[string]*syncer
	runs sync.WaitGroup
}

func (a *syncers) of(s *Server, stream string) *syncer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[string]*syncer{}
	}
	one, ok := a.all[stream]
	if !ok {
		one = &syncer{dir: s.streamDir(stream), stamps: map[string]stamp{}, runs: &a.runs}
		if s.opts.Synced != nil {
			one.synced = func() { s.opts.Synced(stream) }
		}
		a.all[stream] = one
	}
	return one
}

// stamp is the state of a file by which a change shows.
type stamp struct {
	changed time.Time
	size    int64
}

// syncer flushes the files of one directory.
type syncer struct {
	dir    string
	synced func()
	runs   *sync.WaitGroup
	// stamps are the files as of the last flush, used by one flush at a time.
	stamps map[string]stamp

	mu      sync.Mutex
	next    *flush // waits for the end of the present flush; nil when nobody does
	running bool
}

// flush is one flush, shared by all callers that came before its beginning.
type flush struct {
	done chan struct{}
	err  error // once done is closed
}

func (s *syncer) sync(ctx context.Context) error {
	f := s.join()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the next flush, and starts the flushes unless they run.
func (s *syncer) join() *flush {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &flush{done: make(chan struct{})}
	}
	if !s.running {
		s.running = true
		s.runs.Go(s.run)
	}
	return s.next
}

// take returns the flush that is waited for; nil ends the run.
func (s *syncer) take() *flush {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.next
	s.next, s.running = nil, f != nil
	return f
}

func (s *syncer) run() {
	for f := s.take(); f != nil; f = s.take() {
		f.err = s.flush()
		if f.err == nil && s.synced != nil {
			s.synced()
		}
		close(f.done)
	}
}

// flush flushes the files that changed, and the directory if it has new files.
func (s *syncer) flush() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("sync stream: %w", err)
	}
	seen := make(map[string]stamp, len(entries))
	grown := false
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return fmt.Errorf("sync stream: %w", err)
		}
		now := stamp{info.ModTime(), info.Size()}
		before, known := s.stamps[e.Name()]
		if grown = grown || !known; before != now {
			if err := fsync(filepath.Join(s.dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("sync stream: %w", err)
			}
		}
		seen[e.Name()] = now
	}
	if grown {
		if err := fsync(s.dir); err != nil {
			return fmt.Errorf("sync stream: %w", err)
		}
	}
	s.stamps = seen
	return nil
}

// fsync flushes a file or a directory; the data that others wrote are flushed as well.
func fsync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
