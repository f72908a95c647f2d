package history_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	shophistory "github.com/rodopath/rodopath/services/platforms/woocommerce/history"
	"github.com/rodopath/rodopath/services/platforms/woocommerce/webhook"
)

// reader reads a stand-in.
func reader(t *testing.T, shop http.Handler, change func(*history.Options)) *shophistory.Reader {
	t.Helper()
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	o := history.Options{
		URL: server.URL, Key: historytest.ShopKey, AllowPrivate: true, PerSecond: 1e6, Backoff: time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	r, err := shophistory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// facts reads objects as webhooks and returns the ids of their facts.
func facts(t *testing.T, p ingest.Provider, header map[string]string, body []byte) []string {
	t.Helper()
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	reading, err := p.Read(h, body, time.Now())
	if err != nil || reading.Unread != "" {
		t.Fatalf("read: %v, unread %q", err, reading.Unread)
	}
	var ids []string
	for _, f := range reading.Facts {
		ids = append(ids, f.GetId())
	}
	return ids
}

func provider(t *testing.T) ingest.Provider {
	t.Helper()
	p, err := webhook.New(ingest.Source{ID: "shop", Secrets: []string{"s3cret"}, Wording: "newsletter-offers"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// told are the facts that the webhooks of a shop tell.
func told(t *testing.T, shop *historytest.Shop) []string {
	t.Helper()
	var want []string
	p := provider(t)
	shop.Each(func(topic string, thing historytest.Thing) {
		want = append(want, facts(t, p, map[string]string{"X-WC-Webhook-Topic": topic}, thing.Body())...)
	})
	slices.Sort(want)
	return slices.Compact(want)
}

// readAll reads a shop, and begins anew at the last cursor after every pages pages; 0 reads in one go.
func readAll(t *testing.T, r *shophistory.Reader, pages int) (ids []string, objects int, notes []string) {
	t.Helper()
	p := provider(t)
	var at history.Cursor
	for done := false; !done; {
		n := 0
		for page, err := range r.Pages(t.Context(), at) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Objects {
				objects++
				ids = append(ids, facts(t, p, o.Header, o.Body)...)
			}
			if page.Note != "" {
				notes = append(notes, page.Note)
			}
			at, done = page.Next, page.Next == nil
			if n++; n == pages {
				break
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), objects, notes
}

func TestReader_TellsWhatTheWebhooksTell(t *testing.T) {
	shop := historytest.NewShop(1, 300)
	want := told(t, shop)
	for name, pages := range map[string]int{"in one go": 0, "begun anew after every page": 1, "after every third": 3} {
		got, objects, _ := readAll(t, reader(t, shop.Handler(), nil), pages)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %d facts of %d objects, want %d facts", name, len(got), objects, len(want))
		}
	}
}

func TestReader_OvercomesFaults(t *testing.T) {
	shop := historytest.NewShop(2, 80)
	want := told(t, shop)
	shop.Plan(func(call int) historytest.Fault {
		return []historytest.Fault{
			historytest.None, historytest.TooFast, historytest.Broken, historytest.Cut, historytest.Broken, historytest.Broken,
		}[call%6]
	})
	var waits int
	got, _, _ := readAll(t, reader(t, shop.Handler(), func(o *history.Options) {
		o.Waiting = func(time.Duration, error) { waits++ }
	}), 0)
	if !slices.Equal(got, want) || waits == 0 {
		t.Errorf("got %d facts after %d waits, want %d facts", len(got), waits, len(want))
	}
}

// TestReader_AnOrderThatChangesMeanwhileIsReadAgain: an order that was read is completed while later ones are read.
func TestReader_AnOrderThatChangesMeanwhileIsReadAgain(t *testing.T) {
	shop := historytest.NewShop(3, 300)
	changed := false
	shop.OnOrders(func(ids []int64) {
		if !changed && len(ids) > 0 {
			changed = true
			shop.Change(ids[0], "completed")
		}
	})
	got, _, _ := readAll(t, reader(t, shop.Handler(), nil), 0)
	for _, id := range told(t, shop) {
		if !slices.Contains(got, id) {
			t.Errorf("the fact %s of the shop in its last state was not read", id)
		}
	}
}

// TestReader_ACustomerWhoIsDeletedMeanwhileHidesNoOther: the list of customers moves up while it is read.
func TestReader_ACustomerWhoIsDeletedMeanwhileHidesNoOther(t *testing.T) {
	shop := historytest.NewShop(4, 350)
	r := reader(t, shop.Handler(), nil)
	p := provider(t)
	var got []string
	for page, err := range r.Pages(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			got = append(got, facts(t, p, o.Header, o.Body)...)
		}
		if page.Part == "customers" && shop.Calls() == 2 {
			for id := range int64(7) {
				shop.DeleteCustomer(20 + id)
			}
		}
	}
	for _, id := range told(t, shop) {
		if !slices.Contains(got, id) {
			t.Errorf("the fact %s was not read", id)
		}
	}
}

// TestReader_DatesRefunds: the list of orders has no dates of refunds, and the list of the refunds of an order has.
func TestReader_DatesRefunds(t *testing.T) {
	undated, dated := 0, 0
	for page, err := range reader(t, historytest.NewShop(9, 60).Handler(), nil).Pages(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			var order struct {
				Refunds []struct {
					Total string
					At    string `json:"date_created_gmt"`
				}
			}
			if err := json.Unmarshal(o.Body, &order); err != nil {
				t.Fatal(err)
			}
			for _, f := range order.Refunds {
				if f.At == "" || f.Total != "-49.00" {
					undated++
				} else {
					dated++
				}
			}
		}
	}
	if undated > 0 || dated == 0 {
		t.Errorf("got %d refunds with a date and %d without", dated, undated)
	}
}

func TestReader_ReadsWhatChangedSince(t *testing.T) {
	shop := historytest.NewShop(5, 200)
	since := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	_, all, _ := readAll(t, reader(t, shop.Handler(), nil), 0)
	_, recent, _ := readAll(t, reader(t, shop.Handler(), func(o *history.Options) { o.Since = since }), 0)
	if recent >= all || recent <= 200 {
		t.Errorf("got %d objects since 2024 and %d in all, want fewer, and more than the 200 customers", recent, all)
	}
}

func TestReader_SaysThatAShopHasNoSubscriptions(t *testing.T) {
	shop := historytest.NewShop(6, 20)
	shop.WithoutSubscriptions()
	_, _, notes := readAll(t, reader(t, shop.Handler(), nil), 0)
	if len(notes) == 0 || notes[0] != "The shop has no subscriptions: the extension is not installed." {
		t.Errorf("got the notes %q", notes)
	}
}

func TestReader_RefusesWhatCannotWork(t *testing.T) {
	for name, o := range map[string]history.Options{
		"no address":  {Key: historytest.ShopKey},
		"no TLS":      {URL: "http://shop.example.com", Key: historytest.ShopKey},
		"half a key":  {URL: "https://shop.example.com", Key: "ck_half"},
		"a password":  {URL: "https://ala:hunter2@shop.example.com", Key: historytest.ShopKey},
		"a parameter": {URL: "https://shop.example.com/?key=hunter2", Key: historytest.ShopKey},
	} {
		if _, err := shophistory.New(o); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the secret", name, err)
		}
	}
	for name, status := range map[string]int{"refused key": 401, "no WordPress": 404} {
		shop := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a page", status) })
		var err error
		for _, err = range reader(t, shop, nil).Pages(t.Context(), nil) {
			break
		}
		fault, _ := errors.AsType[*history.StatusError](err)
		if fault == nil || fault.Status != status {
			t.Errorf("%s: got %v, want the status %d", name, err, status)
		}
	}
}

// TestChanges_AreThoseOfAWindow: an order in the trash as well, what changed later not, and customers in a wide reading
// alone.
func TestChanges_AreThoseOfAWindow(t *testing.T) {
	shop := historytest.NewShop(4, 30)
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	shop.Clock(func() time.Time { return at })
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	for id, status := range map[int64]string{9001: "completed", 9002: "trash"} {
		shop.Order(id, 1, "buyer@example.com", status)
	}
	shop.Customer(9003, "new@example.com")
	at = at.Add(time.Hour)
	shop.Order(9004, 1, "buyer@example.com", "completed")
	for _, wide := range []bool{false, true} {
		r, err := shophistory.NewChanges(history.Options{
			URL: server.URL, Key: historytest.ShopKey, AllowPrivate: true, PerSecond: 1e6, Backoff: time.Millisecond,
			Since: at.Add(-2 * time.Hour), Until: at.Add(-30 * time.Minute),
		}, wide)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for page, err := range r.Pages(t.Context(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Objects) > 0 {
				got[page.Part] += len(page.Objects)
			}
		}
		want := map[string]int{"orders": 1, "orders in the trash": 1}
		if wide {
			want["customers"] = 1
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("wide %t (-want +got):\n%s", wide, diff)
		}
	}
}
