// Package client calls the installation on this machine: the running server of the data directory,
// or a server started for the time of the call.
package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/sender"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// Client asks one server.
type Client struct {
	control *datadir.Control
	own     *standalone.Server // started by us; nil when a server was running
	ingest  string             // where histories are told in a cluster; empty with one server
}

// ErrQuestion means that the question itself was wrong.
var ErrQuestion = errors.New("cannot be asked like this")

// ErrUnconfirmed means that a deletion is not confirmed by everybody.
var ErrUnconfirmed = errors.New("no certificate")

// ErrUnknownPerson means that nothing is held about a person.
var ErrUnknownPerson = errors.New(
	"no person is known by this name; use an e-mail address, or an id such as stripe:cus_123, woocommerce:17@shop or mailerlite:123",
)

// Open finds the running server of the data directory, or starts a server that ends with Close. A server that was
// killed may have left accepted webhooks behind: they are applied first, so that an answer counts them.
func Open(ctx context.Context, dir, configPath string, log *slog.Logger) (*Client, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the data directory %s does not exist; create it with \"rodopath serve --data %s\"", dir, dir)
	}
	h, err := datadir.Open(dir)
	if err != nil {
		return nil, err
	}
	own, err := standalone.Start(
		ctx,
		standalone.Options{Home: h, ConfigPath: configPath, Listen: "127.0.0.1:0", Still: true, Log: log},
	)
	if err == nil {
		catchUp(ctx, own, log)
		return &Client{control: own.Control, own: own}, nil
	}
	if !errors.Is(err, datadir.ErrInUse) {
		return nil, err
	}
	control, err := running(ctx, h)
	if err != nil {
		return nil, err
	}
	return &Client{control: control}, nil
}

// catchUpWait bounds the wait for webhooks of an earlier server. Close waits longer.
const catchUpWait = 10 * time.Second

func catchUp(ctx context.Context, own *standalone.Server, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, catchUpWait)
	defer cancel()
	if err := own.Settle(ctx); err != nil {
		log.Warn("not everything that was received is applied: the answer may miss the latest", "error", err)
	}
}

// startWait bounds the wait for the address of a starting server.
const startWait = 5 * time.Second

// running reads the address of the running server, which may still be starting.
func running(ctx context.Context, h *datadir.Dir) (*datadir.Control, error) {
	var c *datadir.Control
	err := loop.Retry(ctx, startWait/50, startWait, func(error) bool { return true }, func() (err error) {
		c, err = h.ReadControl()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the server on %s does not publish its address: %w", h.Path(), err)
	}
	return c, nil
}

// Own reports whether Open started the server, for the time of the call.
func (c *Client) Own() bool { return c.own != nil }

// Control is how the server is reached.
func (c *Client) Control() *datadir.Control { return c.control }

// Close ends a server started by Open, once its queues are empty.
func (c *Client) Close(ctx context.Context) error {
	if c.own == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	return errors.Join(c.own.Settle(ctx), c.own.Close())
}

const settleWait = 30 * time.Second

// Tell hands objects of the history of a source to the server.
func (c *Client) Tell(
	ctx context.Context, source string, how backfill.Telling, objects []history.Object,
) (told backfill.Told, err error) {
	body, err := json.Marshal(map[string]any{"dry_run": how.DryRun, "keep": how.Keep, "objects": objects})
	if err != nil {
		return told, err
	}
	res, err := c.do(ctx, http.MethodPost, c.history()+"/v1/history/"+source, body, nil)
	if err != nil {
		return told, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&told); err != nil {
		return told, fmt.Errorf("read the answer: %w", err)
	}
	return told, nil
}

// Explain returns the explanation for a person as JSON. A nil instant means now.
func (c *Client) Explain(ctx context.Context, person string, at *time.Time) ([]byte, error) {
	return c.Ask(ctx, "/v1/explain", map[string]any{"person": person, "at": at}, "")
}

// Ask sends a request with a body to the HTTP interface and returns the answer. accept is the media
// type of the answer; empty means JSON.
func (c *Client) Ask(ctx context.Context, path string, question any, accept string) ([]byte, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	return c.answer(ctx, http.MethodPost, path, body, accept)
}

// Get reads a path of the HTTP interface.
func (c *Client) Get(ctx context.Context, path, accept string) ([]byte, error) {
	return c.answer(ctx, http.MethodGet, path, nil, accept)
}

// Download streams a path of the HTTP interface. The caller closes the stream.
func (c *Client) Download(ctx context.Context, path string) (io.ReadCloser, error) {
	res, err := c.do(ctx, http.MethodGet, c.control.API+path, nil, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Delete deletes a path of the HTTP interface and returns the answer.
func (c *Client) Delete(ctx context.Context, path string) ([]byte, error) {
	return c.answer(ctx, http.MethodDelete, path, nil, "")
}

func (c *Client) answer(ctx context.Context, method, path string, body []byte, accept string) ([]byte, error) {
	header := http.Header{}
	if accept != "" {
		header.Set("Accept", accept)
	}
	res, err := c.do(ctx, method, c.control.API+path, body, header)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// Events visits decisions as CloudEvents in JSON, oldest first.
func (c *Client) Events(ctx context.Context, follow bool, visit func([]byte) error) error {
	path := "/v1/events"
	if follow {
		path += "?follow=1"
	}
	return c.Lines(ctx, path, visit)
}

// Lines visits the lines of an answer as they arrive.
func (c *Client) Lines(ctx context.Context, path string, visit func([]byte) error) error {
	return c.lines(ctx, http.MethodGet, path, nil, visit)
}

// AskLines sends a request with a body and visits the lines of the answer as they arrive.
func (c *Client) AskLines(ctx context.Context, path string, question any, visit func([]byte) error) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	return c.lines(ctx, http.MethodPost, path, body, visit)
}

func (c *Client) lines(ctx context.Context, method, path string, body []byte, visit func([]byte) error) error {
	res, err := c.do(ctx, method, c.control.API+path, body, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 8<<20) // an event may list many items
	for lines.Scan() {
		if err := visit(lines.Bytes()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the answer is incomplete: the log of the server has the cause: %w", err)
	}
	return nil
}

// Post sends a request without a body.
func (c *Client) Post(ctx context.Context, path string) error {
	_, err := c.answer(ctx, http.MethodPost, path, nil, "")
	return err
}

// Send sends facts in the format of the platform "standard" and returns the number of accepted
// facts.
func (c *Client) Send(ctx context.Context, body []byte) (int, error) {
	now := time.Now()
	w := sender.Webhook{Platform: "standard", ID: "hand-" + strconv.FormatInt(now.UnixNano(), 36), At: now, Body: body}
	header := http.Header{}
	if err := w.Sign(header, c.control.HandSecret); err != nil {
		return 0, err
	}
	res, err := c.do(ctx, http.MethodPost, c.control.Webhooks+"/webhooks/"+standalone.HandSource, body, header)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var taken struct {
		Facts int `json:"facts"`
	}
	err = json.NewDecoder(res.Body).Decode(&taken)
	return taken.Facts, err
}

func (c *Client) do(ctx context.Context, method, url string, body []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Authorization", "Bearer "+c.control.Token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(access.HeaderActor, "command")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call the server: %w", err)
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	p := &problem.Problem{}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(p); err != nil {
		return nil, fmt.Errorf("the server answered %s", res.Status)
	}
	switch {
	case strings.HasSuffix(p.Type, "/unknown-person"):
		return nil, ErrUnknownPerson
	case strings.HasSuffix(p.Type, "/unconfirmed"):
		return nil, fmt.Errorf("%w: %s", ErrUnconfirmed, p.Detail)
	case (strings.HasPrefix(url, c.control.API) || strings.HasPrefix(url, c.history())) &&
		(res.StatusCode == http.StatusUnprocessableEntity || res.StatusCode == http.StatusBadRequest):
		return nil, fmt.Errorf("%w: %s", ErrQuestion, p.Detail)
	}
	return nil, p
}
