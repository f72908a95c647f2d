package outbound

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/rodopath/rodopath/api/address"
)

// DryRun is a client that changes nothing: what reads goes through, and everything
// else is noted and answered as if it had succeeded.
type DryRun struct {
	reads http.RoundTripper

	mu    sync.Mutex
	calls []Call
}

// Call is a call that would have been made.
type Call struct{ Method, URL string }

// Client returns the client of the rehearsal, which reads with another.
func (r *DryRun) Client(reads *http.Client) *http.Client {
	r.reads = reads.Transport
	c := *reads
	c.Transport = r
	return &c
}

// Take returns the calls that were noted since it was last asked.
func (r *DryRun) Take() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// RoundTrip notes a call.
func (r *DryRun) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return r.reads.RoundTrip(req)
	}
	if req.Body != nil {
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, Call{req.Method, shown(req)})
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req,
	}, nil
}

// shown is the address of a call without what may name somebody or open something.
func shown(req *http.Request) string {
	parts := strings.Split(req.URL.EscapedPath(), "/")
	for i, p := range parts {
		if strings.Contains(address.Unescape(p), "@") {
			parts[i] = "…"
		}
	}
	return req.URL.Scheme + "://" + req.URL.Host + strings.Join(parts, "/")
}
