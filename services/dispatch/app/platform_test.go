package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch/app"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
)

// shop is a shop at the place of the other recipients, and the source whose ids it has.
const shop = `
- {id: shop, by: woocommerce, url: $CRM, key: "file:key", source: store, allow_private: true}
`

// ordered is a decision about order 17 of the shop.
func ordered(id string) *stream.Event {
	e := natstest.Event(id, "ala", "shop")
	e.Data.Delete.Items = []stream.Item{{Category: "order", Ref: "woocommerce:order/17@store"}}
	return e
}

// noted are entries of the order that the shop does not change.
const noted = `[{"id":3,"key":"_firma_nip","value":"5260001246"},{"id":4,"key":"_stock","value":"1"}]`

// sells answers as a shop with one order and no accounts.
func (w *world) sells() {
	w.file("key", "ck_1:cs_1\n")
	w.answers(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		key, _, _ := r.BasicAuth()
		switch path, _ := strings.CutPrefix(r.URL.Path, "/wp-json/wc/v3"); {
		case key != "ck_1":
			rw.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodGet && path == "/orders/17":
			fmt.Fprint(rw, `{"id":17,"total":"9.00","billing":{"email":"ala@leak.example"},"meta_data":`+noted+`}`)
		case r.Method == http.MethodPut && path == "/orders/17":
			fmt.Fprint(rw, `{"id":17,"total":"9.00","billing":{"email":""},"meta_data":`+noted+`}`)
		case slices.Contains([]string{"/orders/17/notes", "/customers", "/orders", "/products/reviews"}, path):
			fmt.Fprint(rw, `[]`)
		default:
			t := "unexpected " + r.Method
			http.Error(rw, t, http.StatusTeapot)
		}
	})
}

func TestApp_DeletesAtAPlatformAndSaysWhatItDid(t *testing.T) {
	w := newWorld(t)
	w.sells()
	w.nats.Publish(w.js, ordered("d1"))
	a := w.start(shop, nil)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.receipts(); len(got) != 1 || got["d1:shop:done"].Outcome != "done" {
		t.Errorf("got %+v", got)
	}
}

// TestApp_ErasesWhatTheSourcesReadOfTheBuyer: a tax number under the configured key counts as data of the buyer.
func TestApp_ErasesWhatTheSourcesReadOfTheBuyer(t *testing.T) {
	w := newWorld(t)
	w.sells()
	w.nats.Publish(w.js, ordered("d1"))
	source := "sources:\n- {id: store, platform: woocommerce, secrets: [\"file:key\"], tax_id_keys: [_firma_nip]}\n"
	a := w.start(shop+source, nil)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.receipts(); len(got) != 1 || got["d1:shop:partial"].Outcome != "partial" {
		t.Errorf("got %+v", got)
	}
}

func TestApp_ADryRunOfAPlatformShowsTheCalls(t *testing.T) {
	w := newWorld(t)
	w.sells()
	w.nats.Publish(w.js, ordered("d1"))
	w.start(shop, func(o *app.Options) { o.DryRun = true })
	want := fmt.Sprintf(
		`msg="dry run: would call" recipient=shop method=PUT url=%s/wp-json/wc/v3/orders/17 decision=d1`,
		w.crm.URL,
	)
	until(t, want, func() bool { return strings.Contains(w.log.String(), want) })
	if got := w.receipts(); len(got) != 0 {
		t.Errorf("it tells %+v", got)
	}
}

func TestApp_WantsTheKeyOfAPlatform(t *testing.T) {
	w := newWorld(t)
	w.file("key", "ck_1")
	w.file("word", "token")
	w.file("stripe", "rk_1")
	for want, recipients := range map[string]string{
		":2:3: recipient shop: key: the form is consumer key":    shop,
		":1:14: recipient shop: key: read secret file:empty":     `[{id: shop, by: mailerlite, key: "file:empty", source: x}]`,
		":1:14: recipient l: url must begin with https://, beca": `[{id: l, by: mailerlite, url: "http://ml.example", key: "file:word", source: x}]`,
		":1:14: recipient c: url must begin with https://, beca": `[{id: c, by: stripe, url: "http://card.example", key: "file:stripe", source: x}]`,
		":1:14: recipient shop: url must begin with https://, b": `[{id: shop, by: woocommerce, url: "http://shop.example", key: "file:key", source: x}]`,
	} {
		if _, err := app.New(
			t.Context(),
			app.Options{Config: w.config(recipients), NATS: w.nats.Connect(), Checker: natstest.Standing{}},
		); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
