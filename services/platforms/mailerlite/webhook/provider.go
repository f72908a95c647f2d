// Package webhook reads the webhooks of MailerLite and of MailerLite Classic.
package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// Provider reads the webhooks of one MailerLite account.
type Provider struct {
	source    ingest.Source
	signature *mailerlite.Verifier
}

var _ ingest.Provider = (*Provider)(nil)

// New returns a provider for a source, or an error without a usable secret.
func New(source ingest.Source) (*Provider, error) {
	s, err := mailerlite.NewVerifier(source.Secrets)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", source.ID, err)
	}
	if source.Zone == nil {
		source.Zone = time.UTC
	}
	return &Provider{source, s}, nil
}

// Verify checks the header Signature, or X-MailerLite-Signature of Classic.
func (p *Provider) Verify(header http.Header, body []byte, _ time.Time) error {
	sent := header.Get("Signature")
	if sent == "" {
		sent = header.Get("X-Mailerlite-Signature")
	}
	if err := p.signature.Verify(sent, body); err != nil {
		return fmt.Errorf("%w: %w", ingest.ErrSignature, err)
	}
	return nil
}

// Read reads the facts of one webhook with one event or a batch, as far as the body can be read.
// Webhooks have no id, so the content provides the id.
func (p *Provider) Read(_ http.Header, body []byte, _ time.Time) (ingest.Reading, error) {
	r := reader{Source: &p.source, out: ingest.Reading{ID: p.source.ContentID(body)}}
	var d document
	if readable := payload.Decode(body, &d) == nil; !readable {
		r.out.Unread = ingest.UnreadNotJSON
		return r.out, nil
	}
	r.out.Topic = payload.Name(strings.ReplaceAll(d.name(), ".", "_"))
	if len(d.Events) == 0 {
		r.read(&d.event)
	}
	for i := range d.Events {
		if d.Events[i].unreadable {
			r.out.Unread = ingest.UnreadEvent
			continue
		}
		r.read(&d.Events[i].event)
	}
	if len(r.out.Facts)+len(r.out.Silent) == 0 && r.out.Unread == "" {
		r.silent(ingest.SilentNothingNew)
	}
	ingest.AssignIDs(p.source.ID, r.out.Facts)
	return r.out, nil
}
