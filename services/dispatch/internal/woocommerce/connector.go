// Package woocommerce deletes in a WooCommerce shop, by its REST API v3
// (https://woocommerce.github.io/woocommerce-rest-api-docs/). It does to an order what
// WooCommerce's own eraser does (includes/class-wc-privacy-erasers.php): names, addresses
// and traces of the person go, and amounts, items, taxes, dates and status stay.
//
// What it cannot do: take back the permission to download what stays bought (the
// interface only lists them), clear subscriptions of the extension WooCommerce
// Subscriptions, and find what plugins note of a person under names of their own. A change
// of an order is told by the shop's webhook order.updated like any other; it sends no mail,
// for WooCommerce mails when a status changes or a note is added.
package woocommerce

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/internal/platform"
)

// Options say which shop is called.
type Options struct {
	// URL is where the shop is.
	URL string
	// Key is the consumer key and the consumer secret, with a colon between.
	Key string
	// Source is the source that the shop's ids carry, as in "woocommerce:17@shop".
	Source string
	// AllowPrivate takes http:// for a shop inside.
	AllowPrivate bool
	// Client makes the calls.
	Client *http.Client
	// PerSecond is how many calls a second are made at most; 0 means 4. WooCommerce names
	// no limit, and a shop is often small.
	PerSecond rate.Limit
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const keyHelp = "make a key with Read/Write at WooCommerce, Settings, Advanced, REST API, for a user who may manage the shop, and put it where the recipient's key is, as ck_…:cs_…"

// interfacePath is where WordPress has the interface.
const interfacePath = "/wp-json/wc/v3"

// Connector deletes in one shop.
type Connector struct {
	client   *platform.Client
	source   string
	accounts *platform.Directory[platform.Named]
	orders   *platform.Directory[int64]
}

var _ dispatch.Connector = (*Connector)(nil)

// New makes a connector.
func New(opts Options) (*Connector, error) {
	u, err := url.Parse(opts.URL)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("url is not the address of a shop such as https://shop.example.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("url holds more than the address of the shop; take the rest out")
	case u.Scheme != "https" && (u.Scheme != "http" || !opts.AllowPrivate):
		return nil, errors.New("url must begin with https://, for the key goes along; http:// is taken only with allow_private, for a shop inside")
	}
	key, secret, ok := strings.Cut(strings.TrimSpace(opts.Key), ":")
	if !ok || key == "" || secret == "" || strings.ContainsAny(key+secret, " \t\r\n:") {
		return nil, errors.New("key: it is not a consumer key and a consumer secret, as ck_…:cs_…; " + keyHelp)
	}
	if opts.Source == "" {
		return nil, errors.New("source: it is not known whose ids the shop has; set source to the id of its source")
	}
	base := strings.TrimSuffix(strings.TrimRight(opts.URL, "/"), interfacePath) + interfacePath
	c := &Connector{source: opts.Source, client: platform.New(platform.Options{
		Name: "WooCommerce", Base: base, Client: opts.Client, KeyHelp: keyHelp, Limit: cmp.Or(opts.PerSecond, 4), Now: opts.Now,
		Missing: missing,
		Authorize: func(h http.Header) {
			r := http.Request{Header: h}
			r.SetBasicAuth(key, secret)
		},
	})}
	c.accounts = platform.NewDirectory(platform.DirectoryOptions[platform.Named]{What: "accounts", Page: c.accountsPage, Now: opts.Now})
	c.orders = platform.NewDirectory(platform.DirectoryOptions[int64]{What: "orders", Page: c.ordersPage, Now: opts.Now})
	return c, nil
}

// missing tells by the code of a 404 that an order or an account does not exist. Where
// WordPress has no such interface it is rest_no_route, and where there is no WordPress
// there is no code.
func missing(body []byte) bool {
	code := platform.Code(body)
	return strings.HasPrefix(code, "woocommerce_rest_") && strings.HasSuffix(code, "invalid_id")
}

// Deliver deletes what a decision asks for.
func (c *Connector) Deliver(ctx context.Context, e *stream.Event, _ []byte) (dispatch.Answer, error) {
	t, err := platform.Read(e)
	if err != nil {
		return dispatch.Answer{}, err
	}
	w := &work{Connector: c, task: t}
	for _, category := range t.Categories() {
		w.report.Say(category, stream.OutcomeNotFound, "")
	}
	// Orders first: an account that is deleted no longer says which are its orders.
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
	task   *platform.Task
	report platform.Report
	// cleared are the orders that were anonymised.
	cleared map[string]bool
}
