package webhook_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
	"github.com/rodopath/rodopath/services/platforms/woocommerce/webhook"
)

const secret = "s3cret"

var now = time.Unix(1_760_000_000, 0)

func shop() ingest.Source {
	return ingest.Source{
		ID:      "shop",
		Secrets: []string{secret},
		Wording: "checkout-1",
		Products: map[string]ingest.Product{
			"501":       {Access: factv1.Access_ACCESS_COURSE, Days: 90},
			"TALK-1":    {Access: factv1.Access_ACCESS_SERVICE},
			"101":       {Access: factv1.Access_ACCESS_COURSE},
			"workshops": {Access: factv1.Access_ACCESS_SERVICE},
		},
	}
}

func provider(t testing.TB, source ingest.Source) *webhook.Provider {
	t.Helper()
	p, err := webhook.New(source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func topic(s string) http.Header {
	return http.Header{"X-Wc-Webhook-Topic": {s}, "X-Wc-Webhook-Id": {"7"}}
}

// order is the recorded order 17 of Ann, customer 5, in a status; further fields replace the usual
// ones.
func order(status, more string) string {
	return facttest.With(facttest.Change(facttest.Payload("order_pending"), "pending", status), more)
}

const (
	paid      = `,"date_paid_gmt":"2025-10-09T08:05:00"`
	completed = paid + `,"date_completed_gmt":"2025-10-09T08:30:00"`
	ann       = "who=email:ann@example.com locators=woocommerce:5@shop\n"
	account   = "who=woocommerce:5@shop,email:ann@example.com\n"
	saleOf17  = "sale 2025-10-09T08:05:00Z ref=woocommerce:order/17@shop "
	sale      = saleOf17 + "access=one_off awaited " + ann
	performed = "performed 2025-10-09T08:30:00Z ref=woocommerce:order/17@shop access=one_off " + ann
	placed    = "order_placed 2025-10-09T08:00:00Z ref=woocommerce:order/17@shop " + ann
	expired   = "order_expired 2025-10-09T09:00:00Z ref=woocommerce:order/17@shop " + ann
	signup    = "signup 2025-10-09T08:00:00Z ref=woocommerce:order/17@shop wording=checkout-1 channels=email form=woocommerce_checkout ip=192.0.2.7 " + ann
)

type reads struct{ name, topic, body, want string }

func check(t *testing.T, cases []reads) {
	t.Helper()
	p := provider(t, shop())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.Read(topic(c.topic), []byte(c.body), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, facttest.Reading(got)); diff != "" {
				t.Error(diff)
			}
			for _, flaw := range facttest.Flaws("shop", got, err) {
				t.Error(flaw)
			}
		})
	}
}

func TestOrders(t *testing.T) {
	check(t, []reads{
		{"paid", "order.created", order("processing", paid), sale},
		{"paid, told again", "order.updated", order("processing", paid), sale},
		{"restored", "order.restored", order("processing", paid), sale},
		{"completed", "order.updated", order("completed", completed), sale + performed},
		{
			"completed, and no word of when",
			"order.updated",
			order("completed", paid),
			sale + strings.Replace(performed, "08:30", "09:00", 1),
		},
		{"paid while on hold", "order.updated", order("on-hold", paid), sale},
		{"cash on delivery", "order.created", order("processing", ""), placed},
		{"date of payment empty", "order.created", order("processing", `,"date_paid_gmt":""`), placed},
		{"date of payment zero", "order.created", order("processing", `,"date_paid_gmt":0`), placed},
		{
			"local date of payment, zone unknown",
			"order.created",
			order("processing", `,"date_paid":"2025-10-09T10:05:00"`),
			"silent unpaid\n",
		},
		{"waiting for payment", "order.created", order("pending", ""), placed},
		{"waiting for a bank transfer", "order.created", order("on-hold", ""), placed},
		{
			"placed, and no word of when",
			"order.created",
			order("pending", `,"date_created_gmt":null`),
			"order_placed - ref=woocommerce:order/17@shop " + ann,
		},
		{
			"not paid, without a person",
			"order.created",
			order("pending", `,"customer_id":0,"billing":{"email":""}`),
			"silent no_person\n",
		},
		{"payment failed", "order.updated", order("failed", ""), placed + expired},
		{"given up", "order.updated", order("cancelled", ""), placed + expired},
		{"given up after it was paid", "order.updated", order("cancelled", paid), sale + expired},
		{
			"completed, without a date of payment",
			"order.updated",
			order("completed", `,"date_completed_gmt":"2025-10-09T08:30:00"`),
			strings.Replace(sale, "08:05", "08:30", 1) + performed,
		},
		{
			"completed, and no date at all", "order.updated", order("completed", ""),
			strings.NewReplacer("08:05", "09:00", "08:30", "09:00").Replace(sale + performed),
		},
		{"status of a plugin, not paid", "order.updated", order("packing", ""), placed},
		{"status of a plugin", "order.updated", order("packing", paid), sale},
		{"draft", "order.updated", order("draft", paid), "silent draft\n"},
		{"draft of the checkout", "order.created", order("checkout-draft", paid), "silent draft\n"},
		{"draft by itself", "order.created", order("auto-draft", paid), "silent draft\n"},
		{"thrown away", "order.updated", order("trash", paid), sale + expired},
		{"thrown away, never paid", "order.updated", order("trash", ""), "silent trash\n"},
		{
			"guest",
			"order.created",
			order("processing", paid+`,"customer_id":0`),
			strings.Replace(sale, " locators=woocommerce:5@shop", "", 1),
		},
		{
			"guest without an address",
			"order.created",
			order("processing", paid+`,"customer_id":0,"billing":{"email":""}`),
			"unread no_person\n",
		},
		{
			"guest with a phone and without an address",
			"order.created",
			order("processing", paid+`,"customer_id":0,"billing":{"email":"","phone":"600 100 200"}`),
			saleOf17 + "access=one_off phone=given awaited locators=woocommerce:order/17@shop\n",
		},
		{
			"erased by the shop itself",
			"order.updated",
			order("completed", completed+`,"customer_id":0,"billing":{"email":"deleted@site.invalid"},`+
				`"meta_data":[{"key":"_anonymized","value":"yes"}]`),
			"order_expired 2025-10-09T09:00:00Z ref=woocommerce:order/17@shop reason=\"anonymized by the shop\" " +
				"locators=woocommerce:order/17@shop\nsilent anonymized_by_shop\n",
		},
		{
			"registered without an address",
			"order.created",
			order("processing", paid+`,"billing":{"email":""}`),
			strings.Replace(sale, " who=email:ann@example.com", "", 1),
		},
		{
			"billing as PHP writes an empty object",
			"order.created",
			order("processing", paid+`,"billing":[]`),
			strings.Replace(sale, " who=email:ann@example.com", "", 1),
		},
		{
			"numbers as texts, lists as nulls",
			"order.created",
			order("processing", paid+`,"id":"17","customer_id":"5","refunds":null,"meta_data":null`),
			sale,
		},
		{
			"deleted", "order.deleted", `{"id":17}`,
			"order_expired 2025-10-09T08:53:20Z ref=woocommerce:order/17@shop locators=woocommerce:order/17@shop\n",
		},
		{"deleted, without a number", "order.deleted", `{}`, "silent deleted_by_shop\n"},
	})
}

func TestWhatIsSold(t *testing.T) {
	items := func(list string) string { return order("processing", paid+`,"line_items":[`+list+`]`) }
	check(t, []reads{
		{
			"by variation before product",
			"order.created",
			items(`{"product_id":101,"variation_id":501}`),
			saleOf17 + "access=course days=90 " + ann,
		},
		{"by SKU", "order.created", items(`{"product_id":9,"sku":"TALK-1"}`), saleOf17 + "access=service awaited " + ann},
		{"by product", "order.created", items(`{"product_id":"101","sku":123}`), saleOf17 + "access=course " + ann},
		{
			"by category",
			"order.created",
			items(`{"product_id":9,"categories":[{"id":3,"slug":"workshops"}]}`),
			saleOf17 + "access=service awaited " + ann,
		},
		{
			"two kinds", "order.updated", items(`{"product_id":101},{"product_id":9},{"product_id":10}`),
			sale + saleOf17 + "access=course " + ann,
		},
		{"nothing named", "order.created", items(``), sale},
		{
			"a course is not over when its order is",
			"order.updated",
			order("completed", completed+`,"line_items":[{"product_id":101}]`),
			saleOf17 + "access=course " + ann,
		},
		{
			"renewal",
			"order.created",
			order("completed", completed+`,"meta_data":[{"key":"_subscription_renewal","value":"282"}]`),
			saleOf17 + "contract=woocommerce:subscription/282@shop access=subscription " + ann,
		},
		{
			"switch", "order.created", order("processing", paid+`,"meta_data":[{"key":"_subscription_switch","value":282}]`),
			saleOf17 + "contract=woocommerce:subscription/282@shop access=subscription " + ann,
		},
	})
}

func TestUnlistedProducts(t *testing.T) {
	p := provider(t, shop())
	for list, want := range map[string]string{
		`{"product_id":101},{"product_id":9,"sku":"MUG"},{"product_id":10}`: "[MUG 9] [10]",
		`{"product_id":101}`: "",
		``:                   "[]",
	} {
		got, err := p.Read(topic("order.updated"), []byte(order("processing", paid+`,"line_items":[`+list+`]`)), now)
		if err != nil {
			t.Fatal(err)
		}
		var unlisted []string
		for _, f := range got.Facts {
			for _, product := range f.GetUnlisted() {
				unlisted = append(unlisted, fmt.Sprint(product.GetKeys()))
			}
		}
		if text := strings.Join(unlisted, " "); text != want {
			t.Errorf("%s: got %s, want %s", list, text, want)
		}
	}
}

func TestPaymentLinks(t *testing.T) {
	const intent = `,"meta_data":[{"key":"_stripe_intent_id","value":"pi_1"},{"key":"_pao","value":{"a":[1]}}],"transaction_id":"ch_1"`
	check(t, []reads{
		{
			"Stripe", "order.created", order("processing", paid+intent+`,"payment_method":"stripe"`),
			saleOf17 + "links=stripe:pi_1,stripe:ch_1 access=one_off awaited " + ann,
		},
		{
			"WooPayments",
			"order.created",
			order("processing", paid+`,"payment_method":"woocommerce_payments","transaction_id":"pi_2"`),
			saleOf17 + "links=stripe:pi_2 access=one_off awaited " + ann,
		},
		{"another gateway", "order.created", order("processing", paid+intent), sale},
		{
			"an address for a transaction",
			"order.created",
			order("processing", paid+`,"payment_method":"stripe","transaction_id":"ch_ann@example.com"`),
			sale,
		},
	})
}

func TestOptIn(t *testing.T) {
	meta := func(key, value string) string {
		return fmt.Sprintf(`,"created_via":"checkout","meta_data":[{"id":1,"key":%q,"value":%s}]`, key, value)
	}
	noForm := strings.Replace(signup, "form=woocommerce_checkout ", "", 1)
	check(t, []reads{
		{"MailerLite", "order.created", order("processing", paid+meta("_woo_ml_subscribe", `"1"`)), signup + sale},
		{
			"Mailchimp",
			"order.created",
			order("processing", paid+meta("mailchimp_woocommerce_is_subscribed", `true`)),
			signup + sale,
		},
		{"MC4WP", "order.created", order("processing", paid+meta("_mc4wp_optin", `1`)), signup + sale},
		{"Creative Mail", "order.created", order("processing", paid+meta("ce4wp_checkout_consent", `"yes"`)), signup + sale},
		{"ticked and not paid", "order.created", order("pending", meta("_woo_ml_subscribe", `"1"`)), signup + placed},
		{
			"ticked, and a status of a plugin",
			"order.created",
			order("packing", meta("_woo_ml_subscribe", `"1"`)),
			signup + placed,
		},
		{
			"without an origin: no evidence of a form",
			"order.created",
			order("pending", `,"meta_data":[{"id":1,"key":"_woo_ml_subscribe","value":"1"}]`),
			noForm + placed,
		},
		{
			"ticked in one entry and not in another: a no",
			"order.created",
			order("pending", `,"created_via":"checkout","meta_data":[{"id":1,"key":"_woo_ml_subscribe","value":"1"},`+
				`{"id":2,"key":"_woo_ml_subscribe","value":"0"}]`),
			placed,
		},
		{
			"an order in full under the topic of an action",
			"action.woocommerce_order_status_completed",
			order("pending", ""),
			placed,
		},
		{
			"a copy of an order of a subscription",
			"order.created",
			order("pending", `,"created_via":"checkout","meta_data":[{"id":1,"key":"_woo_ml_subscribe","value":"1"},`+
				`{"id":2,"key":"_subscription_renewal_early","value":"yes"}]`),
			placed,
		},
		{"ticked on a draft", "order.created", order("checkout-draft", meta("_woo_ml_subscribe", `"1"`)), "silent draft\n"},
		{"empty is no refusal", "order.created", order("processing", paid+meta("_mc4wp_optin", `""`)), sale},
		{"zero is no refusal", "order.created", order("processing", paid+meta("ce4wp_checkout_consent", `"0"`)), sale},
		{
			"unsubscribed is no consent",
			"order.created",
			order("processing", paid+meta("mailchimp_woocommerce_is_subscribed", `"unsubscribed"`)),
			sale,
		},
		{
			"ticked without an address",
			"order.created",
			order("processing", paid+meta("_woo_ml_subscribe", `"1"`)+`,"billing":{"email":""}`),
			strings.Replace(sale, " who=email:ann@example.com", "", 1),
		},
	})
}

func TestRefunds(t *testing.T) {
	const refund = "refund 2025-10-09T09:00:00Z ref=woocommerce:order/17@shop "
	check(t, []reads{
		{
			"a part",
			"order.updated",
			order("completed", completed+`,"refunds":[{"id":71,"reason":"","total":"-10.00"},{"id":0,"total":"-0.00"}]`),
			sale + performed + refund + "links=woocommerce:refund/71@shop " + ann,
		},
		{
			"parts that make the whole",
			"order.updated",
			order("completed", completed+`,"refunds":[{"id":72,"total":"-20.00"},{"id":71,"total":"-10"}]`),
			sale + performed + refund + "links=woocommerce:refund/72@shop full " + ann + refund + "links=woocommerce:refund/71@shop " + ann,
		},
		{
			"with a date, which no webhook has and a history does",
			"order.updated",
			order("completed", completed+`,"refunds":[{"id":71,"total":"-10.00","date_created_gmt":"2025-10-07T08:00:00"}]`),
			sale + performed + "refund 2025-10-07T08:00:00Z ref=woocommerce:order/17@shop links=woocommerce:refund/71@shop " + ann,
		},
		{
			"the status says whole", "order.updated", order("refunded", paid+`,"refunds":[{"id":71,"total":"-29.99"}]`),
			sale + refund + "links=woocommerce:refund/71@shop full " + ann,
		},
		{"the status alone", "order.updated", order("refunded", paid), sale + refund + "full " + ann},
		{"of an order never paid", "order.updated", order("refunded", ""), placed + expired},
	})
}

func TestSubscriptions(t *testing.T) {
	sub := func(status, more string) string {
		return facttest.With(facttest.Change(facttest.Payload("subscription_active"), "active", status), more)
	}
	const rest = "ref=woocommerce:order/17@shop contract=woocommerce:subscription/282@shop access=subscription " + ann
	const ended = "ref=woocommerce:order/17@shop of=woocommerce:subscription/282@shop contract=woocommerce:subscription/282@shop access=subscription " + ann
	check(t, []reads{
		{"active", "subscription.updated", sub("active", ""), "access_started 2025-10-09T08:10:00Z " + rest},
		{
			"active, made by hand",
			"subscription.created",
			sub("active", `,"parent_id":0,"start_date_gmt":null`),
			"access_started 2025-10-09T08:00:00Z ref=woocommerce:subscription/282@shop contract=woocommerce:subscription/282@shop access=subscription " + ann,
		},
		{
			"expired",
			"subscription.updated",
			sub("expired", `,"end_date_gmt":"2025-11-09T08:10:00"`),
			"access_ended 2025-11-09T08:10:00Z " + ended,
		},
		{
			"cancelled",
			"subscription.updated",
			sub("cancelled", `,"cancelled_date_gmt":"2025-10-20T00:00:00"`),
			"access_ended 2025-10-20T00:00:00Z " + ended,
		},
		{
			"cancelled, and no word of when",
			"subscription.updated",
			sub("cancelled", ""),
			"access_ended 2025-10-09T09:00:00Z " + ended,
		},
		{"cancelled for the end of the period", "subscription.updated", sub("pending-cancel", ""), "silent scheduled\n"},
		{"payment late", "subscription.updated", sub("on-hold", ""), "silent unpaid\n"},
		{"not begun", "subscription.created", sub("pending", ""), "silent unpaid\n"},
		{
			"replaced by another, which is reported within a day",
			"subscription.updated",
			sub("switched", ""),
			"access_ended 2025-10-09T09:00:00Z " +
				strings.Replace(ended, "subscription who", "subscription paid_until=2025-10-10T09:00:00Z who", 1),
		},
		{"thrown away", "subscription.updated", sub("trash", ""), "silent trash\n"},
		{"nobody", "subscription.updated", sub("active", `,"customer_id":0,"billing":{}`), "silent no_person\n"},
		{"deleted", "subscription.deleted", `{"id":282}`, "silent deleted_by_shop\n"},
	})
}

func TestOtherRecords(t *testing.T) {
	customer := facttest.Payload("customer_created")
	check(t, []reads{
		{"customer", "customer.created", customer, "identified 2025-10-09T08:00:00Z " + account},
		{
			"customer with the address on the bills",
			"customer.updated",
			`{"id":5,"email":"","billing":{"email":"ann@example.com"}}`,
			"silent no_person\n",
		},
		{"customer without an address", "customer.updated", `{"id":5,"email":""}`, "silent no_person\n"},
		{"customer deleted", "customer.deleted", `{"id":5}`, "silent deleted_by_shop\n"},
		{"product", "product.updated", facttest.Payload("product_updated"), "silent unhandled_event\n"},
		{
			"hook",
			"action.woocommerce_add_to_cart",
			facttest.Payload("action_add_to_cart"),
			"silent unhandled_event\n",
		},
		{"error message", "order.updated", facttest.Payload("error"), "silent platform_error\n"},
		{"no topic, an order", "", order("processing", paid), sale},
		{"no topic, a customer", "", customer, "identified 2025-10-09T08:00:00Z " + account},
		{"no topic, something deleted", "", `{"id":17}`, "silent deleted_by_shop\n"},
		{"no topic, no shape", "", `{"hello":"world"}`, "silent unhandled_event\n"},
	})
}

func TestZoneOfTheShop(t *testing.T) {
	source := shop()
	source.Zone = time.FixedZone("shop", 2*60*60)
	body := order("processing", `,"date_paid":"2025-10-09T10:05:00"`)
	got, err := provider(t, source).Read(topic("order.created"), []byte(body), now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sale, facttest.Reading(got)); diff != "" {
		t.Error(diff)
	}
}

// TestSameMeaningSameID tells an order once when it is made and five times when
// it changes.
func TestSameMeaningSameID(t *testing.T) {
	p := provider(t, shop())
	ids := func(body string) map[factv1.Kind][]string {
		t.Helper()
		got, err := p.Read(topic("order.updated"), []byte(body), now)
		if err != nil {
			t.Fatal(err)
		}
		all := map[factv1.Kind][]string{}
		for _, f := range got.Facts {
			all[f.GetKind()] = append(all[f.GetKind()], f.GetId())
		}
		return all
	}
	first := ids(order("processing", paid))
	for i := range 5 {
		more := fmt.Sprintf(
			`,"date_modified_gmt":"2025-10-1%dT09:00:00","refunds":[{"id":71,"total":"-1"},{"id":72,"total":"-1"}],"billing":{"email":"bob%d@example.com"}`,
			i,
			i,
		)
		again := ids(order("completed", completed+more))
		if diff := cmp.Diff(first[factv1.Kind_KIND_SALE], again[factv1.Kind_KIND_SALE]); diff != "" {
			t.Error("sale:", diff)
		}
		delete(again, factv1.Kind_KIND_STATE) // every change is a state of its own
		if i == 0 {
			first = again
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
		refunds := again[factv1.Kind_KIND_REFUND]
		if len(refunds) != 2 || refunds[0] == refunds[1] {
			t.Error("two refunds are one:", refunds)
		}
	}
	other := ids(strings.Replace(order("processing", paid), `"id":17`, `"id":18`, 1))
	if slices.Equal(other[factv1.Kind_KIND_SALE], first[factv1.Kind_KIND_SALE]) {
		t.Error("two orders are one")
	}
}

func TestDeliveryID(t *testing.T) {
	p := provider(t, shop())
	id := func(h http.Header, body string) string {
		r, err := p.Read(h, []byte(body), now)
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	base := id(topic("order.updated"), order("processing", paid))
	if !strings.HasPrefix(base, "7:order.updated:") || len(base) != len("7:order.updated:")+32 {
		t.Errorf("got %s", base)
	}
	if again := id(topic("order.updated"), order("processing", paid)); again != base {
		t.Error("a repeated delivery has another id")
	}
	if other := id(topic("order.updated"), order("completed", paid)); other == base {
		t.Error("another body has the same id")
	}
	odd := http.Header{"X-Wc-Webhook-Topic": {"Order Ann@Example.com"}, "X-Wc-Webhook-Id": {"ann@example.com"}}
	if got := id(odd, order("processing", paid)); !strings.HasPrefix(got, "0::") {
		t.Errorf("odd headers: got %s", got)
	}
}

func TestUnread(t *testing.T) {
	p := provider(t, shop())
	for name, c := range map[string]struct{ body, want string }{
		"empty":            {"", "unread not_json\n"},
		"a list":           {"[]", "unread not_json\n"},
		"cut off":          {`{"id":17`, "unread not_json\n"},
		"trailing":         {order("processing", paid) + "x", "unread not_json\n"},
		"a form":           {"webhook_id=1", "unread not_json\n"},
		"an address as id": {`{"id":"ann@example.com","status":"processing"}`, "silent no_person\nunread no_record\n"},
		"legacy order":     {`{"order":{"id":17,"billing_address":{"email":"ann@example.com"}}}`, "unread unsupported_version\n"},
		"legacy error":     {`{"errors":{"woocommerce_api_user_cannot_read_order":["no"]}}`, "silent platform_error\n"},
		"not UTF-8":        {facttest.Change(order("processing", paid), "MUG", "M\xffG"), sale},
		"byte order mark":  {"\uFEFF" + order("processing", paid), sale},
	} {
		got, err := p.Read(topic("order.updated"), []byte(c.body), now)
		if text := facttest.Reading(got); err != nil || text != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, text, err, c.want)
		}
		for _, flaw := range facttest.Flaws("shop", got, err) {
			t.Errorf("%s: %s", name, flaw)
		}
	}
}

func TestVerify(t *testing.T) {
	p := provider(t, shop())
	body := order("processing", paid)
	sign := func(secret string) http.Header {
		return http.Header{"X-Wc-Webhook-Signature": {woocommerce.Sign(secret, []byte(body))}}
	}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		want   error
	}{
		"signed":              {sign(secret), body, nil},
		"another secret":      {sign("other"), body, ingest.ErrSignature},
		"another body":        {sign(secret), body + " ", ingest.ErrSignature},
		"unsigned":            {http.Header{}, body, ingest.ErrSignature},
		"ping":                {http.Header{}, "webhook_id=12", ingest.ErrPing},
		"ping and more":       {http.Header{}, "webhook_id=12&x=1", ingest.ErrSignature},
		"ping without number": {http.Header{}, "webhook_id=", ingest.ErrSignature},
		"signed ping":         {sign(secret), "webhook_id=12", ingest.ErrSignature},
	} {
		if err := p.Verify(c.header, []byte(c.body), now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := webhook.New(ingest.Source{ID: "shop"}); err == nil || !strings.Contains(err.Error(), "shop") {
		t.Errorf("no secret: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	const meta = `,"meta_data":[{"key":"_woo_ml_subscribe","value":"1"},{"key":"_subscription_renewal","value":"3"}]`
	f.Add(
		"order.updated",
		[]byte(
			order(
				"completed",
				completed+meta+`,"refunds":[{"id":1,"total":"-1.5"}],"payment_method":"stripe","transaction_id":"ch_1"`,
			),
		),
	)
	f.Add(
		"subscription.updated",
		[]byte(`{"id":2,"parent_id":1,"status":"cancelled","customer_id":3,"date_modified_gmt":"2025-10-09T08:00:00"}`),
	)
	f.Add("customer.updated", []byte(`{"id":2,"email":"a@b.c","billing":[]}`))
	f.Add("order.deleted", []byte(`{"id":2}`))
	f.Add("order.created", []byte(order("pending", "")))
	f.Add("order.updated", []byte(order("failed", `,"date_modified_gmt":""`)))
	f.Add("order.updated", []byte(order("processing", paid+company("Acme", "_billing_nip", `"5260001246"`))))
	f.Add("", []byte(`{"code":"x","data":{"status":401}}`))
	p := provider(f, shop())
	f.Fuzz(func(t *testing.T, about string, body []byte) {
		got, err := p.Read(topic(about), body, now)
		for _, flaw := range facttest.Flaws("shop", got, err) {
			t.Error(flaw)
		}
	})
}

// TestRead_ABoxIsOneSignupWhateverTheDateOfItsOrder: the owner may change the date of an order.
func TestRead_ABoxIsOneSignupWhateverTheDateOfItsOrder(t *testing.T) {
	ids := map[string]bool{}
	for _, created := range []string{"2025-10-01T08:00:00", "2025-10-09T08:00:00"} {
		body := order("processing", paid+`,"meta_data":[{"key":"_mc4wp_optin","value":"1"}],"date_created_gmt":"`+created+`"`)
		got, err := provider(t, shop()).Read(topic("order.updated"), []byte(body), now)
		if err != nil || got.Facts[0].GetKind() != factv1.Kind_KIND_SIGNUP {
			t.Fatal(got, err)
		}
		ids[got.Facts[0].GetId()] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d sign-ups, want 1", len(ids))
	}
}
