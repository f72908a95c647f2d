// Package historytest has stand-ins of the platforms' interfaces, with generated persons and with faults.
package historytest

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// Fault is what goes wrong with one call.
type Fault int

// The faults.
const (
	// None: the call succeeds.
	None Fault = iota
	// TooFast: the answer is 429 with a Retry-After of 0 seconds.
	TooFast
	// Broken: the answer is 500.
	Broken
	// Cut: the answer breaks off in the middle.
	Cut
	// Unauthorized: the answer is 401.
	Unauthorized
)

// faults decide what goes wrong.
type faults struct {
	mu    sync.Mutex
	calls int
	plan  func(call int) Fault
	now   func() time.Time
	// Hooks are the webhooks of the stand-in.
	Hooks Hooks
}

// Clock sets the clock of the stand-in, which its answers show; without one it is that of the machine.
func (f *faults) Clock(now func() time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
}

// time is the time of the stand-in.
func (f *faults) time() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		return time.Now()
	}
	return f.now()
}

// Plan sets what goes wrong with each call, by its number from 1 on.
func (f *faults) Plan(plan func(call int) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Calls is the number of calls so far.
func (f *faults) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// wrap puts the faults before a handler.
func (f *faults) wrap(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.calls++
		fault := None
		if f.plan != nil {
			fault = f.plan(f.calls)
		}
		f.mu.Unlock()
		w.Header().Set("Date", f.time().UTC().Format(http.TimeFormat))
		switch fault {
		case None:
			next(w, r)
		case TooFast:
			w.Header().Set("Retry-After", "0")
			http.Error(w, `{"code":"too_fast"}`, http.StatusTooManyRequests)
		case Unauthorized:
			http.Error(w, `{"code":"woocommerce_rest_cannot_view"}`, http.StatusUnauthorized)
		case Broken:
			http.Error(w, "a page of the web server", http.StatusInternalServerError)
		case Cut:
			whole := httptest.NewRecorder()
			next(whole, r)
			w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
			_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2]) // the rest never comes
		}
	}
}
