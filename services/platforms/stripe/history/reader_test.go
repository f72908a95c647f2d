package history_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	cardhistory "github.com/rodopath/rodopath/services/platforms/stripe/history"
	"github.com/rodopath/rodopath/services/platforms/stripe/webhook"
)

func reader(t *testing.T, a *historytest.Account, key string) *cardhistory.Reader {
	t.Helper()
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	r, err := cardhistory.New(history.Options{
		URL: server.URL, Key: key, AllowPrivate: true, PerSecond: 1e6, Backoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func provider(t *testing.T, change func(*ingest.Source)) ingest.Provider {
	t.Helper()
	s := ingest.Source{
		ID:       "card",
		Secrets:  []string{"s3cret"},
		Products: map[string]ingest.Product{"course": {Access: factv1.Access_ACCESS_COURSE}},
	}
	if change != nil {
		change(&s)
	}
	p, err := webhook.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// facts are the facts of a webhook by their ids.
func facts(t *testing.T, p ingest.Provider, body []byte) map[string]*factv1.Fact {
	t.Helper()
	reading, err := p.Read(nil, body, time.Now())
	if err != nil || reading.Unread != "" {
		t.Fatalf("read: %v, unread %q: %s", err, reading.Unread, body)
	}
	out := map[string]*factv1.Fact{}
	for _, f := range reading.Facts {
		out[f.GetId()] = f
	}
	return out
}

// readAll reads an account, and begins anew at the last cursor after every page.
func readAll(t *testing.T, r *cardhistory.Reader, p ingest.Provider) (all map[string]*factv1.Fact, notes []string) {
	t.Helper()
	all = map[string]*factv1.Fact{}
	var at history.Cursor
	for done := false; !done; {
		for page, err := range r.Pages(t.Context(), at) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Objects {
				maps.Copy(all, facts(t, p, o.Body))
			}
			if page.Note != "" {
				notes = append(notes, page.Note)
			}
			at, done = page.Next, page.Next == nil
			break
		}
	}
	return all, notes
}

// event is a webhook of an act about an object, some seconds after the creation of the object.
func event(kind string, object historytest.Thing, without string) []byte {
	object = maps.Clone(object)
	delete(object, without)
	return historytest.Thing{
		"id": "evt_1", "object": "event", "type": kind, "created": object["created"].(int64) + 7, "livemode": true,
		"data": historytest.Thing{"object": object},
	}.Body()
}

// acts are the webhooks that Stripe sends about the objects of a list.
func acts(list string, t historytest.Thing) (kind, without string) {
	switch list {
	case "customers":
		return "customer.created", ""
	case "checkout/sessions":
		if t["status"] == "complete" {
			return "checkout.session.completed", "line_items"
		}
	case "invoices":
		return "invoice.payment_succeeded", ""
	case "charges":
		if t["refunded"] == true {
			return "charge.refunded", "refunds"
		}
	case "refunds":
		return "refund.updated", ""
	case "disputes":
		return "charge.dispute.created", ""
	case "subscriptions":
		if t["status"] == "canceled" {
			return "customer.subscription.deleted", ""
		}
		return "customer.subscription.created", ""
	case "credit_notes":
		if t["status"] == "issued" {
			return "credit_note.created", ""
		}
	}
	return "", ""
}

// TestReader_TellsWhatTheWebhooksTell: whatever a webhook of an act tells, the history tells as one fact with the
// webhook. A session of a webhook has no line items. The state of a refund has the time of its report.
func TestReader_TellsWhatTheWebhooksTell(t *testing.T) {
	a := historytest.NewAccount(1, 350)
	a.Plan(func(call int) historytest.Fault { return historytest.Fault(call % 4) })
	p := provider(t, nil)
	got, notes := readAll(t, reader(t, a, historytest.StripeKey), p)
	want, kinds := 0, map[string]int{}
	a.Each(func(list string, thing historytest.Thing) {
		kind, without := acts(list, thing)
		if kind == "" {
			return
		}
		for id, f := range facts(t, p, event(kind, thing, without)) {
			want++
			kinds[list]++
			if f.GetKind() != factv1.Kind_KIND_STATE && got[id] == nil {
				t.Errorf("%s: the history does not tell the %s of %s", list, f.GetKind(), f.GetRef())
			}
		}
	})
	if want == 0 || len(kinds) != 8 {
		t.Errorf("the webhooks tell %v", kinds)
	}
	if len(notes) != 1 || notes[0] != "Stripe has no payments of invoices in the version of the key." {
		t.Errorf("got the notes %q", notes)
	}
	for _, f := range got {
		if at := f.GetOccurred(); at == nil || time.Since(at.AsTime()) < 24*time.Hour {
			t.Errorf("%s occurred at %v", f.GetKind(), at.AsTime())
		}
	}
}

// TestReader_ADeletedCursorIsNoEnd: the last customer of a page is deleted before the next page is read.
func TestReader_ADeletedCursorIsNoEnd(t *testing.T) {
	a := historytest.NewAccount(2, 250)
	r, customers := reader(t, a, historytest.StripeKey), 0
	for page, err := range r.Pages(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if page.Part != "customers" {
			break
		}
		if customers += len(page.Objects); customers == 100 {
			a.DeleteCustomer("cus_150") // the hundredth from the end
		}
	}
	if customers != 250 && customers != 251 { // one is read again
		t.Errorf("got %d customers, want 250", customers)
	}
}

// TestReader_TestModeIsTold: the mode of an event is that of its object, or else that of the key.
func TestReader_TestModeIsTold(t *testing.T) {
	a := historytest.NewAccount(3, 60)
	a.Each(func(_ string, thing historytest.Thing) {
		if _, ok := thing["livemode"]; ok { // a refund states no mode
			thing["livemode"] = false
		}
	})
	accepted := provider(t, func(s *ingest.Source) { s.AcceptTest = true })
	if got, _ := readAll(t, reader(t, a, historytest.StripeTestKey), accepted); len(got) == 0 {
		t.Error("a source that accepts the test mode gets no fact")
	}
	if got, _ := readAll(t, reader(t, a, historytest.StripeTestKey), provider(t, nil)); len(got) > 0 {
		t.Errorf("a source that drops the test mode gets %d facts", len(got))
	}
}

// TestReader_ReadsTheEventsOfMeanwhile: what happens in a list that is read already is told at the end, by its event;
// with a key that may not read events the reading ends well, and says what is not known.
func TestReader_ReadsTheEventsOfMeanwhile(t *testing.T) {
	for _, forbidden := range []bool{false, true} {
		a := historytest.NewAccount(5, 20)
		p := provider(t, nil)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if forbidden && r.URL.Path == "/v1/events" {
				http.Error(w, `{"error":{"type":"permission"}}`, http.StatusForbidden)
				return
			}
			a.Handler().ServeHTTP(w, r)
		}))
		defer server.Close()
		r, err := cardhistory.New(history.Options{
			URL: server.URL, Key: historytest.StripeKey, AllowPrivate: true, PerSecond: 1e6, Backoff: time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		told, notes := map[string]*factv1.Fact{}, ""
		for page, err := range r.Pages(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Objects {
				maps.Copy(told, facts(t, p, o.Body))
			}
			notes += page.Note
			if page.Part == "disputes" { // the last of the lists: refunds and customers are read
				a.Event("customers", "customer.created", historytest.Thing{
					"id":       "cus_late",
					"object":   "customer",
					"created":  time.Now().Unix(),
					"livemode": true,
					"email":    "late@example.com",
				})
				a.Event("", "payment_intent.created", historytest.Thing{"id": "pi_late"}) // of no interest
			}
		}
		found := false
		for _, f := range told {
			for _, i := range f.GetIdentities() {
				found = found || i.GetValue() == "late@example.com"
			}
		}
		if found == forbidden || strings.Contains(notes, "Events: Read") != forbidden {
			t.Errorf("events forbidden: %t; found %t, notes %q", forbidden, found, notes)
		}
	}
}

// TestChanges_AreTheEventsOfAWindow, and the objects too, once the events do not reach back.
func TestChanges_AreTheEventsOfAWindow(t *testing.T) {
	a := historytest.NewAccount(6, 1)
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	a.Clock(func() time.Time { return at })
	for range 3 {
		a.Event("customers", "customer.created", historytest.Thing{
			"id": at.Format("cus_0102"), "object": "customer", "created": at.Unix(), "livemode": true,
		})
		at = at.AddDate(0, 0, 20)
	}
	a.Forget(at.Add(-cardhistory.EventsKept))
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	for _, c := range []struct {
		since time.Time
		want  string
	}{
		{at.AddDate(0, 0, -21), "events 1"}, {at.AddDate(0, 0, -41), "customers 4 events 1"},
	} {
		r, err := cardhistory.NewChanges(history.Options{
			URL: server.URL, Key: historytest.StripeKey, AllowPrivate: true, PerSecond: 1e6, Since: c.since, Until: at,
		})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for page, err := range r.Pages(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			found[page.Part] += len(page.Objects)
		}
		var got []string
		for _, part := range []string{"customers", "events"} {
			if found[part] > 0 {
				got = append(got, fmt.Sprint(part, " ", found[part]))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("since %s: got %v, want %s", c.since, found, c.want)
		}
	}
}
