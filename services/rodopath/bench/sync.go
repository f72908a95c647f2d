package bench

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// noteSync measures what it takes to make one small write durable here.
func (b *bench) noteSync() (err error) {
	file, err := os.Create(filepath.Join(b.dir, "sync"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const writes = 200
	block := make([]byte, 400)
	begin := time.Now()
	for range writes {
		if _, err := file.Write(block); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
	}
	b.table.note("to append %d bytes and fsync takes %d µs here", len(block), (time.Since(begin) / writes).Microseconds())
	return nil
}
