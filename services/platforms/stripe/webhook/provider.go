// Package webhook reads the webhooks of Stripe: snapshot events of any API
// version from 2020 to Basil and after.
package webhook

import (
	"errors"
	"fmt"
	"net/http"
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

// Read reads the facts of one event. Two events may describe one object, in any order, so facts
// depend on the object alone; the time of the event is used only for objects without a time.
func (p *Provider) Read(header http.Header, body []byte, _ time.Time) (ingest.Reading, error) {
	if err := payload.CheckType(header); err != nil {
		return ingest.Reading{}, err
	}
	var e event
	err := payload.Decode(body, &e)
	var field *payload.FieldError
	if err != nil && !errors.As(err, &field) {
		return ingest.Reading{}, err
	}
	id := payload.Name(e.ID)
	if id == "" {
		return ingest.Reading{}, fmt.Errorf("%w: id is missing or not an id", ingest.ErrUnreadable)
	}
	r := reader{Source: &p.source, event: &e, out: ingest.Reading{ID: id}}
	tell, reason := r.route()
	switch {
	case reason != "":
		r.silent(reason)
	case err != nil:
		return ingest.Reading{}, err
	default:
		tell()
	}
	ingest.AssignIDs(p.source.ID, r.out.Facts)
	return r.out, nil
}
