// Package webhook reads the webhooks of MailerLite and of MailerLite Classic.
package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
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

// Read reads the facts of one webhook with one event or a batch. Webhooks have no id, so the
// content provides the id.
func (p *Provider) Read(header http.Header, body []byte, _ time.Time) (ingest.Reading, error) {
	if err := payload.CheckType(header); err != nil {
		return ingest.Reading{}, err
	}
	var d document
	if err := payload.Decode(body, &d); err != nil {
		return ingest.Reading{}, err
	}
	sum := sha256.Sum256(body)
	r := reader{Source: &p.source, out: ingest.Reading{ID: hex.EncodeToString(sum[:16])}}
	if d.Events == nil {
		r.read(&d.event)
	}
	for i := range d.Events {
		if d.Events[i].unreadable {
			r.silent(ingest.SilentUnreadable)
			continue
		}
		r.read(&d.Events[i].event)
	}
	if len(r.out.Facts)+len(r.out.Silent) == 0 {
		r.silent(ingest.SilentNothingNew)
	}
	ingest.AssignIDs(p.source.ID, r.out.Facts)
	return r.out, nil
}
