// Package history reads the customers, orders and subscriptions of a WooCommerce shop by its REST API v3, in the form
// of the shop's webhooks.
package history

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

const keyHelp = "create a key with Read at WooCommerce, Settings, Advanced, REST API, for a user with permission to " +
	"manage the shop, and store the key as read.key of the source, in the form ck_…:cs_…"

const (
	// interfacePath is where WordPress has the interface.
	interfacePath = "/wp-json/wc/v3"
	// perSecond is the rate limit: WooCommerce names none, and a shop is often small.
	perSecond = 4
	// perPage is the size of a page, the largest of WooCommerce.
	perPage = 100
	// gmtLayout is how WooCommerce writes a time in UTC.
	gmtLayout = "2006-01-02T15:04:05"
)

// Reader reads one shop.
type Reader struct {
	client *history.Client
	opts   history.Options
	parts  []part
}

var _ history.Reader = (*Reader)(nil)

// New makes a reader of the history.
func New(o history.Options) (*Reader, error) { return newReader(o, parts()) }

// NewChanges makes a reader of what changed between Options.Since and Options.Until. The list of customers cannot be
// selected by time and is read in whole, in a wide reading alone.
func NewChanges(o history.Options, wide bool) (*Reader, error) {
	customers, changed := parts()[0], parts()[1:firstAgain()]
	if wide {
		changed = append(changed, customers)
	}
	return newReader(o, changed)
}

func newReader(o history.Options, parts []part) (*Reader, error) {
	c, err := Connect(o)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reader{client: c, opts: o, parts: parts}, nil
}

// Connect makes a client of the interface of a shop.
func Connect(o history.Options) (*history.Client, error) {
	if err := o.CheckURL(); err != nil {
		return nil, err
	}
	key, secret, ok := strings.Cut(strings.TrimSpace(o.Key), ":")
	if !ok || key == "" || secret == "" || strings.ContainsAny(key+secret, " \t\r\n:") {
		return nil, errors.New("read.key: the form is consumer key, colon, consumer secret (ck_…:cs_…); " + keyHelp)
	}
	c := history.NewClient(o, perSecond)
	c.Name, c.KeyHelp = "WooCommerce", keyHelp
	c.Base = strings.TrimSuffix(strings.TrimRight(o.URL, "/"), interfacePath) + interfacePath
	c.Authorize = func(h http.Header) {
		r := http.Request{Header: h}
		r.SetBasicAuth(key, secret)
	}
	return c, nil
}

// part is a list of the interface.
type part struct {
	name, path, topic string
	// status selects the state of orders; WooCommerce leaves the trash out of "any".
	status string
	// byID reports whether the list has no times to select by.
	byID bool
	// again reports whether the part reads what changed while the parts before were read.
	again bool
	// optional reports whether a shop may lack the list.
	optional bool
}

// parts are the lists in the order of reading. What changes meanwhile is read again at the end.
func parts() []part {
	orders := part{name: "orders", path: "/orders", topic: "order.updated", status: "any"}
	trash := part{name: "orders in the trash", path: "/orders", topic: "order.updated", status: "trash"}
	subscriptions := part{
		name: "subscriptions", path: "/subscriptions", topic: "subscription.updated", status: "any", optional: true,
	}
	out := []part{
		{name: "customers", path: "/customers", topic: "customer.updated", byID: true}, orders, trash, subscriptions,
	}
	for range 2 { // the second round finds what changed during the first
		for _, p := range []part{orders, trash, subscriptions} {
			p.name, p.again = p.name+" that changed meanwhile", true
			out = append(out, p)
		}
	}
	return out
}

// place is a cursor.
type place struct {
	Part int `json:"part"`
	// After and Offset select the next page: objects that were created after an instant, without the first ones.
	After  string `json:"after,omitempty"`
	Offset int    `json:"offset,omitempty"`
	// LastID is the last customer that was read.
	LastID payload.Number `json:"last_id,omitempty"`
	// Began is when the round began, by the clock of the shop; Changed is when the round before began.
	Began   string `json:"began,omitempty"`
	Changed string `json:"changed,omitempty"`
}

// Pages implements history.Reader.
func (r *Reader) Pages(ctx context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	run := &run{Reader: r, size: perPage}
	return history.Walk(from,
		func(at *place) bool { return at.Part >= len(r.parts) },
		func(at *place) (history.Page, error) {
			run.at = at
			return run.next(ctx)
		})
}

// run is one reading of a shop.
type run struct {
	*Reader
	at   *place
	size int
	// seen are the objects of the page before, which the next page repeats in part.
	seen []payload.Number
}

// listed is what the reading needs of an object.
type listed struct {
	ID            payload.Number       `json:"id"`
	CreatedGMT    payload.Text         `json:"date_created_gmt"`
	ModifiedGMT   payload.Text         `json:"date_modified_gmt"`
	Status        payload.Text         `json:"status"`
	BillingPeriod payload.Text         `json:"billing_period"`
	LineItems     payload.List[item]   `json:"line_items"`
	Refunds       payload.List[refund] `json:"refunds"`
}

// item is a line of an order.
type item struct {
	ProductID   payload.Number `json:"product_id"`
	VariationID payload.Number `json:"variation_id"`
	SKU         payload.Text   `json:"sku"`
}

// next reads one page and moves the place behind the page.
func (r *run) next(ctx context.Context) (history.Page, error) {
	p := r.parts[r.at.Part]
	bodies, header, err := r.fetch(ctx, p)
	if p.optional && errors.Is(err, history.ErrMissing) {
		r.turn()
		return history.Page{Part: p.name, Note: "The shop has no " + p.name + ": the extension is not installed."}, nil
	}
	if err != nil {
		return history.Page{}, err
	}
	if r.at.Began == "" {
		r.at.Began = began(header, r.opts.Now())
	}
	page := history.Page{Part: p.name}
	total, _ := strconv.Atoi(header.Get("X-WP-Total")) // 0 without the header
	page.Remaining = max(0, total-r.at.Offset)
	objects := make([]listed, len(bodies))
	for i := range bodies {
		_ = json.Unmarshal(bodies[i], &objects[i]) // a field of a plug-in of another type is left out
	}
	if p.byID && r.hasGap(objects) {
		r.at.Offset = max(0, r.at.Offset-overlap-r.size)
		return page, nil
	}
	for i := range objects {
		o := &objects[i]
		if r.isKnown(p, o) || !r.opts.Changed(instant(o.ModifiedGMT)) {
			continue
		}
		if bodies[i], err = r.dated(ctx, o, bodies[i]); err != nil {
			return history.Page{}, err
		}
		page.Objects = append(page.Objects, history.Object{
			Header: map[string]string{"X-WC-Webhook-Topic": p.topic}, Body: bodies[i], Products: o.products(),
		})
	}
	r.advance(p, objects)
	return page, nil
}

// hasGap reports whether customers that were read are deleted since: the page does not begin with the last one that
// was read, so that a customer who was not read may stand before the page. Reading steps back.
func (r *run) hasGap(objects []listed) bool {
	return r.at.Offset > overlap && (len(objects) == 0 || objects[0].ID > r.at.LastID)
}

// fetch reads the page at the place. A page that is too heavy for the shop is read in smaller parts.
func (r *run) fetch(ctx context.Context, p part) (bodies []json.RawMessage, header http.Header, err error) {
	const heavy, smaller = 3, 5
	for {
		bodies = nil
		tries := heavy
		if r.size < smaller {
			tries = 0
		}
		header, err = r.client.Get(ctx, "list "+p.name, p.path, r.query(p), tries, &bodies)
		if r.size < smaller || !history.IsHeavy(err) {
			return bodies, header, err
		}
		r.size /= smaller
	}
}

// overlap is how many customers are read again, so that a customer who was deleted meanwhile hides no other.
const overlap = 1

func (r *run) query(p part) url.Values {
	q := url.Values{"per_page": {strconv.Itoa(r.size)}, "order": {"asc"}}
	if p.byID {
		q.Set("orderby", "id")
		q.Set("role", "all")
		q.Set("offset", strconv.Itoa(max(0, r.at.Offset-overlap)))
		return q
	}
	q.Set("orderby", "date")
	q.Set("status", p.status)
	q.Set("dates_are_gmt", "true")
	if r.at.Offset > 0 {
		q.Set("offset", strconv.Itoa(r.at.Offset))
	}
	if r.at.After != "" {
		q.Set("after", r.at.After)
	}
	switch {
	case p.again:
		q.Set("modified_after", r.at.Changed)
	case !r.opts.Since.IsZero():
		q.Set("modified_after", r.opts.Since.UTC().Format(gmtLayout))
	}
	return q
}

// isKnown reports whether an object was read before.
func (r *run) isKnown(p part, o *listed) bool {
	if p.byID {
		return o.ID != 0 && o.ID <= r.at.LastID
	}
	return o.ID != 0 && slices.Contains(r.seen, o.ID)
}

// advance moves the place behind a page.
func (r *run) advance(p part, objects []listed) {
	n := len(objects)
	switch {
	case n < r.size:
		r.turn()
	case p.byID:
		r.at.Offset = max(0, r.at.Offset-overlap) + n
		r.at.LastID = max(r.at.LastID, objects[n-1].ID)
	default:
		r.seen = r.seen[:0]
		for i := range objects {
			r.seen = append(r.seen, objects[i].ID)
		}
		// The next page begins with the second of the last object: others may have been created in the same second.
		if after := before(objects[n-1].CreatedGMT); after > r.at.After {
			r.at.After, r.at.Offset = after, 0
		} else {
			r.at.Offset += n
		}
	}
	r.size = min(perPage, r.size+r.size/2+1) // after a page that was too heavy
}

// turn goes on to the next part. A round of changes reads what changed since the round before began.
func (r *run) turn() {
	was := r.parts[r.at.Part].again
	next := place{Part: r.at.Part + 1, Began: r.at.Began, Changed: r.at.Changed}
	rounds := next.Part < len(r.parts) && r.parts[next.Part].again
	if rounds && (!was || r.parts[next.Part].name == r.parts[firstAgain()].name) {
		next.Changed, next.Began = r.at.Began, ""
	}
	*r.at, r.seen = next, nil
}

// firstAgain is the number of the first part of the first round of changes.
func firstAgain() int { return slices.IndexFunc(parts(), func(p part) bool { return p.again }) }

// before is the second before a time; empty for a time that cannot be read.
func before(created payload.Text) string {
	t, err := time.Parse(gmtLayout, string(created))
	if err != nil {
		return ""
	}
	return t.Add(-time.Second).Format(gmtLayout)
}

// instant reads a time; zero for one that cannot be read.
func instant(text payload.Text) time.Time {
	t, err := time.Parse(gmtLayout, string(text))
	if err != nil {
		return time.Time{}
	}
	return t
}

// skew is how far back a round of changes begins, for clocks of several servers of one shop.
const skew = time.Minute

// began is the time of an answer by the clock of the shop.
func began(header http.Header, now time.Time) string {
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		now = at
	}
	return now.Add(-skew).UTC().Format(gmtLayout)
}

// products are the names of the products of an order, as its webhook reader looks them up.
func (l *listed) products() [][]string {
	var out [][]string
	for _, item := range l.LineItems {
		names := []string{item.VariationID.Name(), string(item.SKU), item.ProductID.Name()}
		if names = slices.DeleteFunc(names, func(name string) bool { return name == "" }); len(names) > 0 {
			out = append(out, names)
		}
	}
	return out
}

// FromObject returns the webhook of an order, a subscription or a customer, such as one of an export.
func FromObject(raw json.RawMessage) ([]history.Object, error) {
	var o listed
	_ = json.Unmarshal(raw, &o) // a field of another type is left out
	topic := "order.updated"
	switch {
	case o.BillingPeriod != "":
		topic = "subscription.updated"
	case o.Status == "":
		topic = "customer.updated"
	}
	return []history.Object{{
		Header: map[string]string{"X-WC-Webhook-Topic": topic}, Body: raw, Products: o.products(),
	}}, nil
}
