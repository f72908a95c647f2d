package webhook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/platforms/stripe/webhook"
)

const secret = "whsec_test"

var now = time.Unix(1_760_000_000, 0)

func shop() ingest.Source {
	return ingest.Source{
		ID:      "pay",
		Secrets: []string{secret},
		Wording: "checkout-1",
		Products: map[string]ingest.Product{
			"price_course": {Access: factv1.Access_ACCESS_COURSE, Days: 30},
			"prod_talk":    {Access: factv1.Access_ACCESS_SERVICE},
			"plink_club":   {Access: factv1.Access_ACCESS_COURSE},
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

// event writes a live event of 2025-10-09T08:53:20Z about an object.
func event(kind, object string) string {
	return fmt.Sprintf(
		`{"id":"evt_1","object":"event","created":1760000000,"livemode":true,"type":%q,"data":{"object":%s}}`,
		kind,
		object,
	)
}

// changed is an event that tells what was different before.
func changed(kind, object, previous string) string {
	return strings.TrimSuffix(event(kind, object), "}}") + `,"previous_attributes":` + previous + `}}`
}

const (
	paidSale = "sale 2025-10-09T08:53:20Z ref=stripe:cs_1 links=stripe:pi_1,stripe:in_1 "
	ann      = "who=email:ann@example.com locators=stripe:cus_1,stripe:pi_1,stripe:in_1\n"
)

// object returns the object of a recorded event.
func object(name string) string {
	var e struct {
		Data struct{ Object json.RawMessage }
	}
	if err := json.Unmarshal([]byte(facttest.Payload(name)), &e); err != nil {
		panic(err)
	}
	return string(e.Data.Object)
}

// session is a paid checkout session with further fields.
func session(more string) string { return facttest.With(object("checkout_paid"), more) }

type reads struct{ name, body, want string }

func check(t *testing.T, cases []reads) {
	t.Helper()
	p := provider(t, shop())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.Read(http.Header{}, []byte(c.body), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, facttest.Reading(got)); diff != "" {
				t.Error(diff)
			}
			for _, flaw := range facttest.Flaws("pay", got, err) {
				t.Error(flaw)
			}
		})
	}
}

func TestCheckout(t *testing.T) {
	const completed = "checkout.session.completed"
	check(t, []reads{
		{"paid", facttest.Payload("checkout_paid"), paidSale + "access=one_off " + ann},
		{"paid later", event("checkout.session.async_payment_succeeded", session("")), paidSale + "access=one_off " + ann},
		{
			"nothing to pay", event(completed, strings.Replace(session(""), `"paid"`, `"no_payment_required"`, 1)),
			paidSale + "access=one_off " + ann,
		},
		{"not paid yet", event(completed, strings.Replace(session(""), `"paid"`, `"unpaid"`, 1)), "silent unpaid\n"},
		{"bank transfer failed", event("checkout.session.async_payment_failed", session("")), "silent payment_failed\n"},
		{"left alone", event("checkout.session.expired", session("")), "silent expired\n"},
		{"card saved", facttest.Payload("checkout_card_saved"), "silent setup\n"},
		{
			"subscription",
			facttest.Payload("checkout_subscription"),
			"sale 2025-10-09T08:53:20Z ref=stripe:cs_2 links=stripe:in_2 contract=stripe:sub_2 access=subscription locators=stripe:cus_1,stripe:in_2,stripe:sub_2\n",
		},
		{
			"guest, address of the older field",
			facttest.Payload("checkout_guest"),
			"sale 2025-10-09T08:53:20Z ref=stripe:cs_3 access=one_off who=email:bob@example.com\n",
		},
		{
			"customer expanded",
			facttest.Payload("checkout_customer_expanded"),
			"sale 2025-10-09T08:53:20Z ref=stripe:cs_4 access=one_off who=email:eve@example.com locators=stripe:cus_4\n",
		},
		{"nobody", event(completed, `{"id":"cs_5","mode":"payment","payment_status":"paid"}`), "unread no_person\n"},
		{
			"an address that is none",
			event(completed, `{"id":"cs_5","mode":"payment","payment_status":"paid","customer_email":"no at sign"}`),
			"unread no_person\n",
		},
	})
}

func TestWhatIsSold(t *testing.T) {
	const completed = "checkout.session.completed"
	check(t, []reads{
		{
			"by price",
			event(completed, session(`,"line_items":{"data":[{"price":{"id":"price_course"}}]}`)),
			paidSale + "access=course days=30 " + ann,
		},
		{
			"by product expanded",
			event(completed, session(`,"line_items":{"data":[{"price":{"id":"price_x","product":{"id":"prod_talk"}}}]}`)),
			paidSale + "access=service " + ann,
		},
		{"by note", event(completed, session(`,"metadata":{"product_id":"prod_talk"}`)), paidSale + "access=service " + ann},
		{"by payment link", event(completed, session(`,"payment_link":"plink_club"`)), paidSale + "access=course " + ann},
		{
			"two kinds of things, one of them twice",
			event(
				completed,
				session(
					`,"line_items":{"data":[{"price":{"id":"price_course"}},{"price":{"id":"price_mug"}},{"price":{"id":"price_cup"}}]}`,
				),
			),
			paidSale + "access=one_off " + ann + paidSale + "access=course days=30 " + ann,
		},
	})
}

func TestPromotions(t *testing.T) {
	const completed = "checkout.session.completed"
	check(t, []reads{
		{"ticked", event(completed, session(`,"consent":{"promotions":"opt_in"}`)), paidSale + "access=one_off " + ann +
			"signup 2025-10-09T08:53:20Z ref=stripe:cs_1 wording=checkout-1 channels=email form=stripe_checkout " + ann},
		{"not ticked", event(completed, session(`,"consent":{"promotions":"opt_out"}`)), paidSale + "access=one_off " + ann +
			"refusal 2025-10-09T08:53:20Z ref=stripe:cs_1 purposes=offers channels=email " + ann},
		{
			"not asked",
			event(completed, session(`,"consent":{"promotions":null,"terms_of_service":"accepted"}`)),
			paidSale + "access=one_off " + ann,
		},
	})
}

func TestInvoices(t *testing.T) {
	const (
		sale = "sale 2025-10-09T08:36:40Z ref=stripe:in_1 "
		who  = "who=email:ann@example.com locators=stripe:cus_1,stripe:in_1,"
	)
	old := object("invoice_before_basil")
	oldSale := sale + "links=stripe:pi_1,stripe:ch_1 contract=stripe:sub_1 access=subscription paid_until=2025-11-08T08:53:20Z " + who + "stripe:pi_1,stripe:ch_1,stripe:sub_1\n"
	check(t, []reads{
		{"before Basil", facttest.Payload("invoice_before_basil"), oldSale},
		{"the same under its other name", event("invoice.payment_succeeded", old), oldSale},
		{
			"from Basil on",
			facttest.Payload("invoice_basil"),
			sale + "contract=stripe:sub_1 access=subscription paid_until=2025-11-08T08:53:20Z " + who + "stripe:sub_1\n",
		},
		{
			"not quite paid",
			event("invoice.payment_succeeded", strings.Replace(old, `"status":"paid"`, `"status":"open"`, 1)),
			"silent unpaid\n",
		},
		{
			"for one thing",
			facttest.Payload("invoice_one_thing"),
			sale + "access=course days=30 who=email:ann@example.com locators=stripe:cus_1,stripe:in_1\n",
		},
		{"over nothing", facttest.Payload("invoice_nothing_to_pay"),
			sale + "access=one_off who=email:ann@example.com locators=stripe:cus_1,stripe:in_1\n"},
		{"failed", event("invoice.payment_failed", `{"id":"in_1","customer":"cus_1"}`), "silent payment_failed\n"},
		{"voided", event("invoice.voided", old), "silent unhandled_event\n"},
		{"upcoming, which has no id", event("invoice.upcoming", `{"customer":"cus_1"}`), "silent not_a_contract\n"},
		{
			"payment of an invoice",
			facttest.Payload("invoice_payment_paid"),
			"identified 2025-10-09T08:36:40Z ref=stripe:in_1 links=stripe:pi_1 locators=stripe:in_1,stripe:pi_1\n",
		},
		{"payment outside Stripe", facttest.Payload("invoice_payment_outside"), "silent nothing_new\n"},
	})
}

func TestMoneyBack(t *testing.T) {
	const who = "who=email:ann@example.com locators=stripe:cus_1,stripe:ch_1,stripe:pi_1,stripe:in_1\n"
	refund := func(status string) string { return facttest.Change(object("refund_created"), "succeeded", status) }
	charge := func(whole bool, more string) string {
		refunded := fmt.Sprintf(`"refunded":%t`, whole)
		return facttest.With(facttest.Change(object("charge_refunded"), `"refunded":true`, refunded), more)
	}
	told := "refund 2025-10-09T08:36:40Z ref=stripe:ch_1 of=stripe:re_1 links=stripe:pi_1 locators=stripe:ch_1,stripe:pi_1\n"
	check(t, []reads{
		{"created", facttest.Payload("refund_created"), told},
		{"updated", event("refund.updated", refund("succeeded")), told},
		{"updated, under the old name", event("charge.refund.updated", refund("succeeded")), told},
		{"pending", event("refund.created", refund("pending")), "silent refund_not_done\n"},
		{"failed", event("refund.failed", refund("failed")), ""},
		{"failed after it had succeeded", event("refund.failed", refund("succeeded")), ""},
		{
			"of a payment without a charge",
			facttest.Payload("refund_without_charge"),
			"refund 2025-10-09T08:36:40Z ref=stripe:pi_1 of=stripe:re_1 locators=stripe:pi_1\n",
		},
		{"whole charge", event("charge.refunded", charge(true, `,"refunds":{"data":[`+refund("succeeded")+`]}`)),
			"refund 2025-10-09T08:36:40Z ref=stripe:ch_1 of=stripe:re_1 links=stripe:pi_1,stripe:in_1 full " + who},
		{
			"two parts of a charge, one pending",
			event(
				"charge.refunded",
				charge(false, `,"refunds":{"data":[`+refund("succeeded")+`,`+refund("pending")+`]}`),
			),
			"refund 2025-10-09T08:36:40Z ref=stripe:ch_1 of=stripe:re_1 links=stripe:pi_1,stripe:in_1 " + who,
		},
		{
			"charge with nothing but pending refunds",
			event("charge.refunded", charge(false, `,"refunds":{"data":[`+refund("pending")+`]}`)),
			"silent refund_not_done\n",
		},
		{"charge without the list", facttest.Payload("charge_refunded"),
			"refund 2025-10-09T08:53:20Z ref=stripe:ch_1 links=stripe:pi_1,stripe:in_1 full " + who},
		{"refund of nothing", event("refund.created", `{"id":"re_1","status":"succeeded"}`), "unread no_person\n"},
	})
}

// TestStates: a refund that failed takes back its own report and that of its charge, and a voided credit
// note takes back the correction.
func TestStates(t *testing.T) {
	p := provider(t, shop())
	refund := func(status string) string { return facttest.Change(object("refund_created"), "succeeded", status) }
	const note = `{"id":"cn_1","invoice":"in_1","customer":"cus_1","created":1759999000,"status":"%s"}`
	for _, c := range []struct{ name, body, facts, want string }{
		{
			"refunded", event("refund.created", refund("succeeded")),
			"refund 2025-10-09T08:36:40Z ref=stripe:ch_1 of=stripe:re_1 links=stripe:pi_1 locators=stripe:ch_1,stripe:pi_1\n",
			"stripe:re_1 2025-10-09T08:53:20Z refund\n",
		},
		{
			"failed", event("refund.failed", refund("failed")), "",
			"stripe:re_1 2025-10-09T08:53:20Z\nstripe:ch_1#refunds 2025-10-09T08:53:20Z\n",
		},
		{
			"called off", event("refund.updated", refund("canceled")), "",
			"stripe:re_1 2025-10-09T08:53:20Z\nstripe:ch_1#refunds 2025-10-09T08:53:20Z\n",
		},
		{
			"credit note", event("credit_note.created", fmt.Sprintf(note, "issued")),
			"refund 2025-10-09T08:36:40Z ref=stripe:in_1 of=stripe:cn_1 locators=stripe:cus_1,stripe:in_1\n",
			"stripe:cn_1 2025-10-09T08:53:20Z refund\n",
		},
		{"credit note, void", event("credit_note.voided", fmt.Sprintf(note, "void")), "", "stripe:cn_1 2025-10-09T08:53:20Z\n"},
	} {
		got, err := p.Read(http.Header{}, []byte(c.body), now)
		if err != nil {
			t.Fatal(err)
		}
		if facts, states := facttest.Reading(got), facttest.States(got); facts != c.facts || states != c.want {
			t.Errorf("%s: got\n%s%swant\n%s%s", c.name, facts, states, c.facts, c.want)
		}
	}
}

func TestDisputes(t *testing.T) {
	dispute := object("dispute_opened")
	check(t, []reads{
		{
			"opened",
			facttest.Payload("dispute_opened"),
			"hold 2025-10-09T08:36:40Z ref=stripe:ch_1 links=stripe:pi_1 matter=stripe:dp_1 locators=stripe:ch_1,stripe:pi_1\n",
		},
		{
			"closed",
			event("charge.dispute.closed", dispute),
			"release 2025-10-09T08:53:20Z ref=stripe:ch_1 links=stripe:pi_1 matter=stripe:dp_1 locators=stripe:ch_1,stripe:pi_1\n",
		},
		{"money moved", event("charge.dispute.funds_withdrawn", dispute), "silent unhandled_event\n"},
	})
}

func TestSubscriptions(t *testing.T) {
	sub := func(status, more string) string {
		return facttest.With(facttest.Change(object("subscription_started"), "active", status), more)
	}
	const (
		created = "customer.subscription.created"
		updated = "customer.subscription.updated"
		deleted = "customer.subscription.deleted"
		rest    = "ref=stripe:sub_1 contract=stripe:sub_1 access=subscription "
		who     = "locators=stripe:cus_1,stripe:sub_1\n"
		started = "access_started 2025-10-09T08:36:40Z " + rest + who
	)
	check(t, []reads{
		{"active at once", facttest.Payload("subscription_started"), started},
		{"on trial", event(created, sub("trialing", "")), started},
		{"first payment open", event(created, sub("incomplete", "")), "silent unpaid\n"},
		{"first payment made", changed(updated, sub("active", ""), `{"status":"incomplete"}`), started},
		{"renewed", changed(updated, sub("active", ""), `{"latest_invoice":"in_0"}`), "silent nothing_new\n"},
		{
			"cancelled for the end of the period",
			changed(updated, sub("active", `,"cancel_at_period_end":true`), `{"cancel_at_period_end":false}`),
			"silent scheduled\n",
		},
		{"payment late", changed(updated, sub("past_due", ""), `{"status":"active"}`), "silent unpaid\n"},
		{"never begun", changed(updated, sub("incomplete_expired", ""), `{"status":"incomplete"}`), "silent nothing_new\n"},
		{
			"ended at once",
			event(deleted, sub("canceled", `,"ended_at":1760000000,"current_period_end":1762592000`)),
			"access_ended 2025-10-09T08:53:20Z " + rest + who,
		},
		{
			"ended with the period",
			event(
				deleted,
				sub("canceled", `,"ended_at":1760000000,"cancel_at_period_end":true,"current_period_end":1762592000`),
			),
			"access_ended 2025-10-09T08:53:20Z " + rest + "paid_until=2025-11-08T08:53:20Z " + who,
		},
		{
			"ended with the period, from Basil on",
			event(
				deleted,
				sub(
					"canceled",
					`,"canceled_at":1760000000,"cancel_at_period_end":true,"items":{"data":[{"current_period_end":1762592000}]}`,
				),
			),
			"access_ended 2025-10-09T08:53:20Z " + rest + "paid_until=2025-11-08T08:53:20Z " + who,
		},
		{
			"trial about to end",
			event("customer.subscription.trial_will_end", sub("trialing", "")),
			"silent unhandled_event\n",
		},
	})
}

func TestCustomers(t *testing.T) {
	ann := object("customer_created")
	check(t, []reads{
		{
			"new",
			facttest.Payload("customer_created"),
			"identified 2025-10-09T08:36:40Z who=stripe:cus_1,email:ann@example.com\n",
		},
		{"new, without an address", event("customer.created", `{"id":"cus_1","email":null}`), "silent no_person\n"},
		{"another address", changed("customer.updated", ann, `{"email":"ann@old.example"}`),
			"identified 2025-10-09T08:53:20Z who=stripe:cus_1,email:ann@example.com\n" +
				"address_changed 2025-10-09T08:53:20Z who=stripe:cus_1,email:ann@example.com\n"},
		{
			"the address in other letters",
			changed("customer.updated", ann, `{"email":"ANN@example.com"}`),
			"identified 2025-10-09T08:53:20Z who=stripe:cus_1,email:ann@example.com\n",
		},
		{"no address any more", changed("customer.updated", `{"id":"cus_1","email":null}`, `{"email":"ann@old.example"}`),
			"silent nothing_new\n"},
		{
			"a first address",
			changed("customer.updated", ann, `{"email":null}`),
			"identified 2025-10-09T08:53:20Z who=stripe:cus_1,email:ann@example.com\n",
		},
		{"another name", changed("customer.updated", ann, `{"name":"Ann"}`), "silent nothing_new\n"},
		{"deleted by the seller", event("customer.deleted", ann), "silent unhandled_event\n"},
	})
}

func TestNothingToRead(t *testing.T) {
	live := `"livemode":true`
	check(t, []reads{
		{"a step of a payment", event("payment_intent.succeeded", `{"id":"pi_1"}`), "silent not_a_contract\n"},
		{"a payment that failed", event("payment_intent.payment_failed", `{"id":"pi_1"}`), "silent payment_failed\n"},
		{"a payment called off", event("payment_intent.canceled", `{"id":"pi_1"}`), "silent cancelled\n"},
		{"a captured charge", event("charge.captured", `{"id":"ch_1"}`), "silent not_a_contract\n"},
		{"a saved card", event("setup_intent.succeeded", `{"id":"seti_1"}`), "silent not_a_contract\n"},
		{
			"an account of Connect",
			event("account.updated", `{"id":"acct_1","email":"ann@example.com"}`),
			"silent unhandled_event\n",
		},
		{
			"fields of other types, in an event we do not read",
			event("radar.alert", `{"id":7,"status":{},"lines":3,"customer":[]}`),
			"silent unhandled_event\n",
		},
		{
			"test mode",
			strings.Replace(event("invoice.paid", `{"id":"in_1"}`), live, `"livemode":false`, 1),
			"silent test_mode\n",
		},
		{
			"test mode that only the object knows",
			strings.Replace(event("invoice.paid", `{"id":"in_1","livemode":false}`), live, `"x":1`, 1),
			"silent test_mode\n",
		},
		{"thin event", facttest.Payload("thin_event"), "silent thin_event\n"},
	})
}

func TestTestModeAccepted(t *testing.T) {
	source := shop()
	source.AcceptTest = true
	body := strings.Replace(
		event("customer.created", `{"id":"cus_1","email":"ann@example.com"}`),
		`"livemode":true`,
		`"livemode":false`,
		1,
	)
	got, err := provider(t, source).Read(http.Header{}, []byte(body), now)
	if err != nil || len(got.Facts) != 1 {
		t.Errorf("got %v, %v", facttest.Reading(got), err)
	}
}

// TestSameMeaningSameID tells each thing twice, as Stripe does.
func TestSameMeaningSameID(t *testing.T) {
	later := func(body string) string {
		return strings.NewReplacer(`"evt_1"`, `"evt_2"`, `"created":1760000000`, `"created":1760000007`).Replace(body)
	}
	refund := object("refund_created")
	const part = `{"id":"ch_1","customer":"cus_1","amount_refunded":500}`
	const lost = `{"id":"dp_1","charge":"ch_1","status":"lost"}`
	invoice := `{"id":"in_1","customer":"cus_1","status":"paid","lines":{"data":[{"period":{"end":%d}}]},"subscription":"sub_1"}`
	for _, c := range []struct {
		name, first, second string
		same                bool
	}{
		{"session under two event ids", event("checkout.session.completed", session("")), later(event("checkout.session.completed", session(""))), true},
		{"session completed, then paid", event("checkout.session.completed", session("")), later(event("checkout.session.async_payment_succeeded", session(""))), true},
		{"another buyer's address", event("checkout.session.completed", session("")),
			event("checkout.session.completed", strings.Replace(session(""), "Ann@", "Bob@", 1)), true},
		{"invoice under two names", event("invoice.paid", fmt.Sprintf(invoice, 1761000000)), later(event("invoice.payment_succeeded", fmt.Sprintf(invoice, 1761000000))), true},
		{"another period", event("invoice.paid", fmt.Sprintf(invoice, 1761000000)), event("invoice.paid", fmt.Sprintf(invoice, 1762000000)), false},
		{"refund under two names", event("refund.created", refund), later(event("charge.refund.updated", refund)), true},
		{"charge refunded without a list, told twice", event("charge.refunded", part), later(event("charge.refunded", part)), true},
		{"another part of a charge", event("charge.refunded", part), event("charge.refunded", strings.Replace(part, "500", "700", 1)), false},
		{"dispute closed under two event ids", event("charge.dispute.closed", lost), later(event("charge.dispute.closed", lost)), true},
		{"another dispute", event("charge.dispute.created", lost), event("charge.dispute.created", strings.Replace(lost, "dp_1", "dp_2", 1)), false},
		{"another refund of the same second", event("refund.created", refund), event("refund.created", strings.Replace(refund, "re_1", "re_2", 1)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := provider(t, shop())
			first, err1 := p.Read(http.Header{}, []byte(c.first), now)
			second, err2 := p.Read(http.Header{}, []byte(c.second), now)
			if err1 != nil || err2 != nil || len(first.Facts) == 0 || len(second.Facts) == 0 {
				t.Fatal(err1, err2, first, second)
			}
			if same := first.Facts[0].GetId() == second.Facts[0].GetId(); same != c.same {
				t.Errorf("same id: %v, want %v", same, c.same)
			}
		})
	}
}

func TestUnread(t *testing.T) {
	p := provider(t, shop())
	for name, c := range map[string]struct{ body, want string }{
		"empty":           {"", "unread not_json\n"},
		"null":            {"null", "unread not_json\n"},
		"a list":          {`[{"id":"evt_1"}]`, "unread not_json\n"},
		"two objects":     {event("invoice.paid", `{}`) + `{}`, "unread not_json\n"},
		"cut off":         {`{"id":"evt_1","type":"inv`, "unread not_json\n"},
		"nested too deep": {`{"data":` + strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000) + `}`, "unread not_json\n"},
		"no event":        {`{}`, "unread no_record\n"},
		"no object":       {event("invoice.paid", `{}`), "silent no_person\nunread no_record\n"},
	} {
		got, err := p.Read(http.Header{}, []byte(c.body), now)
		if text := facttest.Reading(got); err != nil || text != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, text, err, c.want)
		}
		for _, flaw := range facttest.Flaws("pay", got, err) {
			t.Errorf("%s: %s", name, flaw)
		}
	}
}

func TestVerify(t *testing.T) {
	p := provider(t, shop())
	body := []byte(event("invoice.paid", `{}`))
	header := http.Header{"Stripe-Signature": {stripe.Sign(secret, now, body)}}
	if err := p.Verify(header, body, now); err != nil {
		t.Error(err)
	}
	if err := p.Verify(header, body, now.Add(time.Hour)); !errors.Is(err, ingest.ErrSignature) {
		t.Errorf("an hour later: %v", err)
	}
	if err := p.Verify(http.Header{}, body, now); !errors.Is(err, ingest.ErrSignature) {
		t.Errorf("unsigned: %v", err)
	}
	if _, err := webhook.New(
		ingest.Source{ID: "pay", Secrets: []string{""}},
	); err == nil ||
		!strings.Contains(err.Error(), "pay") {
		t.Errorf("blank secret: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, body := range []string{
		event("checkout.session.completed", session(`,"consent":{"promotions":"opt_in"}`)),
		event("checkout.session.completed", strings.Replace(session(""), `"customer_details":{`, `"customer_details":{"tax_ids":[{"type":"eu_vat","value":"PL5260001246"}],`, 1)),
		event("invoice.paid", `{"id":"in_1","customer":"cus_1","lines":{"data":[{"period":{"end":1762592000}}]}}`),
		event("charge.refunded", `{"id":"ch_1","refunds":{"data":[{"id":"re_1","status":"succeeded"}]}}`),
		event("charge.dispute.created", `{"charge":"ch_1"}`),
		event("customer.subscription.deleted", `{"id":"sub_1","customer":{"id":"cus_1","email":"a@b.c"}}`),
		changed("customer.updated", `{"id":"cus_1","email":"a@b.c"}`, `{"email":"d@e.f"}`),
		event("invoice_payment.paid", `{"invoice":"in_1","payment":{"charge":"ch_1"}}`),
	} {
		f.Add([]byte(body))
	}
	p := provider(f, shop())
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := p.Read(http.Header{}, body, now)
		for _, flaw := range facttest.Flaws("pay", got, err) {
			t.Error(flaw)
		}
	})
}

func TestUnlistedProducts(t *testing.T) {
	p := provider(t, shop())
	for more, want := range map[string]string{
		`,"line_items":{"data":[{"price":{"id":"price_course"}},{"price":{"id":"price_mug","product":"prod_mug"}}]}`: "[price_mug prod_mug]",
		`,"payment_link":"plink_club"`:  "",
		`,"payment_link":"plink_other"`: "[plink_other]",
		`,"mode":"subscription"`:        "",
		``:                              "[]",
	} {
		got, err := p.Read(http.Header{}, []byte(event("checkout.session.completed", session(more))), now)
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
			t.Errorf("%s: got %s, want %s", more, text, want)
		}
	}
}
