package mongostore

// CutShort has every list of two and more elements stored in parts.
func (s *Store) CutShort() { s.lengths = lengths{facts: 1, keys: 1, announced: 1} }
