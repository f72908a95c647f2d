// Package erasure holds the common parts of platform connectors: calls under rate limits, the
// reading of a decision, and the composition of an answer.
package erasure

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
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
)

// maxBody bounds the read part of an answer: a page of a hundred customers exceeds the limit of
// webhook answers.
const maxBody = 8 << 20

// userAgent names the caller.
const userAgent = "Rodopath/1 (connector)"

// Options configure a Client.
type Options struct {
	// Name is the platform's, for errors.
	Name string
	// Base is the address of the interface, without a trailing slash.
	Base string
	// Client makes the calls.
	Client *http.Client
	// Authorize shows the key.
	Authorize func(http.Header)
	// KeyHelp is the remedy for a refused key. Right is the permission of calls without a right of their own;
	// empty means that the platform has none to name.
	KeyHelp, Right string
	// Limit is the rate limit in calls per second, Burst the burst; 0 means 5 and 5.
	Limit rate.Limit
	Burst int
	// Missing reports whether the body of a 404, 410 or 400 means a missing object, and not a missing
	// interface or a wrong call; nil means that a 404 always does.
	Missing func(body []byte) bool
	// Now is the clock for Retry-After; nil means time.Now.
	Now func() time.Time
}

// Client calls the interface of a platform under one rate limit for all users of the Client.
type Client struct {
	opts  Options
	limit *rate.Limiter
}

// New makes a client.
func New(opts Options) *Client {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Client{opts, rate.NewLimiter(cmp.Or(opts.Limit, 5), cmp.Or(opts.Burst, 5))}
}

// Request is a call.
type Request struct {
	Method, Path string
	Query        url.Values
	// Body is sent as JSON, Form as a form; at most one is set.
	Body any
	Form url.Values
	// Header holds additional headers.
	Header map[string]string
	// Right is the permission that the call needs; empty means the usual one.
	Right string
	// Optional marks a part of the interface that a platform has only with a plug-in: a missing part holds
	// nothing.
	Optional bool
}

// Result is the result of a successful call.
type Result struct {
	// Found is false when the thing that was asked for does not exist.
	Found bool
	// Read reports whether an answer was read. A dry run has no answer for a change.
	Read   bool
	Header http.Header
}

// StatusError is an answer that is neither a success nor known to mean something.
type StatusError struct {
	Status int
	// Code is the platform's error code, such as "resource_missing".
	Code string
}

// Error describes the answer without its text, which may hold a name.
func (e *StatusError) Error() string {
	if e.Code != "" {
		return fmt.Sprintf("the answer was %d (%s)", e.Status, e.Code)
	}
	return fmt.Sprintf("the answer was %d", e.Status)
}

// Call makes a call and reads the answer into a value, if not nil. act describes the call in
// errors.
func (c *Client) Call(ctx context.Context, act string, r Request, into any) (Result, error) {
	res, err := c.call(ctx, r, into)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %s: %w", c.opts.Name, act, err)
	}
	return res, nil
}

func (c *Client) call(ctx context.Context, r Request, into any) (Result, error) {
	if err := c.wait(ctx); err != nil {
		return Result{}, err
	}
	req, err := c.request(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if r.Method != http.MethodGet { // after every wait, and directly before the change
		if err := dispatch.Recheck(ctx); err != nil {
			return Result{}, err
		}
	}
	res, err := c.opts.Client.Do(req)
	if err != nil {
		return Result{}, outbound.Failure(err)
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("the answer broke off: %w", outbound.Failure(err))
	case len(body) > maxBody:
		return Result{}, errors.New("the answer is longer than 8 MiB")
	}
	out := Result{Found: true, Read: len(bytes.TrimSpace(body)) > 0, Header: res.Header}
	if found, err := c.judge(r, res, body); err != nil || !found {
		return Result{Header: res.Header}, err
	}
	if into == nil || !out.Read {
		return out, nil
	}
	if json.Unmarshal(body, into) != nil { // the error may quote the answer
		return Result{}, errors.New("the answer is not the documented JSON; check the url, and proxies in between")
	}
	return out, nil
}

// wait keeps the rate limit. A wait beyond the deadline of the call is an error for another
// attempt.
func (c *Client) wait(ctx context.Context) error {
	if err := c.limit.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &dispatch.Wait{After: pause, Err: errors.New("the rate limit of the platform is reached")}
	}
	return nil
}

// pause is the wait before the continuation of work that exceeded one call.
const pause = 5 * time.Second

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	var body []byte
	var kind string
	switch {
	case r.Form != nil:
		body, kind = []byte(r.Form.Encode()), "application/x-www-form-urlencoded"
	case r.Body != nil:
		data, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("write the body: %w", err)
		}
		body, kind = data, "application/json"
	}
	address := c.opts.Base + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("invalid address")
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	c.opts.Authorize(req.Header)
	return req, nil
}

// judge reports by the status whether the object exists, or returns the error.
func (c *Client) judge(r Request, res *http.Response, body []byte) (found bool, err error) {
	status := res.StatusCode
	fault := &StatusError{status, Code(body)}
	switch {
	case status >= 200 && status < 300:
		return true, nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return false, fmt.Errorf("%w: the key was refused%s; %s", fault, c.needs(r), c.opts.KeyHelp)
	case c.isGone(status, body):
		return false, nil
	case status == http.StatusNotFound && r.Optional && fault.Code == noRoute:
		return false, nil
	case status == http.StatusNotFound:
		return false, fmt.Errorf("%w: the interface does not exist; check the url", fault)
	case status >= 300 && status < 400:
		return false, fmt.Errorf("%w: redirects are not followed; configure the target address", fault)
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if after, ok := outbound.RetryAfter(res.Header, c.opts.Now()); ok {
			return false, &dispatch.Wait{After: after, Err: fault}
		}
	case status == http.StatusBadRequest || status == http.StatusConflict || status == http.StatusUnprocessableEntity:
		return false, &dispatch.RefusalError{Err: fault}
	}
	return false, fault
}

// noRoute is the code of WordPress for an interface that does not exist.
const noRoute = "rest_no_route"

// isGone reports whether an answer means that an object does not exist.
func (c *Client) isGone(status int, body []byte) bool {
	if c.opts.Missing == nil {
		return status == http.StatusNotFound
	}
	return (status == http.StatusNotFound || status == http.StatusGone || status == http.StatusBadRequest) &&
		c.opts.Missing(body)
}

// needs names the permission that a refused call needs.
func (c *Client) needs(r Request) string {
	right := cmp.Or(r.Right, c.opts.Right)
	if right == "" {
		return ""
	}
	return " (this call needs " + right + ")"
}

// Code finds the platform's error code in the body of an answer, in the known places, and only a
// well-formed one.
func Code(body []byte) string {
	var doc struct {
		Code  json.RawMessage `json:"code"`
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &doc) != nil {
		return ""
	}
	var inner struct {
		Code string `json:"code"`
		Type string `json:"type"`
	}
	var word string
	if json.Unmarshal(doc.Error, &inner) == nil {
		word = cmp.Or(inner.Code, inner.Type)
	} else if json.Unmarshal(doc.Code, &word) != nil {
		return ""
	}
	if len(word) > 80 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return word
}
