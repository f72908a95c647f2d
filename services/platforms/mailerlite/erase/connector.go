// Package erase erases data at MailerLite by its interface
// (https://developers.mailerlite.com/docs).
//
// Limits: a subscriber deleted by hand is out of reach, although MailerLite keeps the data for a
// return (such a subscriber must be forgotten in the app). The history of opens and clicks, and the
// evidence of the sign-up (opted_in_at, optin_ip), are erased only with the whole subscriber.
// Forgetting is accepted at once and completed within 30 days, according to MailerLite's
// documentation.
package erase

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
	"github.com/rodopath/rodopath/services/platforms/erasure"
)

// Options configure the calls to MailerLite.
type Options struct {
	// Key is the token of the interface.
	Key string
	// Base is where the interface is; empty means https://connect.mailerlite.com/api. AllowPrivate permits http://.
	Base         string
	AllowPrivate bool
	// Erase is what happens to a subscriber whose contact data lost their last basis; empty means Forget.
	Erase string
	// Client makes the calls.
	Client *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// The values of Options.Erase.
const (
	// Forget: MailerLite erases the subscriber with all history within 30 days. The only erasure.
	Forget = "forget"
	// Delete: the subscriber leaves the lists, and MailerLite keeps the data for a return.
	Delete = "delete"
	// Unsubscribe: the subscriber stays, unsubscribed, without groups and without fields.
	Unsubscribe = "unsubscribe"
)

const keyHelp = "create a new token at Integrations, MailerLite API, and store the token as the recipient's key"

// perMinute is the permitted number of calls per minute; Retry-After limits a caller above
// (https://developers.mailerlite.com/getting-started). A small burst is permitted, so that no
// minute exceeds the limit.
const (
	perMinute = 120
	atOnce    = 10
)

// Connector deletes at one account of MailerLite.
type Connector struct {
	client      *erasure.Client
	subscribers *erasure.Directory[erasure.Named]
	erase       string
	now         func() time.Time
}

var _ dispatch.Connector = (*Connector)(nil)

// New makes a connector.
func New(opts Options) (*Connector, error) {
	key := strings.TrimSpace(opts.Key)
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return nil, errors.New("key: the token is missing, or has more than one line; " + keyHelp)
	}
	base, err := erasure.Base(cmp.Or(opts.Base, "https://connect.mailerlite.com/api"), opts.AllowPrivate)
	if err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &Connector{erase: cmp.Or(opts.Erase, Forget), now: opts.Now, client: erasure.New(erasure.Options{
		Name: "MailerLite", Base: base,
		Client: opts.Client, KeyHelp: keyHelp, Limit: rate.Limit(perMinute-atOnce) / 60, Burst: atOnce, Now: opts.Now,
		Authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+key) },
	})}
	c.subscribers = erasure.NewDirectory(
		erasure.DirectoryOptions[erasure.Named]{What: "subscribers", Page: c.page, Now: opts.Now},
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
	found, err := c.find(ctx, t)
	if err != nil {
		return dispatch.Answer{}, err
	}
	w := &work{Connector: c, task: t, report: erasure.NewReport(t, c.now())}
	for i := range found {
		if err := w.apply(ctx, &found[i]); err != nil {
			return dispatch.Answer{}, err
		}
	}
	return w.report.Answer(), nil
}

// find returns the subscribers that are the person: by id, by address, or by hashes.
func (c *Connector) find(ctx context.Context, t *erasure.Task) ([]subscriber, error) {
	names := append(t.IDs("mailerlite:", ""), t.Emails...)
	if t.Hidden {
		hidden, err := c.subscribers.Find(
			ctx,
			t.Since,
			func(s *erasure.Named) bool { return t.Person("mailerlite:"+s.ID) || t.Person(s.Email) },
		)
		if err != nil {
			return nil, err
		}
		for _, s := range hidden {
			names = append(names, s.ID)
		}
	}
	var out []subscriber
	seen := map[string]bool{}
	for _, name := range names {
		// GET /subscribers/:id accepts an id or an address.
		var doc struct {
			Data subscriber `json:"data"`
		}
		res, err := c.client.Call(
			ctx,
			"find the subscriber",
			erasure.Request{Method: http.MethodGet, Path: "/subscribers/" + url.PathEscape(name)},
			&doc,
		)
		if err != nil {
			return nil, err
		}
		if id := doc.Data.ID; res.Found && erasure.Plain(id) && !seen[id] {
			seen[id] = true
			out = append(out, doc.Data)
		}
	}
	return out, nil
}

// page reads a page of all subscribers: GET /subscribers, with a cursor.
func (c *Connector) page(ctx context.Context, at string) ([]erasure.Named, string, error) {
	query := url.Values{"limit": {"100"}}
	if at != "" {
		query.Set("cursor", at)
	}
	var doc struct {
		Data []erasure.Named `json:"data"`
		Meta struct {
			Next string `json:"next_cursor"`
		} `json:"meta"`
	}
	_, err := c.client.Call(
		ctx,
		"list the subscribers",
		erasure.Request{Method: http.MethodGet, Path: "/subscribers", Query: query},
		&doc,
	)
	return doc.Data, doc.Meta.Next, err
}
