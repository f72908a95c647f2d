package webhook_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/platforms/facttest"
)

// only reads body and returns its one fact.
func only(t *testing.T, body string) *factv1.Fact {
	t.Helper()
	got, err := provider(t, shop()).Read(http.Header{}, []byte(body), now)
	got.Facts = slices.DeleteFunc(got.Facts, func(f *factv1.Fact) bool { return f.GetKind() == factv1.Kind_KIND_STATE })
	if err != nil || len(got.Facts) != 1 {
		t.Fatalf("%v\n%s", err, facttest.Reading(got))
	}
	return got.Facts[0]
}

// later is the same event, sent again under another id some seconds on.
func later(body string) string {
	return strings.NewReplacer(`"evt_1"`, `"evt_2"`, `"created":1760000000`, `"created":1760000007`).Replace(body)
}

func TestRead_ChargeWithoutListOfRefundsToldTwiceIsOneRefund(t *testing.T) {
	charge := func(back int) string {
		return event(
			"charge.refunded",
			fmt.Sprintf(`{"id":"ch_1","customer":"cus_1","amount":3000,"amount_refunded":%d,"refunded":false}`, back),
		)
	}
	first := only(t, charge(1000))
	if again := only(t, later(charge(1000))); again.GetId() != first.GetId() {
		t.Error("a refund told twice is two")
	}
	if second := only(t, later(charge(2000))); second.GetId() == first.GetId() {
		t.Error("two refunds are one")
	}
}

func TestRead_DisputeToldTwiceIsOneHoldAndOneRelease(t *testing.T) {
	const dispute = `{"id":"%s","charge":"ch_1","created":1759999000,"status":"%s"}`
	opened := event("charge.dispute.created", fmt.Sprintf(dispute, "dp_1", "needs_response"))
	closed := event("charge.dispute.closed", fmt.Sprintf(dispute, "dp_1", "won"))
	hold, release := only(t, opened), only(t, closed)
	if hold.GetId() != only(t, later(opened)).GetId() || release.GetId() != only(t, later(closed)).GetId() {
		t.Error("a dispute told twice is two")
	}
	if other := only(
		t,
		event("charge.dispute.created", fmt.Sprintf(dispute, "dp_2", "needs_response")),
	); other.GetId() == hold.GetId() {
		t.Error("two disputes of one second are one")
	}
	if inquiry := only(
		t,
		event("charge.dispute.closed", fmt.Sprintf(dispute, "dp_1", "warning_closed")),
	); inquiry.GetId() == release.GetId() {
		t.Error("the end of an inquiry swallows that of the dispute")
	}
}

func TestRead_EventOfAConnectedAccountIsReadAsAnyOther(t *testing.T) {
	body := event("checkout.session.completed", session(""))
	connected := strings.Replace(body, `{"id":"evt_1"`, `{"id":"evt_1","account":"acct_1"`, 1)
	if only(t, body).GetId() != only(t, connected).GetId() {
		t.Error("the account has a part in the id")
	}
}

func TestRead_SessionNeitherPaidNorUnpaidIsNoSale(t *testing.T) {
	check(t, []reads{
		{
			"no payment status",
			event("checkout.session.completed", strings.Replace(session(""), `"payment_status":"paid",`, "", 1)),
			"silent unpaid\n",
		},
		{
			"an unknown payment status",
			event("checkout.session.completed", strings.Replace(session(""), `"paid"`, `"later"`, 1)),
			"silent unpaid\n",
		},
	})
}

func TestRead_ABuyerWithATaxNumberIsABusiness(t *testing.T) {
	const completed = "checkout.session.completed"
	buyer := func(details string) string {
		return strings.Replace(session(""), `{"email":" Ann@Example.com "}`, `{"email":"ann@example.com"`+details+`}`, 1)
	}
	const taxed = `,"tax_ids":[{"type":"eu_vat","value":"PL5260001246"}]`
	check(t, []reads{
		{"a tax number", event(completed, buyer(taxed)), paidSale + "access=one_off traits=business " + ann},
		{"none", event(completed, buyer(`,"tax_ids":[]`)), paidSale + "access=one_off " + ann},
		{"null", event(completed, buyer(`,"tax_ids":null`)), paidSale + "access=one_off " + ann},
		{
			"and a box that was not ticked",
			event(completed, strings.Replace(buyer(taxed), `"mode"`, `"consent":{"promotions":"opt_out"},"mode"`, 1)),
			paidSale + "access=one_off traits=business " + ann + "refusal 2025-10-09T08:53:20Z ref=stripe:cs_1 purposes=offers channels=email " + ann,
		},
	})
	if only(t, event(completed, buyer(taxed))).GetId() != only(t, event(completed, buyer(""))).GetId() {
		t.Error("the tax number made another sale")
	}
}

// TestRead_ASaleAbroadIsUnderTheOneStopShop has sessions and invoices of a seller with the one-stop shop.
func TestRead_ASaleAbroadIsUnderTheOneStopShop(t *testing.T) {
	seller := shop()
	seller.OSS = true
	invoiced := func(more string) string {
		return event("invoice.paid", `{"id":"in_1","customer":"cus_1","customer_email":"ann@example.com"`+more+`}`)
	}
	paid := func(details string) string {
		body := strings.Replace(session(""), `{"email":" Ann@Example.com "}`, `{"email":"ann@example.com"`+details+`}`, 1)
		return event("checkout.session.completed", body)
	}
	for name, c := range map[string]struct {
		body          string
		oss, business bool
	}{
		"a session":              {paid(`,"address":{"country":"DE"}`), true, false},
		"a session at home":      {paid(`,"address":{"country":"PL"}`), false, false},
		"a session of a company": {paid(`,"address":{"country":"DE"},"tax_ids":[{"value":"DE1"}]`), false, true},
		"an address as a text":   {paid(`,"address":"Berlin"`), false, false},
		"an invoice":             {invoiced(`,"customer_address":{"country":"FR"}`), true, false},
		"of a company":           {invoiced(`,"customer_address":{"country":"FR"},"customer_tax_ids":[{"value":"FR1"}]`), false, true},
	} {
		got, err := provider(t, seller).Read(http.Header{}, []byte(c.body), now)
		if err != nil {
			t.Fatal(err)
		}
		text := facttest.Reading(got)
		if strings.Contains(text, "oss") != c.oss || strings.Contains(text, "business") != c.business ||
			!strings.Contains(text, "sale ") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
