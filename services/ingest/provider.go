// Package ingest receives the webhooks of the sales platforms, checks that they
// are genuine, and makes facts of them.
package ingest

import (
	"errors"
	"net/http"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Provider reads the webhooks of one platform. It knows the platform's
// signatures and shapes; it knows nothing of streams and answers.
type Provider interface {
	// Verify tells whether body, exactly as received, was signed by the platform.
	// It returns ErrSignature when it was not, ErrPing for an unsigned test
	// message that the platform expects to see welcomed, and nil otherwise.
	Verify(header http.Header, body []byte, at time.Time) error
	// Read makes facts of a verified body. It returns ErrUnreadable when the body
	// is not what the platform sends, and ErrImpossible when it can be read but
	// cannot be true.
	Read(header http.Header, body []byte, at time.Time) (Reading, error)
}

// Reading is what one webhook said.
type Reading struct {
	// ID names the delivery among those of its source, so that the same delivery
	// sent twice is known again. It holds nothing personal.
	ID string
	// Facts are what happened, oldest first as the platform told it.
	Facts []*factv1.Fact
	// Silent holds, for every part of the webhook that gave no fact, why:
	// a short constant such as "draft" or "unpaid", fit for a metric label.
	Silent []string
}

// Errors that a Provider wraps. The handler turns them into answers.
var (
	// ErrSignature means that the signature is missing, malformed, too old, too
	// new, or made with another secret.
	ErrSignature = errors.New("signature not accepted")
	// ErrPing means that the platform only tries the address and wants a 200.
	ErrPing = errors.New("ping")
	// ErrMediaType means that the Content-Type is not the platform's.
	ErrMediaType = errors.New("unsupported content type")
	// ErrUnreadable means that the body is not what the platform sends.
	ErrUnreadable = errors.New("unreadable body")
	// ErrImpossible means that the body reads well and cannot be true.
	ErrImpossible = errors.New("impossible content")
)

// Source is one configured sender of webhooks.
type Source struct {
	// ID is the source's name in the configuration and in its webhook address.
	ID string
	// Secrets sign the source's webhooks; any of them may. At least one, none empty.
	Secrets []string
	// AcceptTest makes facts of the platform's test events too.
	AcceptTest bool
	// Zone reads the platform's times that carry no zone; nil means UTC.
	Zone *time.Location
	// Wording is the id of the consent text behind the source's sign-ups.
	Wording string
	// Groups says what joining a group of the newsletter platform means:
	// group id to "webinar", "newsletter" or "ignore".
	Groups map[string]string
	// Products says what is sold: product id, price id, SKU or category to Product.
	// What is not listed is delivered once (ACCESS_ONE_OFF).
	Products map[string]Product
}

// Product is what a sale of it gives the buyer.
type Product struct {
	Access factv1.Access
	// Days is how long a course stays open; 0 means without an end.
	Days int32
}
