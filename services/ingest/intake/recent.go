package intake

import (
	"sync"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// recentBytes bounds the recent records in memory.
const recentBytes = 4 << 20

// recent are the deliveries of the newest records, so that the forwarder need not read the records from the disk,
// decrypt and decode them.
type recent struct {
	mu         sync.Mutex
	deliveries map[uint64]content
	size       int
}

// content is a delivery with the size of its encoding, in bytes.
type content struct {
	delivery *factv1.Delivery
	size     int
}

// add keeps the deliveries of records that are written next, the first under an index, as far as there is room.
func (r *recent) add(first uint64, group []*submission) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deliveries == nil {
		r.deliveries = map[uint64]content{}
	}
	for i, s := range group {
		if s.delivery == nil || r.size+s.size > recentBytes {
			continue
		}
		r.deliveries[first+uint64(i)] = content{s.delivery, s.size}
		r.size += s.size
	}
}

// take returns the content of a record and forgets it; without a delivery for a record that is on the disk alone.
func (r *recent) take(index uint64) content {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.deliveries[index]
	delete(r.deliveries, index)
	r.size -= c.size
	return c
}

// clear forgets everything: after a failed write it is not known which records are on the disk.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.deliveries)
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
