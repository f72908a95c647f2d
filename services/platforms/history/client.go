package history

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/services/dispatch/outbound"
)

const (
	// maxPage bounds the read part of an answer: a hundred orders with the notes of many plug-ins.
	maxPage = 64 << 20
	// callTimeout bounds a call: a small shop takes long for a page.
	callTimeout = 2 * time.Minute
	// maxBackoff bounds the wait of our own after a failure, and patience the time without a success.
	maxBackoff = time.Minute
	patience   = 15 * time.Minute

	userAgent = "Rodopath/1 (read)"
)

// ErrMissing means that the interface has no such path.
var ErrMissing = errors.New("the interface has no such path")

// StatusError is an answer without success.
type StatusError struct{ Status int }

// Error describes the answer without its text, which may hold a name.
func (e *StatusError) Error() string { return fmt.Sprintf("the answer was %d", e.Status) }

// errLarge means that a page is longer than maxPage.
var errLarge = errors.New("the answer is longer than 64 MiB")

// Client reads the interface of a platform under a rate limit, and attempts a call again after a passing failure.
type Client struct {
	// Name is the platform's, for errors.
	Name string
	// Base is the address of the interface, without a slash at the end.
	Base string
	// Authorize shows the key.
	Authorize func(http.Header)
	// KeyHelp is the remedy for a refused key.
	KeyHelp string

	opts  Options
	http  *http.Client
	limit *rate.Limiter
	// ahead is how far the clock of the platform is ahead of ours, by its last answer.
	ahead atomic.Int64
}

// Now is the time by the clock of the platform, as far as the platform has answered.
func (c *Client) Now() time.Time { return c.opts.Now().Add(time.Duration(c.ahead.Load())) }

// NewClient makes a client; perSecond is the rate limit of the platform, in calls per second.
func NewClient(o Options, perSecond float64) *Client {
	o.Backoff = cmp.Or(o.Backoff, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Waiting == nil {
		o.Waiting = func(time.Duration, error) {}
	}
	return &Client{
		opts: o, http: outbound.Client(outbound.Options{AllowPrivate: o.AllowPrivate, Timeout: callTimeout}),
		limit: rate.NewLimiter(rate.Limit(cmp.Or(o.PerSecond, perSecond)), 1),
	}
}

// Get reads a path into a value. A failed call, a refusal for a time and an answer that is cut short are attempted
// again for a quarter of an hour. heavy bounds the failures that may come of the size of a page; 0 means no bound.
func (c *Client) Get(ctx context.Context, act, path string, q url.Values, heavy int, into any) (http.Header, error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = c.opts.Backoff, max(c.opts.Backoff, maxBackoff)
	failures := 0
	header, err := backoff.Retry(ctx, func() (http.Header, error) {
		header, err := c.get(ctx, path, q, into)
		if IsHeavy(err) {
			if failures++; failures == heavy {
				err = backoff.Permanent(err)
			}
		}
		return header, err
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(patience),
		backoff.WithNotify(func(err error, wait time.Duration) { c.opts.Waiting(wait, err) }))
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Name, act, err)
	}
	return header, nil
}

// IsHeavy reports whether an error may come of the size of a page.
func IsHeavy(err error) bool {
	status, answered := errors.AsType[*StatusError](err)
	return errors.Is(err, errLarge) || errors.Is(err, errCut) ||
		answered && status.Status >= http.StatusInternalServerError
}

// errCut means that an answer is not whole.
var errCut = errors.New("the answer is cut short, or is not the documented JSON; check the url, and proxies in between")

// Send changes something at the platform, once: a call that failed may have had its effect.
func (c *Client) Send(ctx context.Context, act, method, path, contentType string, body []byte, into any) error {
	_, err := c.call(ctx, method, path, contentType, body, into)
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = permanent.Err
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", c.Name, act, err)
	}
	return nil
}

// Count writes a number of a query.
func Count(n int) string { return strconv.Itoa(n) }

func (c *Client) get(ctx context.Context, path string, q url.Values, into any) (http.Header, error) {
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return c.call(ctx, http.MethodGet, path, "", nil, into)
}

func (c *Client) call(
	ctx context.Context, method, path, contentType string, content []byte, into any,
) (http.Header, error) {
	if err := c.limit.Wait(ctx); err != nil {
		return nil, backoff.Permanent(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(content))
	if err != nil {
		return nil, backoff.Permanent(errors.New("invalid address"))
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	c.Authorize(req.Header)
	res, err := c.http.Do(req)
	switch {
	case errors.Is(err, outbound.ErrInside):
		return nil, backoff.Permanent(outbound.ErrInside)
	case err != nil:
		return nil, outbound.Failure(err)
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		c.ahead.Store(int64(at.Sub(c.opts.Now())))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	switch {
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated:
		return nil, c.judge(res, body)
	case err != nil:
		return nil, errCut
	case len(body) > maxPage:
		return nil, backoff.Permanent(errLarge)
	}
	body = bytes.TrimPrefix(body, []byte("\uFEFF")) // of a careless plug-in
	if json.Unmarshal(body, into) != nil {          // the error may quote the answer
		return nil, errCut
	}
	return res.Header, nil
}

// judge returns the error of an answer without success: final, or passing with the wait that the platform asks for.
func (c *Client) judge(res *http.Response, body []byte) error {
	fault := &StatusError{res.StatusCode}
	switch status := res.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return backoff.Permanent(fmt.Errorf("%w: the key was refused; %s", fault, c.KeyHelp))
	case status == http.StatusNotFound:
		return backoff.Permanent(fmt.Errorf("%w: %w%s", fault, ErrMissing, noInterface(body)))
	case status >= 300 && status < 400:
		return backoff.Permanent(fmt.Errorf("%w: redirects are not followed; configure the target address", fault))
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		if after, ok := outbound.RetryAfter(res.Header, c.opts.Now()); ok {
			return fmt.Errorf("%w: %w", fault, &backoff.RetryAfterError{Duration: after})
		}
		return fault
	}
	return backoff.Permanent(fault)
}

// noInterface is the advice for a 404 of no JSON.
func noInterface(body []byte) string {
	if json.Valid(body) {
		return ""
	}
	return "; check the url: the answer is of no such interface"
}
