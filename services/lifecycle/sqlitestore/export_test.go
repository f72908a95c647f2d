package sqlitestore

// SetGather sets the number of recent keys that are sorted in at once.
func (s *Store) SetGather(n int) { s.gather = n }
