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

// maxRetryAfter bounds the wait requested by a recipient.
const maxRetryAfter = 6 * time.Hour

// Answer is the answer of a recipient.
type Answer struct {
	Status int
	Header http.Header
	// Body holds at most MaxBody bytes; Broken reports whether the body broke off.
	Body   []byte
	Broken bool
}

// OK reports whether the status is 2xx.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Do makes a call and reads the answer. The error is a Failure.
func Do(client *http.Client, req *http.Request) (*Answer, error) {
	res, err := client.Do(req) //nolint:gosec // the client is guarded, see Client
	if err != nil {
		return nil, Failure(err)
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	if res.ContentLength == 0 {
		return &Answer{Status: res.StatusCode, Header: res.Header}, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody))
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: body, Broken: err != nil}, nil
}

// Fault returns the error of an answer without success: ErrGone for 410, a *Wait for an answer with
// a time of the next attempt.
func Fault(a *Answer, now time.Time) error {
	switch {
	case a.Status == http.StatusGone:
		return dispatch.ErrGone
	case a.Status >= 300 && a.Status < 400:
		return fmt.Errorf("the answer was %d: redirects are not followed; configure the target address", a.Status)
	}
	err := fmt.Errorf("the answer was %d", a.Status)
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		if after, ok := RetryAfter(a.Header, now); ok {
			return &dispatch.Wait{After: after, Err: err}
		}
	}
	return err
}

// RetryAfter reads the header Retry-After, in seconds or as a date by the clock of the sender
// (Date). The result is at least zero and at most 6 hours.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second, true
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
