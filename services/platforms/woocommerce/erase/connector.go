// Package erase erases data in a WooCommerce shop by its REST API v3
// (https://woocommerce.github.io/woocommerce-rest-api-docs/). An order is treated as by
// WooCommerce's own eraser (includes/class-wc-privacy-erasers.php): names, addresses and traces of
// the person are erased, and amounts, items, taxes, dates and status are retained.
//
// Before an account is deleted the connector looks at the orders and the subscriptions of the person once more: what
// the decision does not know holds the erasure (reality.go).
//
// Limits: permissions to download retained purchases cannot be revoked (the interface only lists
// them), and subscriptions of the extension WooCommerce Subscriptions cannot be cleared. Refund reasons, entries of
// the lines of an order and the users of a coupon can be read and not changed without changing the books; the answer
// names them. The download log, saved payment tokens and sessions are out of reach and not seen. The shop
// reports a change of an order by the webhook order.updated, and refreshes its analytics by the same change; the
// change sends no mail, because WooCommerce mails only on a change of status or a new note.
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

// Options configure the calls to a shop.
type Options struct {
	// URL is where the shop is.
	URL string
	// Key is the consumer key and the consumer secret, with a colon between.
	Key string
	// Source is the source that the shop's ids carry, as in "woocommerce:17@shop".
	Source string
	// PersonalKeys are further keys of entries of an order that concern the buyer: the consent boxes and the tax
	// numbers that the sources read.
	PersonalKeys []string
	// AllowPrivate permits http:// for a shop in a private network.
	AllowPrivate bool
	// Client makes the calls.
	Client *http.Client
	// PerSecond is how many calls a second are made at most; 0 means 4. WooCommerce names
	// no limit, and a shop is often small.
	PerSecond rate.Limit
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const keyHelp = "create a key with Read/Write at WooCommerce, Settings, Advanced, REST API, for an administrator, and store the key as the recipient's key, in the form ck_…:cs_…"

// The rights that calls need.
const (
	rightShop    = "a user who manages the shop"
	rightDelete  = "an administrator, because a manager of the shop cannot delete accounts"
	rightReviews = "a user who moderates comments"
)

// interfacePath is where WordPress has the interface.
const interfacePath = "/wp-json/wc/v3"

// Connector deletes in one shop.
type Connector struct {
	client   *erasure.Client
	source   string
	personal []string
	accounts *erasure.Directory[erasure.Named]
	orders   *erasure.Directory[listed]
	now      func() time.Time
}

var _ dispatch.Connector = (*Connector)(nil)

// New makes a connector.
func New(opts Options) (*Connector, error) {
	base, err := erasure.Base(opts.URL, opts.AllowPrivate)
	if err != nil {
		return nil, err
	}
	key, secret, ok := strings.Cut(strings.TrimSpace(opts.Key), ":")
	if !ok || key == "" || secret == "" || strings.ContainsAny(key+secret, " \t\r\n:") {
		return nil, errors.New("key: the form is consumer key, colon, consumer secret (ck_…:cs_…); " + keyHelp)
	}
	if opts.Source == "" {
		return nil, errors.New("source is missing: set source to the id of the shop's source")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &Connector{source: opts.Source, now: opts.Now, personal: opts.PersonalKeys, client: erasure.New(erasure.Options{
		Name:    "WooCommerce",
		Base:    strings.TrimSuffix(base, interfacePath) + interfacePath,
		Client:  opts.Client,
		KeyHelp: keyHelp,
		Right:   rightShop,
		Limit:   cmp.Or(opts.PerSecond, 4),
		Now:     opts.Now,
		Missing: missing,
		Authorize: func(h http.Header) {
			r := http.Request{Header: h}
			r.SetBasicAuth(key, secret)
		},
	})}
	c.accounts = erasure.NewDirectory(
		erasure.DirectoryOptions[erasure.Named]{What: "accounts", Page: c.accountsPage, Now: opts.Now},
	)
	c.orders = erasure.NewDirectory(erasure.DirectoryOptions[listed]{What: "orders", Page: c.ordersPage, Now: opts.Now})
	return c, nil
}

// missing reports whether a code means a missing order, account or review. A missing interface
// has the code rest_no_route, and a server without WordPress has no code.
func missing(body []byte) bool {
	switch code := erasure.Code(body); code {
	case "wc_user_invalid_id", "rest_user_invalid_id": // the first since WooCommerce 10.0
		return true
	default:
		return strings.HasPrefix(code, "woocommerce_rest_") && strings.HasSuffix(code, "invalid_id")
	}
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
	w := &work{Connector: c, task: t, report: erasure.NewReport(t, c.now()), cleared: map[string]bool{}}
	// Orders first: a deleted account no longer leads to its orders.
	for _, step := range []func(context.Context) error{w.orders, w.access, w.persons} {
		if err := step(ctx); err != nil {
			return dispatch.Answer{}, err
		}
	}
	return w.report.Answer(), nil
}

// work is a decision that is carried out.
type work struct {
	*Connector
	task   *erasure.Task
	report erasure.Report
	// cleared are the orders that were anonymised.
	cleared map[string]bool
}
