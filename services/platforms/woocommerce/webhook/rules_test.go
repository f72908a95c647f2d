package webhook_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
)

func TestRead_CashOnDeliveryIsNoSale(t *testing.T) {
	check(t, []reads{
		{"ordered", "order.created", order("processing", `,"payment_method":"cod"`), placed},
		{"handed over and paid", "order.updated", order("completed", completed+`,"payment_method":"cod"`), sale + performed},
	})
}

func TestRead_CreatedThenUpdatedIsOneSale(t *testing.T) {
	p := provider(t, shop())
	created, err1 := p.Read(topic("order.created"), []byte(order("processing", paid)), now)
	updated, err2 := p.Read(topic("order.updated"), []byte(order("completed", completed)), now)
	if err1 != nil || err2 != nil || len(created.Facts) != 3 || len(updated.Facts) != 4 { // with two states
		t.Fatal(err1, err2, facttest.Reading(created), facttest.Reading(updated))
	}
	if created.Facts[0].GetId() != updated.Facts[0].GetId() {
		t.Error("one sale has two ids")
	}
	if created.ID == updated.ID {
		t.Error("two deliveries have one id")
	}
}

func TestRead_SignedErrorIsSilentHoweverItIsWritten(t *testing.T) {
	message := func(data string) string {
		return facttest.Change(facttest.Payload("error"), `,"data":{"status":401}`, data)
	}
	check(t, []reads{
		{"with a status", "order.updated", facttest.Payload("error"), "silent platform_error\n"},
		{"with an empty list, as PHP writes it", "order.updated", message(`,"data":[]`), "silent platform_error\n"},
		{"with nothing", "order.created", message(`,"data":null`), "silent platform_error\n"},
		{"without data", "", message(""), "silent platform_error\n"},
		{
			"a coupon, which has a code too",
			"coupon.updated",
			facttest.Payload("coupon_updated"),
			"silent unhandled_event\n",
		},
	})
}

func TestRead_DatesThatAreNoneAreNoPayment(t *testing.T) {
	for _, date := range []string{`null`, `""`, `0`, `"0"`, `false`, `"0000-00-00T00:00:00"`, `"-0001-11-30T00:00:00"`} {
		check(t, []reads{{date, "order.updated", order("processing", `,"date_paid_gmt":`+date+`,"date_paid":`+date), placed}})
	}
}

// told reads an order of the shop and returns its facts.
func told(t *testing.T, body string) []*factv1.Fact {
	t.Helper()
	got, err := provider(t, shop()).Read(topic("order.updated"), []byte(body), now)
	if err != nil {
		t.Fatal(err)
	}
	return got.Facts
}

func TestRead_AnOrderThatIsChangedLaterIsPlacedAndGivenUpOnce(t *testing.T) {
	const noted = `,"date_modified_gmt":"2025-11-01T12:00:00"`
	pending, cancelled, again := told(
		t,
		order("pending", ""),
	), told(
		t,
		order("cancelled", ""),
	), told(
		t,
		order("cancelled", noted),
	)
	if pending[0].GetId() != cancelled[0].GetId() || cancelled[0].GetId() != again[0].GetId() {
		t.Error("one order is placed more than once")
	}
	if cancelled[1].GetId() != again[1].GetId() {
		t.Error("a note on an order gives it up again")
	}
	if cancelled[0].GetId() == cancelled[1].GetId() {
		t.Error("an order and its end are one fact")
	}
}

func TestRead_AnOrderPaidLaterIsTheSaleItAlwaysWas(t *testing.T) {
	at := told(t, order("processing", paid))
	failed := told(t, order("failed", ""))
	if len(at) != 3 || len(failed) != 3 || at[0].GetId() == failed[0].GetId() {
		t.Errorf("got %v and %v", at, failed)
	}
}

// company writes a company on the bill, and a note of a plugin.
func company(name, key, value string) string {
	return fmt.Sprintf(
		`,"billing":{"email":"ann@example.com","company":%q},"meta_data":[{"id":1,"key":%q,"value":%s}]`,
		name,
		key,
		value,
	)
}

// TestRead_ASaleToAConsumerInAnotherMemberStateIsUnderTheOneStopShop has the sales that a seller with the one-stop
// shop declares there (Directive 2006/112/EC Art. 369a ff.).
func TestRead_ASaleToAConsumerInAnotherMemberStateIsUnderTheOneStopShop(t *testing.T) {
	seller := shop()
	seller.OSS = true
	buyer := func(country, more string) string {
		return order("processing", paid+`,"billing":{"email":"ann@example.com","country":"`+country+`"}`+more)
	}
	for name, c := range map[string]struct {
		source ingest.Source
		body   string
		oss    bool
	}{
		"a consumer in Germany":    {seller, buyer("DE", ""), true},
		"at home":                  {seller, buyer("PL", ""), false},
		"outside of the Union":     {seller, buyer("US", ""), false},
		"no country":               {seller, buyer("", ""), false},
		"German tax":               {seller, buyer("DE", `,"tax_lines":[{"rate_code":"DE-VAT-1"}]`), true},
		"Polish tax":               {seller, buyer("DE", `,"tax_lines":[{"rate_code":"PL-VAT 23%-1"}]`), false},
		"a tax without a country":  {seller, buyer("DE", `,"tax_lines":[{"rate_code":"VAT"}]`), true},
		"goods that go to Germany": {seller, buyer("PL", `,"shipping":{"country":"DE"}`), true},
		"a seller who does not":    {shop(), buyer("DE", ""), false},
		"a business in Germany": {
			seller,
			order("processing", paid+strings.Replace(company("Acme", "nip", `"5260001246"`), `"company"`, `"country":"DE","company"`, 1)),
			false,
		},
	} {
		got, err := provider(t, c.source).Read(topic("order.created"), []byte(c.body), now)
		if err != nil {
			t.Fatal(err)
		}
		if text := facttest.Reading(got); strings.Contains(text, "oss") != c.oss || !strings.Contains(text, "sale ") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestRead_ACompanyWithATaxNumberIsABusiness(t *testing.T) {
	business := saleOf17 + "access=one_off awaited traits=business " + ann
	for _, key := range []string{"_billing_nip", "billing_nip", "nip", "vat_number", "_vat_number", "_billing_vat", "_billing_vat_number", "_billing_eu_vat_number"} {
		check(t, []reads{{key, "order.created", order("processing", paid+company("Acme", key, `"526-000-12-46"`)), business}})
	}
	check(t, []reads{
		{
			"number written as a number",
			"order.created",
			order("processing", paid+company("Acme", "nip", `5260001246`)),
			business,
		},
		{"no number", "order.created", order("processing", paid+company("Acme", "nip", `""`)), sale},
		{"a box that is ticked", "order.created", order("processing", paid+company("Acme", "_billing_vat", `"1"`)), sale},
		{"a word", "order.created", order("processing", paid+company("Acme", "nip", `"brak"`)), sale},
		{
			"a note that is no text",
			"order.created",
			order("processing", paid+company("Acme", "nip", `{"pl":"5260001246"}`)),
			sale,
		},
		{"number and no company", "order.created", order("processing", paid+company(" ", "nip", `"5260001246"`)), sale},
		{
			"company that is no text",
			"order.created",
			order("processing", paid+`,"billing":{"email":"ann@example.com","company":[]}`),
			sale,
		},
		{
			"completed",
			"order.updated",
			order("completed", completed+company("Acme", "nip", `"5260001246"`)),
			business + performed,
		},
		{"not paid", "order.updated", order("pending", company("Acme", "nip", `"5260001246"`)), placed},
	})
}

func TestRead_ASaleIsTheSameOnceItIsKnownToBeABusiness(t *testing.T) {
	before := told(t, order("processing", paid))
	after := told(t, order("processing", paid+company("Acme", "nip", `"5260001246"`)))
	if before[0].GetId() != after[0].GetId() {
		t.Error("the tax number made another sale")
	}
}

// TestSold_APartNamesItsLineAndItsProduct: a product with another number in the catalogue is another
// description of the same line.
func TestSold_APartNamesItsLineAndItsProduct(t *testing.T) {
	parts := func(items string) (sale, state []string) {
		for _, f := range told(t, order("processing", paid+`,"line_items":`+items)) {
			switch {
			case f.GetKind() == factv1.Kind_KIND_SALE:
				sale = append(sale, f.GetParts()...)
			case strings.HasSuffix(f.GetStateOf(), "#sold"):
				state = f.GetParts()
			}
		}
		return sale, state
	}
	old, state := parts(`[{"id":7,"product_id":12,"sku":"old"},{"id":8,"product_id":13,"sku":"mug"}]`)
	if len(old) != 2 || !slices.Equal(old, state) || !strings.HasPrefix(old[0], "7:") || !strings.HasPrefix(old[1], "8:") {
		t.Fatalf("parts %q of the sale, %q of the state; want the lines 7 and 8 in both", old, state)
	}
	again, _ := parts(`[{"id":7,"product_id":12,"sku":"new"},{"id":8,"product_id":0,"sku":""}]`)
	for i, part := range again {
		if part == old[i] || part[:2] != old[i][:2] {
			t.Errorf("line %s is %s after a change in the catalogue, want another product of the same line", old[i], part)
		}
	}
	if none, state := parts(`[]`); len(none)+len(state) > 0 {
		t.Errorf("parts %q and %q of an order without items", none, state)
	}
}
