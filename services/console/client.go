package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxAnswer bounds an answer of the interface.
const maxAnswer = 64 << 20

// errUnknown means that nobody is known by a name.
var errUnknown = errors.New("nobody is known by this name")

// refusal is a problem that the interface reports (RFC 9457).
type refusal struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Error returns the sentence of the interface.
func (r *refusal) Error() string { return r.Detail }

// api asks the interface /v1 of the installation.
type api struct {
	url, token string
	client     *http.Client
}

func newAPI(url, token string) *api {
	return &api{url: url, token: token, client: &http.Client{Timeout: time.Minute}}
}

// get decodes the answer of a path into a value.
func (a *api) get(ctx context.Context, path string, into any) error {
	return a.call(ctx, http.MethodGet, path, nil, into)
}

// post sends a value and decodes the answer; a nil into drops the answer.
func (a *api) post(ctx context.Context, path string, value, into any) error {
	return a.call(ctx, http.MethodPost, path, value, into)
}

func (a *api) call(ctx context.Context, method, path string, value, into any) error {
	var body io.Reader
	if value != nil {
		data, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("ask the interface: %w", err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, body)
	if err != nil {
		return fmt.Errorf("ask the interface: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the interface: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("ask the interface: %w", err)
	case res.StatusCode == http.StatusNotFound && method == http.MethodPost && value != nil:
		return errUnknown
	case res.StatusCode >= http.StatusBadRequest:
		problem := &refusal{Status: res.StatusCode}
		if json.Unmarshal(data, problem) != nil || problem.Detail == "" {
			problem.Detail = http.StatusText(res.StatusCode)
		}
		return problem
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read the answer of the interface: %w", err)
	}
	return nil
}
