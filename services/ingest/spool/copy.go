package spool

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Copy writes a snapshot of the spool to a new file and returns its number of deliveries. The spool
// may be used concurrently.
func (s *Spool) Copy(path string) (int, error) {
	waiting := 0
	err := s.db.View(func(tx *bolt.Tx) error {
		waiting = tx.Bucket(bucket()).Stats().KeyN
		return tx.CopyFile(path, fileMode)
	})
	if err != nil {
		return 0, fmt.Errorf("copy spool: %w", err)
	}
	return waiting, nil
}
