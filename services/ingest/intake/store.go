package intake

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metadb"
)

const (
	segmentsDir = "segments"
	// segmentSize is the size of a file of the log, in bytes.
	segmentSize = 16 << 20
)

// store is the files of the log. A write has one fsync.
type store struct {
	dir string
	mu  sync.RWMutex // held for writing while the files are opened again
	wal *wal.WAL
	// meta lists the files of wal, which leaves meta open when closed.
	meta *metadb.BoltMetaDB
	// broken is set while the files could not be opened again.
	broken bool
}

func openStore(dir string) (*store, error) {
	s := &store{dir: filepath.Join(dir, segmentsDir)}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *store) open() (err error) {
	if err := makeDir(s.dir); err != nil {
		return err
	}
	s.meta = &metadb.BoltMetaDB{}
	s.wal, err = wal.Open(s.dir,
		wal.WithMetaStore(s.meta), wal.WithSegmentSize(segmentSize), wal.WithLogger(hclog.NewNullLogger()))
	if err != nil {
		return errors.Join(err, s.meta.Close())
	}
	return nil
}

// reopen opens the files again: after a failed write their state in memory is unknown.
func (s *store) reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Files that cannot be closed are opened again all the same.
	_, _ = s.wal.Close(), s.meta.Close()
	err := s.open()
	s.broken = err != nil
	return err
}

// errNoRoom means that the disk has no room for another file of the log.
var errNoRoom = errors.New("the disk is full")

// room is what must be free on the disk before a write: the write, and the file after that. So a full disk never stops
// the log from being forwarded, emptied and opened.
const room = segmentSize + groupBytes + 2<<20

// hasRoom returns an error while the disk has no room for a write. The blocks of all files count, not only of records:
// a file of the log takes its size when it begins, and others may fill the disk.
func (s *store) hasRoom() error {
	free, err := freeBytes(s.dir)
	if err == nil && free < room {
		return fmt.Errorf("%w: %d MiB are free, and %d MiB must be", errNoRoom, free>>20, int64(room)>>20)
	}
	return err
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.wal.Close(), s.meta.Close())
}

// bounds returns the first and the last index; zero without records.
func (s *store) bounds() (first, last uint64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if first, err = s.wal.FirstIndex(); err == nil {
		last, err = s.wal.LastIndex()
	}
	return first, last, err
}

// append writes records, the first under an index, with one fsync.
func (s *store) append(first uint64, records [][]byte) error {
	logs := make([]raft.Log, len(records))
	refs := make([]*raft.Log, len(records))
	for i, r := range records {
		logs[i] = raft.Log{Index: first + uint64(i), Data: r}
		refs[i] = &logs[i]
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.wal.StoreLogs(refs)
}

func (s *store) read(index uint64) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var r raft.Log
	if err := s.wal.GetLog(index, &r); err != nil {
		return nil, fmt.Errorf("read record %d: %w", index, err)
	}
	return r.Data, nil
}

// remove removes the records up to an index. The newest record stays, because a log without records
// begins with a new file.
func (s *store) remove(first, last uint64) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.wal.DeleteRange(first, last)
}
