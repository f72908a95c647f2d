// Package webhook reads the webhooks of WooCommerce shops and of the
// extension WooCommerce Subscriptions (REST API v1 to v3).
package webhook

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

const signatureHeader = "X-WC-Webhook-Signature"

// Provider reads the webhooks of one shop.
type Provider struct {
	source    ingest.Source
	signature *woocommerce.Verifier
}

var _ ingest.Provider = (*Provider)(nil)

// New returns a provider for a source, or an error without a usable secret.
func New(source ingest.Source) (*Provider, error) {
	s, err := woocommerce.NewVerifier(source.Secrets)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", source.ID, err)
	}
	return &Provider{source, s}, nil
}

// Verify checks the header X-WC-Webhook-Signature. On saving a webhook the shop sends an unsigned
// form with the webhook's number and requires a 200: ingest.ErrPing.
func (p *Provider) Verify(header http.Header, body []byte, _ time.Time) error {
	sent := header.Get(signatureHeader)
	if sent == "" && ping(body) {
		return ingest.ErrPing
	}
	if err := p.signature.Verify(sent, body); err != nil {
		return fmt.Errorf("%w: %w", ingest.ErrSignature, err)
	}
	return nil
}

func ping(body []byte) bool {
	number, ok := bytes.CutPrefix(body, []byte("webhook_id="))
	return ok && len(number) <= 20 && digits(string(number))
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Read reads the facts of one webhook, as far as the body can be read. A shop sends a webhook once and
// disables a webhook after repeated refusals, so no signed body is refused: a body without facts is
// silent with a reason, and an unreadable body is unread with a reason.
func (p *Provider) Read(header http.Header, body []byte, at time.Time) (ingest.Reading, error) {
	topic := topicOf(header.Get("X-Wc-Webhook-Topic"))
	var rec record
	r := reader{Source: &p.source, record: &rec, at: at}
	r.out.ID = deliveryID(webhookOf(header), topic, p.source.ContentID(body))
	if strings.HasSuffix(topic, ".deleted") || strings.HasSuffix(topic, ".restored") {
		// The same content again is another act: bin, restoration and bin again within a minute.
		r.out.ID += ":" + payload.Name(header.Get("X-Wc-Webhook-Delivery-Id"))
	}
	r.out.Topic, r.out.Webhook = topic, webhookOf(header)
	if readable := payload.Decode(body, &rec) == nil; !readable {
		r.out.Unread = ingest.UnreadNotJSON
		return r.out, nil
	}
	tell, reason := r.route(topic)
	if reason == "" {
		tell()
	} else {
		r.silent(reason)
	}
	ingest.AssignIDs(p.source.ID, r.out.Facts)
	return r.out, nil
}

// deliveryID identifies a delivery by its content: X-WC-Webhook-Delivery-ID is the same for all
// deliveries of one second.
func deliveryID(webhook, topic, content string) string {
	return cmp.Or(webhook, "0") + ":" + topic + ":" + content
}

// webhookOf returns the number of the webhook that was sent; empty for an invalid one.
func webhookOf(header http.Header) string {
	if n := header.Get("X-Wc-Webhook-Id"); len(n) <= 20 && digits(n) {
		return n
	}
	return ""
}

// topicOf returns a topic such as "order.updated", and "" for an invalid one.
func topicOf(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" {
		return ""
	}
	return s
}
