// Package webhook reads facts in the format of Rodopath: JSON signed by Standard Webhooks. The
// format serves every system without an adapter: forms, calendars, course platforms, scripts.
package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// Headers of Standard Webhooks.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// Provider reads the webhooks of one sender. Unlike a platform, the sender can correct mistakes, so
// mistakes are refused with their names.
type Provider struct {
	source    ingest.Source
	signature *signature.Standard
	validate  *validator.Validate
}

var _ ingest.Provider = (*Provider)(nil)

// New returns a provider for a source, or an error when a secret is not "whsec_" and the base64 of
// at least 16 bytes.
func New(source ingest.Source) (*Provider, error) {
	s, err := signature.NewStandard(source.Secrets)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", source.ID, err)
	}
	v, err := newValidate()
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", source.ID, err)
	}
	return &Provider{source, s, v}, nil
}

// Verify checks the headers webhook-id, webhook-timestamp and webhook-signature.
func (p *Provider) Verify(header http.Header, body []byte, at time.Time) error {
	id := header.Get(headerID)
	if deliveryID(id) == "" {
		return fmt.Errorf("%w: %s is missing or not an id", ingest.ErrSignature, headerID)
	}
	err := p.signature.Verify(id, header.Get(headerTimestamp), header.Get(headerSignature), body, at)
	if err != nil {
		return fmt.Errorf("%w: %w", ingest.ErrSignature, err)
	}
	return nil
}

// deliveryID returns s when s is short and holds no address.
func deliveryID(s string) string {
	return payload.Name(strings.NewReplacer(".", "-", ":", "-").Replace(s))
}

// Read reads the facts of one message, all or none; test facts are omitted.
func (p *Provider) Read(header http.Header, body []byte, at time.Time) (ingest.Reading, error) {
	id := header.Get(headerID)
	if deliveryID(id) == "" {
		return ingest.Reading{}, fmt.Errorf("%w: %s is missing or not an id", ingest.ErrUnreadable, headerID)
	}
	facts, unknown, err := decode(body)
	if err != nil {
		return ingest.Reading{}, err
	}
	if err := p.check(facts, unknown, at); err != nil {
		return ingest.Reading{}, err
	}
	// Some senders use one id for several messages: the second message is no redelivery of the first.
	out := ingest.Reading{ID: id + ":" + p.source.ContentID(body)}
	for i := range facts {
		if facts[i].isTest() && !p.source.AcceptTest {
			out.Silent = append(out.Silent, ingest.SilentTest)
			continue
		}
		out.Facts = append(out.Facts, facts[i].toFact(&p.source))
	}
	return out, nil
}
