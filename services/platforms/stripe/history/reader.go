// Package history reads the customers, payments and subscriptions of a Stripe account by its API, in the form of
// events.
package history

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
)

const (
	// base is where the API is.
	base    = "https://api.stripe.com"
	keyHelp = "create a restricted key with read access to customers, checkout sessions, invoices, credit notes, charges, " +
		"refunds, disputes, subscriptions and events at Stripe, Developers, API keys, and store the key as read.key of the source"
	// perSecond is the rate limit: Stripe permits 25 calls a second in test mode.
	perSecond = 10
	perPage   = 100
	// Version is the version of the API in which objects are read, and in which a new webhook endpoint sends.
	Version = "2026-08-26.dahlia"
)

// Reader reads one account.
type Reader struct {
	client *history.Client
	opts   history.Options
	lists  []list
	// live is the mode of an object that does not state its mode: that of the key.
	live bool
}

var _ history.Reader = (*Reader)(nil)

// New makes a reader. Options.Since selects by the creation of an object, except customers and subscriptions, which
// are read in whole.
func New(o history.Options) (*Reader, error) {
	return newReader(o, slices.Concat(historyLists(), againLists()))
}

// EventsKept is how long Stripe lists an event.
const EventsKept = 30 * 24 * time.Hour

// NewChanges makes a reader of what changed between Options.Since and Options.Until: of the events that Stripe has
// sent to webhooks, or would have. Before the oldest event that Stripe lists the objects are read.
func NewChanges(o history.Options) (*Reader, error) {
	lists := eventLists()
	if o.Until.Sub(o.Since) > EventsKept {
		lists = append(lists, historyLists()...)
	}
	return newReader(o, lists)
}

func newReader(o history.Options, lists []list) (*Reader, error) {
	c, err := Connect(o)
	if err != nil {
		return nil, err
	}
	return &Reader{client: c, opts: o, lists: lists, live: !strings.Contains(o.Key, "k_test_")}, nil
}

// Connect makes a client of the API.
func Connect(o history.Options) (*history.Client, error) {
	o.URL = cmp.Or(o.URL, base)
	if err := o.CheckURL(); err != nil {
		return nil, err
	}
	key := strings.TrimSpace(o.Key)
	if !strings.Contains(key, "k_") || strings.ContainsAny(key, " \t\r\n") {
		return nil, errors.New("read.key: a Stripe key begins with rk_ or sk_; " + keyHelp)
	}
	c := history.NewClient(o, perSecond)
	c.Name, c.KeyHelp, c.Base = "Stripe", keyHelp, strings.TrimRight(o.URL, "/")
	c.Authorize = func(h http.Header) {
		h.Set("Authorization", "Bearer "+key)
		h.Set("Stripe-Version", Version)
	}
	return c, nil
}

// place is a cursor.
type place struct {
	List int `json:"list"`
	// Last are the last ids that were read, the last one first: an object that is deleted meanwhile is no cursor.
	Last []string `json:"last,omitempty"`
	// Began is when the reading began, by the clock of Stripe, in Unix seconds.
	Began int64 `json:"began,omitempty"`
}

// page is a page of a list.
type page struct {
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
}

// Pages implements history.Reader.
func (r *Reader) Pages(ctx context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	return history.Walk(from,
		func(at *place) bool { return at.List >= len(r.lists) },
		func(at *place) (history.Page, error) { return r.next(ctx, at) })
}

// next reads one page and moves the place behind the page.
func (r *Reader) next(ctx context.Context, at *place) (history.Page, error) {
	l := r.lists[at.List]
	out := history.Page{Part: l.name}
	got, err := r.fetch(ctx, &l, at)
	if note := l.lacking(err); note != "" {
		at.turn()
		out.Note = note
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if at.Began == 0 {
		at.Began = r.client.Now().Unix()
	}
	for _, raw := range got.Data {
		o := object{Livemode: r.live}
		_ = json.Unmarshal(raw, &o) // a field of another type is left out
		objects, err := tell(&l, &o, raw)
		if err != nil {
			return out, err
		}
		out.Objects = append(out.Objects, objects...)
		at.remember(o.ID)
	}
	if !got.HasMore || len(got.Data) == 0 {
		at.turn()
	}
	return out, nil
}

// turn goes on to the next list.
func (p *place) turn() { *p = place{List: p.List + 1, Began: p.Began} }

// lacking says what the owner should know of a list that cannot be read and need not be; empty for any other error.
func (l *list) lacking(err error) string {
	refused, ok := errors.AsType[*history.StatusError](err)
	switch {
	case l.optional && !l.again && errors.Is(err, history.ErrMissing):
		return "Stripe has no " + l.name + " in the version of the key."
	case l.again && ok && (refused.Status == http.StatusForbidden || refused.Status == http.StatusUnauthorized):
		return "The key may not read events, so what changed at Stripe while the import read is known by webhooks alone: " +
			"give the key the permission Events: Read."
	}
	return ""
}

// skew is how far back the events since the beginning are read, in seconds, for clocks of several servers.
const skew = 60

// remembered is how many ids a place keeps.
const remembered = 5

func (p *place) remember(id string) {
	p.Last = append([]string{id}, p.Last[:min(len(p.Last), remembered-1)]...)
}

// fetch reads the page behind the last object that is still there.
func (r *Reader) fetch(ctx context.Context, l *list, at *place) (got page, err error) {
	for {
		q := url.Values{"limit": {strconv.Itoa(perPage)}}
		maps.Copy(q, l.query)
		if l.byTime && !r.opts.Since.IsZero() {
			q.Set("created[gte]", strconv.FormatInt(r.opts.Since.Unix(), 10))
		}
		if l.again {
			q.Set("created[gte]", strconv.FormatInt(at.Began-skew, 10))
		}
		if l.ofEvents && !r.opts.Until.IsZero() {
			q.Set("created[lte]", strconv.FormatInt(r.opts.Until.Unix(), 10))
		}
		if len(at.Last) > 0 {
			q.Set("starting_after", at.Last[0])
		}
		got = page{}
		_, err = r.client.Get(ctx, "list "+l.name, l.path, q, 0, &got)
		fault, refused := errors.AsType[*history.StatusError](err)
		if !refused || fault.Status != http.StatusBadRequest || len(at.Last) < 2 {
			return got, err
		}
		at.Last = at.Last[1:] // the object was deleted
	}
}

// tell returns the events about an object.
func tell(l *list, o *object, raw json.RawMessage) ([]history.Object, error) {
	if l.ofEvents {
		return []history.Object{{Body: raw}}, nil
	}
	var out []history.Object
	for _, e := range l.events(o) {
		body, err := e.body(o, raw, l.without)
		if err != nil {
			return nil, err
		}
		out = append(out, history.Object{Body: body, Products: o.products()})
	}
	return out, nil
}

// FromObject returns the events that tell an object of the API, such as one of an export. An object that does not
// state its mode is live.
func FromObject(raw json.RawMessage) ([]history.Object, error) {
	o := object{Livemode: true}
	_ = json.Unmarshal(raw, &o) // a field of another type is left out
	kind := cmp.Or(o.Object, typeOf(o.ID))
	for _, l := range historyLists() {
		if l.object == kind {
			return tell(&l, &o, raw)
		}
	}
	return nil, history.ErrNoObject
}

// typeOf is the type of an object by its id.
func typeOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix {
	case "cus":
		return "customer"
	case "sub":
		return "subscription"
	case "cs":
		return "checkout.session"
	case "in":
		return "invoice"
	case "ch", "py":
		return "charge"
	case "re", "pyr":
		return "refund"
	case "cn":
		return "credit_note"
	case "dp", "du":
		return "dispute"
	}
	return ""
}
