package ingest

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"sync"
)

// The bounds of the bodies in memory.
const (
	defaultMaxBytes    = 64 << 20
	defaultMaxRequests = 1024
)

// underway are the bodies in memory. Beyond a bound the oldest unfinished body is cut off: a platform sends its body
// within moments, and only a body that somebody leaves unfinished grows old. So nobody without a secret can keep
// webhooks out, or exhaust the memory.
type underway struct {
	maxBytes    int64
	maxRequests int

	mu         sync.Mutex
	bytes      int64
	requests   int
	unfinished list.List // of *receiving, the oldest first
}

// receiving is a body that is received, and afterwards processed.
type receiving struct {
	of     *underway
	bytes  int64
	place  *list.Element // nil once the body is finished or cut off
	wasCut bool
	cut    func()
}

// Errors of a body.
var (
	errSlow = errors.New("the body was not sent in time, and others waited")
	errBusy = fmt.Errorf("%w: too many webhooks are being processed", ErrUnavailable)
)

// begin begins to receive a body; cut ends its reading from another goroutine.
func (u *underway) begin(cut func()) (*receiving, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := &receiving{of: u, cut: cut}
	u.requests++
	r.place = u.unfinished.PushBack(r)
	if u.requests > u.maxRequests && !u.makeRoom(r) {
		u.requests--
		u.unfinished.Remove(r.place)
		return nil, errBusy
	}
	return r, nil
}

// makeRoom cuts off the oldest unfinished body that is not r; false when there is none.
func (u *underway) makeRoom(r *receiving) bool {
	oldest, ok := u.unfinished.Front().Value.(*receiving)
	if !ok || oldest == r {
		return false
	}
	u.unfinished.Remove(oldest.place)
	u.bytes -= oldest.bytes
	u.requests--
	oldest.bytes, oldest.place, oldest.wasCut = 0, nil, true
	oldest.cut()
	return true
}

// add counts further bytes of the body.
func (r *receiving) add(n int) error {
	u := r.of
	u.mu.Lock()
	defer u.mu.Unlock()
	if r.wasCut {
		return errSlow
	}
	r.bytes += int64(n)
	u.bytes += int64(n)
	for u.bytes > u.maxBytes {
		if !u.makeRoom(r) {
			return errBusy
		}
	}
	return nil
}

// finish notes that the whole body is received. A finished body is not cut off.
func (r *receiving) finish() error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.wasCut {
		return errSlow
	}
	r.of.unfinished.Remove(r.place)
	r.place = nil
	return nil
}

// end notes that the body is processed and no longer in memory.
func (r *receiving) end() {
	u := r.of
	u.mu.Lock()
	defer u.mu.Unlock()
	if r.wasCut {
		return
	}
	if r.place != nil {
		u.unfinished.Remove(r.place)
	}
	u.bytes -= r.bytes
	u.requests--
}

// counted reads a body and counts its bytes.
type counted struct {
	io.Reader
	body *receiving
}

// Read implements io.Reader.
func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n > 0 {
		if err := c.body.add(n); err != nil {
			return 0, err
		}
	}
	return n, err
}
