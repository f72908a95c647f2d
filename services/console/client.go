package console

import (
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
	return v.passFrom(path, kind, name, func(to io.Writer, body io.Reader) error {
		_, err := io.Copy(to, body)
		return err
	})
}

// column is a column of a table in CSV: the key of its heading, and what the keys of its codes begin with. Empty codes
// leave the cells as they are.
type column struct{ heading, codes string }

// passTable copies a table in CSV to the browser, with headings and codes in the language of the reader. A code that
// the reader's language does not know stays as it is.
func (v *visit) passTable(path, name string, columns ...column) error {
	return v.passFrom(path, "text/csv; charset=utf-8", name, func(to io.Writer, body io.Reader) error {
		rows, w := csv.NewReader(body), csv.NewWriter(to)
		if _, err := rows.Read(); err != nil { // the headings of the interface
			return err
		}
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = v.say(c.heading)
		}
		for {
			if err := w.Write(cells); err != nil {
				return err
			}
			var err error
			if cells, err = rows.Read(); errors.Is(err, io.EOF) {
				w.Flush()
				return w.Error()
			} else if err != nil {
				return err
			}
			for i := range min(len(cells), len(columns)) {
				if codes := columns[i].codes; codes != "" {
					cells[i] = v.sayOr(codes+cells[i], cells[i])
				}
			}
		}
	})
}

// passFrom writes an answer to the browser by a function.
func (v *visit) passFrom(path, kind, name string, write func(to io.Writer, body io.Reader) error) error {
	res, err := v.api.do(v.r.Context(), v.api.following, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // copied
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	if err := write(v.w, res.Body); err != nil {
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
