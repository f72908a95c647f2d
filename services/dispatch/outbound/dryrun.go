package outbound

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/rodopath/rodopath/services/internal/address"
)

// DryRun is a client without effects: reading calls are made, and other calls are recorded and
// answered as successful.
type DryRun struct {
	reads http.RoundTripper

	mu    sync.Mutex
	calls []Call
}

// Call is a call that would have been made.
type Call struct{ Method, URL string }

// Client returns the client of the dry run, which reads with another client.
func (r *DryRun) Client(reads *http.Client) *http.Client {
	r.reads = reads.Transport
	c := *reads
	c.Transport = r
	return &c
}

// Take returns and clears the recorded calls.
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

// shown is the URL of a call without names and secrets.
func shown(req *http.Request) string {
	parts := strings.Split(req.URL.EscapedPath(), "/")
	for i, p := range parts {
		if strings.Contains(address.Unescape(p), "@") {
			parts[i] = "…"
		}
	}
	return req.URL.Scheme + "://" + req.URL.Host + strings.Join(parts, "/")
}
