// Package webhook reads the webhooks of Stripe: snapshot events of any API
// version from 2020 to Basil and after.
package webhook

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
	"github.com/rodopath/rodopath/services/platforms/stripe"
)

// Provider reads the events of one endpoint of one Stripe account.
type Provider struct {
	source    ingest.Source
	signature *stripe.Verifier
}

var _ ingest.Provider = (*Provider)(nil)

// New returns a provider for a source, or an error without a usable secret.
func New(source ingest.Source) (*Provider, error) {
	s, err := stripe.NewVerifier(source.Secrets)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", source.ID, err)
	}
	return &Provider{source, s}, nil
}

// Verify checks the header Stripe-Signature.
func (p *Provider) Verify(header http.Header, body []byte, at time.Time) error {
	if err := p.signature.Verify(header.Get("Stripe-Signature"), body, at); err != nil {
		return fmt.Errorf("%w: %w", ingest.ErrSignature, err)
	}
	return nil
}

// Read reads the facts of one event, as far as the body can be read. Two events may describe one
// object, in any order, so facts depend on the object alone; the time of the event is used only for
// objects without a time.
func (p *Provider) Read(_ http.Header, body []byte, _ time.Time) (ingest.Reading, error) {
	var e event
	r := reader{Source: &p.source, event: &e}
	readable := payload.Decode(body, &e) == nil
	r.out.Topic = payload.Name(strings.ReplaceAll(string(e.Type), ".", "_"))
	if r.out.ID = payload.Name(string(e.ID)); r.out.ID == "" {
		r.out.ID = p.source.ContentID(body)
	}
	switch {
	case !readable:
		r.out.Unread = ingest.UnreadNotJSON
		return r.out, nil
	case e.ID == "" && e.Type == "":
		r.out.Unread = ingest.UnreadNoRecord
		return r.out, nil
	}
	switch tell, reason := r.route(); {
	case reason != "":
		r.silent(reason)
	case e.Data.Object.ID == "":
		r.out.Unread = ingest.UnreadNoRecord
		tell()
	default:
		tell()
	}
	ingest.AssignIDs(p.source.ID, r.out.Facts)
	return r.out, nil
}
