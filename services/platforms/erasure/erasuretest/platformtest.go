// Package erasuretest supports tests of connectors: decisions, and a server around a stand-in of a
// platform.
package erasuretest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
)

// Email is the address of the person in the tests, and Family their name. No answer and no error
// may hold either.
const (
	Email  = "ala@leak.example"
	Family = "Kotowska"
)

// Now is the time of the tests.
func Now() time.Time { return time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC) }

// Deletion makes an event. Items are written "category" or "category ref name name".
func Deletion(scope string, ids []string, items ...string) *stream.Event {
	d := &stream.Delete{Scope: scope, Items: []stream.Item{}, Purposes: []string{}, Retained: []stream.RetainedItem{}}
	for _, text := range items {
		d.Items = append(d.Items, item(text))
	}
	return &stream.Event{
		SpecVersion: "1.0",
		ID:          "dec_1",
		Source:      stream.Source,
		Type:        stream.TypeDelete,
		Subject:     "sub_1",
		Time:        Now(),
		Data: stream.Decision{
			Kind:      "delete",
			Effective: Now(),
			Delete:    d,
			Person:    stream.Person{Emails: []string{Email}, IDs: ids},
		},
	}
}

func item(text string) stream.Item {
	words := strings.Fields(text)
	i := stream.Item{Category: words[0]}
	if len(words) > 1 {
		i.Ref, i.Names = words[1], words[2:]
	}
	return i
}

// Stays adds retained items.
func Stays(e *stream.Event, items ...string) *stream.Event {
	for _, text := range items {
		e.Data.Delete.Retained = append(
			e.Data.Delete.Retained,
			stream.RetainedItem{Item: item(text), Purpose: "contract", Article: "6(1)(b)"},
		)
	}
	return e
}

// Claimed adds items that are retained for claims until an instant.
func Claimed(e *stream.Event, until time.Time, items ...string) *stream.Event {
	for _, text := range items {
		e.Data.Delete.Retained = append(e.Data.Delete.Retained, stream.RetainedItem{
			Item: item(text), Purpose: "claims", Article: "6(1)(f)", Until: &until,
			LastDay: until.AddDate(0, 0, -1).Format(time.DateOnly),
		})
	}
	return e
}

// Hidden converts an event to a replay with hashed names.
func Hidden(e *stream.Event) *stream.Event {
	const key = "k"
	p := &e.Data.Person
	for _, name := range slices.Concat(p.Emails, p.IDs) {
		p.Hashes = append(p.Hashes, stream.Hash(key, name))
	}
	p.Emails, p.IDs, p.Key = nil, nil, key
	for i := range e.Data.Delete.Items {
		it := &e.Data.Delete.Items[i]
		for _, name := range append([]string{it.Ref}, it.Names...) {
			if name != "" {
				it.Hashes = append(it.Hashes, stream.Hash(key, name))
			}
		}
		it.Ref, it.Names = "", nil
	}
	e.Data.Delete.Retained = []stream.RetainedItem{}
	e.Data.Replay = &stream.Replay{At: Now().Add(-time.Hour)}
	return e
}

// Fake is a stand-in of a platform behind a server.
type Fake struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
	// fault answers a call in place of the platform when the result is true.
	fault func(http.ResponseWriter, *http.Request) bool
}

// Start starts a fake. Calls are serialised.
func Start(t testing.TB, platform http.Handler) *Fake {
	f := &Fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.calls = append(f.calls, r.Method+" "+r.URL.RequestURI())
		if f.fault != nil && f.fault(w, r) {
			return
		}
		platform.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// Fault has calls answered in place of the platform.
func (f *Fake) Fault(fault func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// Answering answers every call with a status, a body and headers.
func Answering(status int, body string, header ...string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// Calls returns and clears the recorded calls.
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// Changes returns the recorded calls except reading ones, and clears the record.
func (f *Fake) Changes() []string {
	return slices.DeleteFunc(f.Calls(), func(c string) bool { return strings.HasPrefix(c, "GET ") })
}

// Client is a client that may call a fake.
func Client() *http.Client { return outbound.Client(outbound.Options{AllowPrivate: true}) }

// Deliver delivers an event. An address in the answer fails the test. The answer is formatted as
// "outcome category=outcome again 2032-01-01: reason".
func Deliver(t testing.TB, c dispatch.Connector, e *stream.Event) (string, error) {
	t.Helper()
	body, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Deliver(t.Context(), e, body)
	words := []string{a.Outcome}
	for _, category := range slices.Sorted(maps.Keys(a.Categories)) {
		words = append(words, category+"="+a.Categories[category])
	}
	text := strings.Join(words, " ")
	if a.LookAgain != nil {
		text += " again " + a.LookAgain.Format(time.DateOnly)
	}
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	if said := text + fmt.Sprint(
		err,
	); strings.ContainsAny(said, "@%") || strings.Contains(said, "leak") ||
		strings.Contains(said, Family) {
		t.Errorf("it names somebody: %s", said)
	}
	if err == nil {
		r := &stream.Receipt{
			Decision:   e.ID,
			Outcome:    a.Outcome,
			Categories: a.Categories,
			Reason:     a.Reason,
			At:         Now(),
			LookAgain:  a.LookAgain,
		}
		if err := r.Check(); err != nil {
			t.Errorf("it is no receipt: %v", err)
		}
		if utf8.RuneCountInString(a.Reason) > 300 {
			t.Errorf("the reason has %d characters", len(a.Reason))
		}
	}
	return text, err
}

// JSON answers a call with a value.
func JSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
