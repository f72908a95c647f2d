package intake

import "sync"

// recentBytes bounds the recent records in memory.
const recentBytes = 4 << 20

// recent are the contents of the newest records, so that the forwarder need not read the records from the disk and
// decrypt them.
type recent struct {
	mu   sync.Mutex
	data map[uint64][]byte
	size int
}

// add keeps the contents of records that are written next, the first under an index, as far as there is room.
func (r *recent) add(first uint64, group []*submission) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.data == nil {
		r.data = map[uint64][]byte{}
	}
	for i, s := range group {
		if len(s.data) == 0 || r.size+len(s.data) > recentBytes {
			continue
		}
		r.data[first+uint64(i)] = s.data
		r.size += len(s.data)
	}
}

// take returns the content of a record and forgets it; nil for a record that is on the disk alone.
func (r *recent) take(index uint64) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	data := r.data[index]
	delete(r.data, index)
	r.size -= len(data)
	return data
}

// clear forgets everything: after a failed write it is not known which records are on the disk.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.data)
	r.size = 0
}

// sizes are the sizes of the forwarded records that are not removed yet, in bytes.
type sizes struct {
	mu    sync.Mutex
	first uint64 // the index of the first size
	list  []uint32
}

// add notes the size of a record. The sizes of forwarded records are noted in order; a record that is forwarded again
// is known.
func (s *sizes) add(index uint64, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		s.first = index
	}
	if index == s.first+uint64(len(s.list)) {
		s.list = append(s.list, uint32(size)) //nolint:gosec // a record is smaller than a page of the forwarder
	}
}

// remove returns the size of the records up to an index and forgets them.
func (s *sizes) remove(upTo uint64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var size int64
	for len(s.list) > 0 && s.first <= upTo {
		size += int64(s.list[0])
		s.list, s.first = s.list[1:], s.first+1
	}
	return size
}
