// Package history reads the subscribers of a MailerLite account by its interface
// (https://developers.mailerlite.com/docs/subscribers.html), in the form of the account's webhooks. MailerLite Classic
// has another interface and is not read.
package history

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

const (
	// base is where the interface is.
	base    = "https://connect.mailerlite.com/api"
	keyHelp = "create a token at MailerLite, Integrations, API, and store the token as read.key of the source"
	// perSecond is the rate limit: MailerLite permits 120 calls a minute.
	perSecond = 1.9
	perPage   = 100
)

// webinar is the meaning of a group whose joining is a registration.
const webinar = "webinar"

// states are the states of subscribers in the order of reading: a subscriber who changes meanwhile usually goes to a
// later one.
func states() []string { return []string{"unconfirmed", "active", "bounced", "unsubscribed", "junk"} }

// Reader reads one account.
type Reader struct {
	client *history.Client
	opts   history.Options
}

var _ history.Reader = (*Reader)(nil)

// New makes a reader. MailerLite does not select subscribers by time: all are read, and with Options.Until those are
// returned that changed since Options.Since.
func New(o history.Options) (*Reader, error) {
	c, err := Connect(o)
	if err != nil {
		return nil, err
	}
	return &Reader{c, o}, nil
}

// Connect makes a client of the interface.
func Connect(o history.Options) (*history.Client, error) {
	o.URL = cmp.Or(o.URL, base)
	if err := o.CheckURL(); err != nil {
		return nil, err
	}
	key := strings.TrimSpace(o.Key)
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return nil, errors.New("read.key: the token is empty or has spaces; " + keyHelp)
	}
	c := history.NewClient(o, perSecond)
	c.Name, c.KeyHelp, c.Base = "MailerLite", keyHelp, strings.TrimRight(o.URL, "/")
	c.Authorize = func(h http.Header) { h.Set("Authorization", "Bearer "+key) }
	return c, nil
}

// place is a cursor.
type place struct {
	State int `json:"state"`
	// Cursor is MailerLite's own.
	Cursor string `json:"cursor,omitempty"`
}

// listing is a page of subscribers.
type listing struct {
	Data []json.RawMessage `json:"data"`
	Meta struct {
		NextCursor string `json:"next_cursor"`
	} `json:"meta"`
}

// Pages implements history.Reader.
func (r *Reader) Pages(ctx context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	return history.Walk(from,
		func(at *place) bool { return at.State >= len(states()) },
		func(at *place) (history.Page, error) { return r.next(ctx, at) })
}

// next reads one page and moves the place behind the page.
func (r *Reader) next(ctx context.Context, at *place) (history.Page, error) {
	state := states()[at.State]
	q := url.Values{"limit": {strconv.Itoa(perPage)}, "filter[status]": {state}, "include": {"groups"}}
	if at.Cursor != "" {
		q.Set("cursor", at.Cursor)
	}
	page := history.Page{Part: state + " subscribers"}
	var list listing
	if _, err := r.client.Get(ctx, "list "+page.Part, "/subscribers", q, 0, &list); err != nil {
		return page, err
	}
	for _, subscriber := range list.Data {
		if !r.opts.Changed(changedAt(subscriber)) {
			continue
		}
		objects, err := FromObject(subscriber, r.opts.Groups)
		if err != nil {
			return page, err
		}
		page.Objects = append(page.Objects, objects...)
	}
	if at.Cursor = list.Meta.NextCursor; at.Cursor == "" {
		at.State++
	}
	return page, nil
}

// changedAt is when a subscriber last changed; zero for an unknown time.
func changedAt(subscriber json.RawMessage) time.Time {
	var s struct {
		At payload.Text `json:"updated_at"`
	}
	_ = json.Unmarshal(subscriber, &s) // a record of an odd form has no time
	for _, layout := range []string{time.DateTime, time.RFC3339Nano} {
		if at, err := time.Parse(layout, string(s.At)); err == nil {
			return at
		}
	}
	return time.Time{}
}

// event is an event of a batch.
type event struct {
	Event      string          `json:"event"`
	Subscriber json.RawMessage `json:"subscriber"`
	Group      *group          `json:"group,omitempty"`
}

type group struct {
	ID payload.Text `json:"id"`
}

// FromObject returns the webhook that tells the state of a subscriber, as a batch of events. The record does not tell
// when the subscriber joined a group: every webinar is a registration, as its own event would tell.
func FromObject(subscriber json.RawMessage, groups map[string]string) ([]history.Object, error) {
	var s struct {
		Groups payload.List[group] `json:"groups"`
	}
	_ = json.Unmarshal(subscriber, &s) // a record that is no object has no groups, and is found unread by its reader
	events := []event{{Event: "subscriber.updated", Subscriber: subscriber}}
	for _, g := range s.Groups {
		if groups[string(g.ID)] == webinar {
			events = append(events, event{"subscriber.added_to_group", subscriber, &group{g.ID}})
		}
	}
	body, err := json.Marshal(map[string]any{"events": events})
	if err != nil {
		return nil, history.ErrNoObject
	}
	return []history.Object{{Body: body}}, nil
}
