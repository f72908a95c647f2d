package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
)

// formerWait bounds the wait for the lock of the file.
const formerWait = 5 * time.Second

// Adopt appends the deliveries of the spool of an earlier version, its dead letters included, and then
// overwrites and removes the file. The number is zero when there is no such file. An interrupted Adopt is
// repeated: deliveries keep their ids.
func (l *Log) Adopt(ctx context.Context, path string) (int, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	n, err := l.adopt(ctx, path)
	if err == nil {
		err = shred(path)
	}
	if err != nil {
		return n, fmt.Errorf("move the spool %s to the intake log: %w", path, err)
	}
	return n, nil
}

func (l *Log) adopt(ctx context.Context, path string) (n int, err error) {
	db, err := bolt.Open(path, fileMode, &bolt.Options{ReadOnly: true, Timeout: formerWait})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bolt.Tx) error {
		for _, name := range []string{"aside", "deliveries"} {
			b := tx.Bucket([]byte(name))
			if b == nil {
				continue
			}
			err := b.ForEach(func(_, data []byte) error {
				n++
				l.bytes.Add(int64(len(data) + overhead)) // beyond MaxBytes if need be: the webhooks are answered
				return l.write.submit(ctx, nil, data)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
