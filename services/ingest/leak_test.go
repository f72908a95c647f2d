package ingest_test

import (
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/stripe"
)

// TestAddressesStayInside sends addresses marked "@leak." wherever a platform
// may put them, in good webhooks and in broken ones, and looks for the mark in
// everything that is kept or shown.
func TestAddressesStayInside(t *testing.T) {
	w := newWorld(t)
	post := func(source, body string, header map[string]string) {
		t.Helper()
		header["Content-Type"] = "application/json"
		a := w.send(t, "POST", "/webhooks/"+source, header, strings.NewReader(body))
		if strings.Contains(a.body, "@leak.") || a.status >= 500 {
			t.Errorf("%s answers %d %s", source, a.status, a.body)
		}
	}
	for _, body := range []string{
		facttest.Payload("checkout_with_addresses"),
		`{"id":"e@leak.example","type":"invoice.paid"}`,
		`{"id":"evt_2","type":"invoice.paid","data":{"object":{"lines":"f@leak.example"}}}`,
		`{"id":"evt_3","type":"g@leak.example"}`,
	} {
		post("pay", body, map[string]string{"Stripe-Signature": stripe.Sign(secret, epoch, []byte(body))})
		post("pay", body, map[string]string{"Stripe-Signature": "t=h@leak.example"})
	}
	for _, body := range []string{
		strings.NewReplacer("ann@example.com", "a@leak.example", `"id":17`, `"id":17,"payment_method":"stripe","transaction_id":"ch_b@leak.example"`).Replace(paidOrder),
		strings.Replace(paidOrder, `"id":17`, `"id":"c@leak.example"`, 1),
		strings.Replace(paidOrder, "processing", "d@leak.example", 1),
	} {
		post("shop", body, woo("order.created", body))
		post("shop", body, woo("e@leak.example", body))
	}
	for _, body := range []string{
		facttest.Payload("subscriber_with_addresses"),
		`{"event":"c@leak.example","email":"d@leak.example"}`,
		`{"events":"e@leak.example"}`,
	} {
		post("list", body, map[string]string{"Signature": mailerlite.Sign(secret, []byte(body))})
	}
	for _, body := range []string{
		strings.Replace(erasure, "ann@example.com", "a@leak.example", 1),
		strings.Replace(erasure, `"person"`, `"id":"b@leak.example","ref":"c@leak.example","person"`, 1),
		strings.Replace(erasure, `"email"`, `"d@leak.example"`, 1),
		strings.Replace(erasure, `"erasure"`, `"e@leak.example"`, 1),
		strings.Replace(erasure, `"2025-10-09T08:00:00Z"`, `"f@leak.example"`, 1),
		strings.Replace(erasure, `"person"`, `"traits":["g@leak.example"],"outcome":"h@leak.example","reason":"i@leak.example","told":"j@leak.example","recipient":"k@leak.example","person"`, 1),
		strings.Replace(erasure, `"person":{"email":"ann@example.com"`, `"evidence":{"text":"a@leak.example"},"person":{"email":"a@leak.example"`, 1),
	} {
		post("forms", body, ours(t, body))
	}
	if strings.Contains(w.log.String(), "@leak.") {
		t.Errorf("the log shows an address:\n%s", w.log)
	}
	found := 0
	for _, d := range w.broker.got {
		for _, f := range d.GetFacts() {
			found += len(f.GetIdentities())
			f.Identities = nil
		}
		if strings.Contains(d.String(), "@leak.") {
			t.Errorf("a delivery shows an address outside the identities: %s", d)
		}
	}
	if found == 0 {
		t.Error("nothing was delivered")
	}
}
