// Package history knows how the past of a platform is read: page by page, each object in the form of the webhook that
// the platform would have sent.
package history

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"time"
)

// Object is an object of a platform's interface, as the body of a webhook.
type Object struct {
	// Header holds the headers of the webhook that its reader needs.
	Header map[string]string `json:"header,omitempty"`
	Body   json.RawMessage   `json:"body"`
	// Products are the names of each product that the object sells, the most specific name first.
	Products [][]string `json:"-"`
	// Row is the row of a file from which the object was read; 0 for an object of an interface.
	Row int `json:"-"`
}

// Page is a part of a history.
type Page struct {
	// Part is what is read, such as "orders".
	Part string
	// Objects are the objects of the page; none on a page that only goes on.
	Objects []Object
	// Remaining is the number of objects of the part from this page on; 0 when the platform does not state the number.
	Remaining int
	// Next is where reading goes on after the page; nil at the end.
	Next Cursor
	// Faults are the rows of a file that are no objects.
	Faults []Fault
	// Note is what the owner should know, such as a part that the platform does not have.
	Note string
}

// Fault is a row of a file that is no object. Reason contains no value of the row.
type Fault struct {
	Row    int
	Reason string
}

// Wrap returns the webhooks that tell an object of a platform, such as one of an export.
type Wrap func(object json.RawMessage) ([]Object, error)

// ErrNoObject means that a value is no object of the platform that is read.
var ErrNoObject = errors.New("this is no object of the platform that is read")

// ErrCursor means that a cursor is not of its reader.
var ErrCursor = errors.New("the place at which the import stopped cannot be read: start with --restart")

// Cursor is a place in a history, in the terms of its reader. A cursor names nobody but by an id of the platform.
type Cursor = json.RawMessage

// Reader reads the history of one source.
type Reader interface {
	// Pages iterates over the pages from a cursor on; nil is the beginning. An error ends the iteration: reading goes
	// on at the cursor of the last page.
	Pages(ctx context.Context, from Cursor) iter.Seq2[Page, error]
}

// Walk returns the pages of a reader from a cursor on. The cursor is a place P as JSON. next reads one page and moves
// the place behind the page, and ended reports whether a place is the end of the history.
func Walk[P any](from Cursor, ended func(*P) bool, next func(*P) (Page, error)) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		var at P
		if len(from) > 0 && json.Unmarshal(from, &at) != nil {
			yield(Page{}, ErrCursor)
			return
		}
		for !ended(&at) {
			page, err := next(&at)
			if err == nil && !ended(&at) {
				page.Next, err = json.Marshal(at)
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// Options configure a reader of a platform.
type Options struct {
	// URL is the address of the interface; empty means the platform's own.
	URL string
	Key string
	// AllowPrivate permits http:// and an address of a private network.
	AllowPrivate bool
	// Since leaves out what did not change since, where the platform can select by time; zero reads all.
	Since time.Time
	// Until leaves out what changed since, in a reading of changes; zero reads all.
	Until time.Time
	// Groups are the meanings of the groups of a newsletter platform.
	Groups map[string]string
	// PerSecond is the rate limit in calls per second; 0 means that of the platform.
	PerSecond float64
	// Backoff is the first wait after a failure; 0 means a second.
	Backoff time.Duration
	// Waiting is called before a wait, with its cause; nil means nobody is.
	Waiting func(wait time.Duration, cause error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Changed reports whether a time of change is within Since and Until, in a reading of changes. An unknown time is.
func (o *Options) Changed(at time.Time) bool {
	return at.IsZero() || o.Until.IsZero() || !at.Before(o.Since) && !at.After(o.Until)
}

// CheckURL reports what is wrong with an address of an interface.
func (o *Options) CheckURL() error {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "":
		return errors.New("read.url is no address such as https://shop.example.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("read.url must hold the address alone")
	case u.Scheme != "https" && (u.Scheme != "http" || !o.AllowPrivate):
		return errors.New("read.url must begin with https://, because calls carry the key; " +
			"http:// requires allow_private, for a private network")
	}
	return nil
}
