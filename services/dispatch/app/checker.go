package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// scopeDecisions is the scope of lifecycle that permits checks.
const scopeDecisions = "decisions"

// newChecker returns the checker of the configuration: the interface of lifecycle.
func newChecker(c *config.Config, started []string) (dispatch.Checker, error) {
	l := c.Dispatch.Lifecycle
	if l.URL == "" {
		return nil, c.At(errors.New("dispatch.lifecycle.url is missing: the address of lifecycle, such as "+
			"http://lifecycle:8081, which is asked before each delivery whether the decision still holds "+
			"(RODOPATH_DISPATCH_LIFECYCLE_URL)"), "dispatch")
	}
	token, err := checkToken(c, started)
	if err != nil {
		return nil, err
	}
	return &checker{
		url: strings.TrimSuffix(l.URL, "/"), token: token,
		client: &http.Client{
			Timeout:       checkTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// checkToken returns the token of dispatch at lifecycle.
func checkToken(c *config.Config, started []string) (string, error) {
	if ref := c.Dispatch.Lifecycle.Token; ref != "" {
		token, err := c.Secret(ref)
		if err != nil {
			return "", c.At(fmt.Errorf("dispatch.lifecycle.token: %w", err), "dispatch", "lifecycle", "token")
		}
		return token, nil
	}
	tokens, err := access.Configured(c, started)
	if err != nil {
		return "", err
	}
	for i := range tokens {
		if t := &tokens[i]; len(t.Scopes) == 0 || slices.Contains(t.Scopes, scopeDecisions) {
			return tokens[i].Secret, nil
		}
	}
	return "", errors.New("dispatch.lifecycle.token is missing: a token of lifecycle with the scope decisions")
}

// checkTimeout bounds one request.
const checkTimeout = 10 * time.Second

// maxStanding bounds the answer.
const maxStanding = 4 << 20

// checker asks lifecycle over HTTP.
type checker struct {
	url, token string
	client     *http.Client
}

// Check returns what remains of a decision.
func (c *checker) Check(ctx context.Context, e *stream.Event) (*stream.Standing, error) {
	check := stream.Check{Items: []stream.Item{}}
	if e.Data.Delete != nil {
		check.Items = e.Data.Delete.Items
	}
	body, err := json.Marshal(check)
	if err != nil {
		return nil, fmt.Errorf("ask lifecycle: %w", err)
	}
	req, err := http.NewRequestWithContext(
		ctx, http.MethodPost, c.url+"/v1/decisions/"+url.PathEscape(e.ID)+"/check", bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("ask lifecycle: dispatch.lifecycle.url is not an address")
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	if parent := trace.Parent(ctx); parent != "" {
		req.Header.Set(trace.Header, parent)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask lifecycle: %w", outbound.Failure(err))
	}
	defer func() { _ = res.Body.Close() }() // the body is read
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf(
			"ask lifecycle: the answer was %d; check dispatch.lifecycle in the configuration",
			res.StatusCode,
		)
	}
	st := &stream.Standing{}
	if json.NewDecoder(io.LimitReader(res.Body, maxStanding)).Decode(st) != nil || st.State == "" {
		return nil, errors.New("ask lifecycle: the answer is not the documented JSON; check dispatch.lifecycle.url")
	}
	return st, nil
}
