package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/internal/access"
)

// maxAnswer bounds an answer of the interface.
const maxAnswer = 64 << 20

// errUnknown means that nobody is known by a name.
var errUnknown = errors.New("nobody is known by this name")

// refusal is a problem that the interface reports (RFC 9457).
type refusal struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Type identifies the kind of problem.
	Type string `json:"type"`
}

// Error returns the sentence of the interface.
func (r *refusal) Error() string { return r.Detail }

// api asks the interface /v1 of the installation.
type api struct {
	url, token string
	client     *http.Client
	// following is a client without a time limit, for answers that go on.
	following *http.Client
}

// actorKey is the key of the person who acts in a context.
type actorKey struct{}

func newAPI(url, token string) *api {
	transport := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
	return &api{
		url: url, token: token, client: &http.Client{Timeout: time.Minute, Transport: transport},
		following: &http.Client{Transport: transport},
	}
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
	data, err := a.text(ctx, method, path, value)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read the answer of the interface: %w", err)
	}
	return nil
}

// text returns an answer as it is.
func (a *api) text(ctx context.Context, method, path string, value any) ([]byte, error) {
	res, err := a.do(ctx, a.client, method, path, value)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask the interface: %w", err)
	}
	return data, nil
}

// do sends a request. An answer that is no success is an error; the caller closes the body of a success.
func (a *api) do(ctx context.Context, client *http.Client, method, path string, value any) (*http.Response, error) {
	var body io.Reader
	if value != nil {
		data, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("ask the interface: %w", err)
		}
		body = bytes.NewReader(data)
	}
	//nolint:gosec // the host is that of the configuration, and the parts of a path are escaped
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the interface: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := a.send(client, req)
	if r, ok := errors.AsType[*refusal](err); ok && r.Status == http.StatusNotFound && method == http.MethodPost &&
		value != nil {
		return nil, errUnknown
	}
	return res, err
}

// send sends a request. An answer that is no success is an error.
func (a *api) send(client *http.Client, req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+a.token)
	if name, ok := req.Context().Value(actorKey{}).(string); ok {
		req.Header.Set(access.HeaderActor, name)
	}
	res, err := client.Do(req) //nolint:gosec // as in do
	if err != nil {
		return nil, fmt.Errorf("ask the interface: %w", err)
	}
	if res.StatusCode < http.StatusBadRequest {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask the interface: %w", err)
	}
	problem := &refusal{Status: res.StatusCode}
	if json.Unmarshal(data, problem) != nil || problem.Detail == "" {
		problem.Detail = http.StatusText(res.StatusCode)
	}
	return nil, problem
}

// pass copies an answer to the browser as it comes.
func (v *visit) pass(path, kind, name string) error {
	return v.passFrom(path, kind, name, func(body io.Reader) io.Reader { return body })
}

// passTable copies a table in CSV to the browser, with the headings of its columns in the language of the reader: head
// lists their keys among the words.
func (v *visit) passTable(path, name string, head ...string) error {
	for i, key := range head {
		head[i] = v.say(key)
	}
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	if err := errors.Join(w.Write(head), w.Error()); err != nil {
		return fmt.Errorf("write the headings of a table: %w", err)
	}
	w.Flush()
	return v.passFrom(path, "text/csv; charset=utf-8", name, func(body io.Reader) io.Reader {
		rows := bufio.NewReader(body)
		if _, err := rows.ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			panic(http.ErrAbortHandler)
		}
		return io.MultiReader(&line, rows)
	})
}

// passFrom copies what is made of an answer to the browser.
func (v *visit) passFrom(path, kind, name string, made func(io.Reader) io.Reader) error {
	res, err := v.api.do(v.r.Context(), v.api.following, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // copied
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	if _, err := io.Copy(v.w, made(res.Body)); err != nil {
		panic(http.ErrAbortHandler) // the browser must not take a part for the whole
	}
	return nil
}

// together runs questions at once and returns the first error in their order.
func together(questions ...func() error) error {
	errs := make([]error, len(questions))
	var wg sync.WaitGroup
	for i, ask := range questions {
		wg.Go(func() { errs[i] = ask() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
