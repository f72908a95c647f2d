package spool

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Copy writes the spool as it is now to a new file, and says how many deliveries wait in
// it. Deliveries may come and go meanwhile.
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
