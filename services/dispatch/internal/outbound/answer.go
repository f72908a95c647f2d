package outbound

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
)

// MaxBody is how much of an answer is read, in bytes.
const MaxBody = 64 << 10

// maxRetryAfter bounds what a recipient may ask, so that it cannot be put off for good.
const maxRetryAfter = 6 * time.Hour

// Do makes a call and reads the answer, up to MaxBody. Its error says what went wrong
// without the address, which may hold a secret. An answer whose body breaks off has the
// part that came.
func Do(client *http.Client, req *http.Request) (*http.Response, []byte, error) {
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, withoutURL(err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is lost with it
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody))
	return res, body, withoutURL(err)
}

// withoutURL takes the address out of an error of net/http.
func withoutURL(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if u.Timeout() {
		return fmt.Errorf("no answer in time: %w", u.Err)
	}
	return u.Err
}

// Fault makes the error of an answer that is not a success: ErrGone of 410, a *Wait of
// one that says when to come again.
func Fault(res *http.Response, now time.Time) error {
	switch {
	case res.StatusCode == http.StatusGone:
		return dispatch.ErrGone
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fmt.Errorf("it answered %d: redirects are not followed; configure the address where it ends", res.StatusCode)
	}
	err := fmt.Errorf("it answered %d", res.StatusCode)
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		if after, ok := RetryAfter(res.Header, now); ok {
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
