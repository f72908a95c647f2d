package intake

import (
	"errors"
)

// copyRecords is the number of records that a copy writes at once.
const copyRecords = 512

// Copy writes the records that are not removed yet to a new log in a directory, under a key of its own, and
// returns their number. The log may be used concurrently. The keys of the copy are sealed by the Sealer
// of the log.
func (l *Log) Copy(dir string) (int, error) {
	l.removing.Lock()
	defer l.removing.Unlock()
	to, err := Open(Options{Dir: dir, MaxBytes: l.opts.MaxBytes, Sealer: l.opts.Sealer})
	if err != nil {
		return 0, err
	}
	copied, err := l.copyTo(to)
	return copied, errors.Join(err, to.Close())
}

func (l *Log) copyTo(to *Log) (copied int, err error) {
	e, err := to.epochs.enter()
	if err != nil {
		return 0, err
	}
	var page [][]byte
	flush := func() error {
		err := to.store.append(uint64(copied-len(page))+1, page) //nolint:gosec // the page is a part of the copied
		page = nil
		return err
	}
	for i := l.removed.Load() + 1; i <= l.last.Load(); i++ {
		record, err := l.store.read(i)
		if err != nil {
			return copied, err
		}
		if len(record) == 0 {
			continue
		}
		data, err := l.epochs.open(record)
		if errors.Is(err, errDamaged) {
			continue
		}
		if err == nil {
			record, err = e.seal(data)
		}
		if err != nil {
			return copied, err
		}
		copied++
		if page = append(page, record); len(page) == copyRecords {
			if err := flush(); err != nil {
				return copied, err
			}
		}
	}
	if len(page) > 0 {
		return copied, flush()
	}
	return copied, nil
}
