package outbound

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
)

// MaxBody is how much of an answer is read, in bytes.
const MaxBody = 64 << 10

// maxRetryAfter bounds what a recipient may ask, so that it cannot be put off for good.
const maxRetryAfter = 6 * time.Hour

// Answer is what a recipient answered.
type Answer struct {
	Status int
	Header http.Header
	// Body is at most the first MaxBody bytes; Broken tells that it broke off.
	Body   []byte
	Broken bool
}

// OK tells of a success, 2xx.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Do makes a call and reads the answer. Its error is a Failure.
func Do(client *http.Client, req *http.Request) (*Answer, error) {
	res, err := client.Do(req) //nolint:gosec // the client is guarded, see Client
	if err != nil {
		return nil, Failure(err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is lost with it
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody))
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: body, Broken: err != nil}, nil
}

// Fault makes the error of an answer that is not a success: ErrGone of 410, a *Wait of
// one that says when to come again.
func Fault(a *Answer, now time.Time) error {
	switch {
	case a.Status == http.StatusGone:
		return dispatch.ErrGone
	case a.Status >= 300 && a.Status < 400:
		return fmt.Errorf("it answered %d: redirects are not followed; configure the address where it ends", a.Status)
	}
	err := fmt.Errorf("it answered %d", a.Status)
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		if after, ok := RetryAfter(a.Header, now); ok {
			return &dispatch.Wait{After: after, Err: err}
		}
	}
	return err
}

// RetryAfter reads the header Retry-After, in seconds or as a date, which is taken by the
// clock of the sender where it tells its time (Date). It is never negative, and at most 6
// hours.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second, true //nolint:gosec // bounded
	} else if errors.Is(err, strconv.ErrRange) && strings.Trim(text, "0123456789") == "" {
		return maxRetryAfter, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}
