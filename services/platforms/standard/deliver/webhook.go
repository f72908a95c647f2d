// Package deliver brings decisions to a recipient as signed webhooks
// (standardwebhooks.com).
package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// Options configure a Connector.
type Options struct {
	// Recipient is the id of the recipient.
	Recipient string
	URL       string
	// Secrets sign every webhook, each of them.
	Secrets []string
	// AllowPrivate permits a URL without TLS.
	AllowPrivate bool
	Client       *http.Client
	// Now returns the time; nil means time.Now.
	Now func() time.Time
}

// Connector sends webhooks.
type Connector struct {
	opts Options
	keys *signature.Standard
}

// New makes a connector.
func New(opts Options) (*Connector, error) {
	u, err := url.Parse(opts.URL)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("url is not an address such as https://example.com/path")
	case u.User != nil:
		return nil, errors.New("url holds a name or a password; remove both, because webhooks are signed")
	case u.Scheme != "https" && (u.Scheme != "http" || !opts.AllowPrivate):
		return nil, errors.New(
			"url must begin with https://; http:// requires allow_private, for an address in a private network",
		)
	}
	keys, err := signature.NewStandard(opts.Secrets)
	if err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Connector{opts, keys}, nil
}

// userAgent names the sender.
const userAgent = "Rodopath/1 (webhooks)"

// Deliver sends a decision. A success whose body is a receipt of the decision is an answer.
func (c *Connector) Deliver(ctx context.Context, e *stream.Event, body []byte) (dispatch.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.opts.URL, bytes.NewReader(body))
	if err != nil {
		return dispatch.Answer{}, errors.New("send webhook: invalid address")
	}
	now := c.opts.Now()
	h := req.Header
	h.Set("Content-Type", stream.ContentType)
	h.Set("User-Agent", userAgent)
	h["Webhook-Id"] = []string{e.ID}
	h["Webhook-Timestamp"] = []string{strconv.FormatInt(now.Unix(), 10)}
	h["Webhook-Signature"] = []string{c.keys.Sign(e.ID, now, body)}
	if parent := trace.Parent(ctx); parent != "" {
		h.Set(trace.Header, parent)
	}
	answer, err := outbound.Do(c.opts.Client, req)
	if err != nil {
		return dispatch.Answer{}, fmt.Errorf("send webhook: %w", err)
	}
	if !answer.OK() {
		return dispatch.Answer{}, fmt.Errorf("send webhook: %w", outbound.Fault(answer, now))
	}
	// Where the body of a success broke off, the recipient has the decision all the same.
	if !answer.Broken && isJSON(answer.Header.Get("Content-Type")) {
		return receipt(answer.Body, e, c.opts.Recipient), nil
	}
	return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// receipt reads the receipt in the body of a success. A malformed receipt is reported in the
// remark; other JSON is ignored.
func receipt(body []byte, e *stream.Event, recipient string) dispatch.Answer {
	r, err := stream.DecodeReceipt(body)
	switch {
	case err != nil:
	case r.Decision != e.ID:
		err = errors.New("the receipt names another decision")
	case r.Recipient != "" && r.Recipient != recipient:
		err = errors.New("the receipt names another recipient")
	case !slices.Contains(stream.AnswersTo(e.Data.Kind), r.Outcome):
		err = errors.New("outcome must be one of " + strings.Join(stream.AnswersTo(e.Data.Kind), ", "))
	default:
		return dispatch.Answer{Outcome: r.Outcome, Categories: r.Categories, Reason: r.Reason}
	}
	sent := dispatch.Answer{Outcome: stream.OutcomeSent}
	var meant struct{ Decision, Outcome json.RawMessage }
	if json.Unmarshal(body, &meant) == nil && meant.Decision != nil || meant.Outcome != nil {
		sent.Remark = "the body of the answer is not a receipt: " + err.Error()
	}
	return sent
}
