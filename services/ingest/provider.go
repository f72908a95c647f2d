// Package ingest receives the webhooks of the sales platforms, verifies their signatures, and reads
// their facts.
package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Provider reads the webhooks of one platform: its signatures and shapes. Streams and answers
// belong to the Handler.
type Provider interface {
	// Verify checks the platform's signature of body, exactly as received. The error is
	// ErrSignature for a wrong signature, and ErrPing for an unsigned test message that the
	// platform expects to be accepted.
	Verify(header http.Header, body []byte, at time.Time) error
	// Read reads the facts of a verified body. A platform's body is never refused: an unreadable part
	// is reported in Reading.Unread. The errors are for a sender that can correct mistakes:
	// ErrUnreadable for a body that is no message, and ErrImpossible for a message with impossible
	// content.
	Read(header http.Header, body []byte, at time.Time) (Reading, error)
}

// Reading is the content of one webhook.
type Reading struct {
	// ID identifies the delivery within its source, for deduplication. ID holds nothing personal.
	ID string
	// Facts are the facts, oldest first as reported by the platform.
	Facts []*factv1.Fact
	// Silent holds, for every part of the webhook that gave no fact, why:
	// a short constant such as "draft" or "unpaid", fit for a metric label.
	Silent []string
	// Unread is the reason why a part of the webhook could not be read, one of the Unread constants;
	// empty when the whole webhook was read. The Handler keeps the body of an unread webhook.
	Unread string
	// Topic is the platform's name of the event; empty when unknown. Topic holds nothing personal.
	Topic string
	// Webhook is the platform's number of the webhook that was sent, of which a platform may have several for
	// one source; empty when unknown. Webhook holds nothing personal.
	Webhook string
}

// Errors of a Provider. The handler maps them to answers.
var (
	// ErrSignature means that the signature is missing, malformed, too old, too
	// new, or made with another secret.
	ErrSignature = errors.New("signature not accepted")
	// ErrPing means that the platform only tries the address and wants a 200.
	ErrPing = errors.New("ping")
	// ErrEncoding means that the body is not in the gzip or deflate of its Content-Encoding.
	ErrEncoding = errors.New("unsupported content encoding")
	// ErrUnreadable means that the platform does not send such a body.
	ErrUnreadable = errors.New("unreadable body")
	// ErrImpossible means that the body reads well and cannot be true.
	ErrImpossible = errors.New("impossible content")
)

// Source is one configured sender of webhooks.
type Source struct {
	// ID is the source's name in the configuration and in its webhook address.
	ID string
	// Secrets are the signing secrets of the source; any of the secrets may sign. At least one,
	// none empty.
	Secrets []string
	// AcceptTest makes facts of the platform's test events too.
	AcceptTest bool
	// Zone reads the platform's times that carry no zone; nil means UTC.
	Zone *time.Location
	// Wording is the id of the consent text behind the source's sign-ups.
	Wording string
	// OptIn maps further consent boxes of a shop, by the key of their value in an order, to the ids of
	// their wordings.
	OptIn map[string]string
	// TaxIDKeys are further keys under which a shop keeps the tax number of a buyer.
	TaxIDKeys []string
	// ConsentFrom lists the origins of a sign-up that can be an act of the person, in the terms of the
	// platform: the source of a subscriber, or the origin of an order. Nil means the platform's default.
	ConsentFrom []string
	// SelfAnswering are the recipients with a token of their own, which answer by themselves: a source may not tell
	// their receipts.
	SelfAnswering []string
	// Groups maps group ids of the newsletter platform to "webinar", "newsletter" or "ignore".
	Groups map[string]string
	// Webinars maps group ids of webinars to the dates of their events.
	Webinars map[string]time.Time
	// OSS reports whether the seller uses the one-stop shop for sales to consumers in other member states.
	OSS bool
	// Products maps product id, price id, SKU or category to a Product. An unlisted product counts as delivered once
	// (ACCESS_ONE_OFF), and its sale names the product.
	Products map[string]Product
}

// MayConsent reports whether a sign-up from an origin can be an act of the person. The defaults of the
// platform apply when the source lists no origins.
func (s *Source) MayConsent(origin string, defaults []string) bool {
	if s.ConsentFrom != nil {
		return slices.Contains(s.ConsentFrom, origin)
	}
	return slices.Contains(defaults, origin)
}

// ContentID names a delivery by its content, for a platform whose webhooks have no id of their own. The
// hash is keyed with the first secret of the source, so that the id cannot confirm a guessed body.
func (s *Source) ContentID(body []byte) string {
	m := hmac.New(sha256.New, []byte(s.Secrets[0]))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// Product is the performance of a sale.
type Product struct {
	Access factv1.Access
	// Days is how long a course stays open; 0 means without an end.
	Days int32
}
