// Package erase erases data at Stripe by its API (https://docs.stripe.com/api).
//
// Limits: no call deletes charges, payments and invoices. Stripe retains them for its own legal
// obligations (https://docs.stripe.com/privacy/deletion-requests: transactions do not support
// deletion). Redaction jobs (https://docs.stripe.com/privacy/redaction) can redact them, 90 days
// after the payment at the earliest; redaction is a public preview, needs a preview version of the
// API, is irreversible, and covers data that the seller's books may still need, so redaction is
// left to the seller.
//
// Before a customer is deleted, or loses the contact fields, the connector looks for running subscriptions, open
// invoices and open disputes: see reality.go.
package erase

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure"
)

// Version is the version of Stripe's API that the connector speaks, whatever the
// account's own is (https://docs.stripe.com/api/versioning).
const Version = "2026-08-26.dahlia"

// Options configure the calls to Stripe.
type Options struct {
	// Key is a secret key (sk_…) or, better, a restricted one (rk_…).
	Key string
	// Base is where the API is; empty means https://api.stripe.com. AllowPrivate permits http://.
	Base         string
	AllowPrivate bool
	// Client makes the calls.
	Client *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const keyHelp = "create a restricted key at Developers, API keys, with Customers: Write and Read for Subscriptions, Invoices, Charges and Disputes, and store the key as the recipient's key"

// The permissions that calls need.
const (
	rightCustomers     = "Customers: Write"
	rightSubscriptions = "Subscriptions: Read"
	rightInvoices      = "Invoices: Read"
	rightCharges       = "Charges and Refunds: Read"
	rightDisputes      = "Disputes: Read"
)

// perSecond is the rate limit of calls. Stripe permits 100 a second, 25 in test mode, for all
// callers of the seller together (https://docs.stripe.com/rate-limits).
const perSecond rate.Limit = 15

// Connector deletes at one account of Stripe.
type Connector struct {
	client    *erasure.Client
	customers *erasure.Directory[erasure.Named]
	now       func() time.Time
}

var _ dispatch.Connector = (*Connector)(nil)

// New makes a connector.
func New(opts Options) (*Connector, error) {
	key := strings.TrimSpace(opts.Key)
	if !strings.HasPrefix(key, "sk_") && !strings.HasPrefix(key, "rk_") || strings.ContainsAny(key, " \t\r\n") {
		return nil, errors.New("key: a key begins with sk_ or rk_; " + keyHelp)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	base, err := erasure.Base(cmp.Or(opts.Base, "https://api.stripe.com"), opts.AllowPrivate)
	if err != nil {
		return nil, err
	}
	c := &Connector{now: opts.Now, client: erasure.New(erasure.Options{
		Name:    "Stripe",
		Base:    base,
		Client:  opts.Client,
		KeyHelp: keyHelp,
		Right:   rightCustomers,
		Limit:   perSecond,
		Burst:   int(perSecond),
		Now:     opts.Now,
		Missing: func(body []byte) bool { return erasure.Code(body) == "resource_missing" },
		Authorize: func(h http.Header) {
			h.Set("Authorization", "Bearer "+key)
			h.Set("Stripe-Version", Version)
		},
	})}
	c.customers = erasure.NewDirectory(
		erasure.DirectoryOptions[erasure.Named]{What: "customers", Page: c.page, Now: opts.Now},
	)
	return c, nil
}

// Deliver carries out a deletion.
func (c *Connector) Deliver(ctx context.Context, e *stream.Event, _ []byte) (dispatch.Answer, error) {
	if answer, ok := erasure.Retraction(e); ok {
		return answer, nil
	}
	t, err := erasure.Read(ctx, e)
	if err != nil {
		return dispatch.Answer{}, err
	}
	w := &work{Connector: c, task: t, report: erasure.NewReport(t, c.now())}
	w.payments()
	if !t.Gone("contact") && !t.Gone("phone") {
		w.keep()
		return w.report.Answer(), nil
	}
	found, err := c.find(ctx, t)
	if err != nil {
		return dispatch.Answer{}, err
	}
	for i := range found {
		if err := w.apply(ctx, &found[i]); err != nil {
			return dispatch.Answer{}, err
		}
	}
	return w.report.Answer(), nil
}
