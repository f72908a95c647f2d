package woocommerce_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/ingest/internal/facttext"
)

func TestRead_CashOnDeliveryIsNoSale(t *testing.T) {
	check(t, []reads{
		{"ordered", "order.created", order("processing", `,"payment_method":"cod"`), "silent unpaid\n"},
		{"handed over and paid", "order.updated", order("completed", completed+`,"payment_method":"cod"`), sale + performed},
	})
}

func TestRead_CreatedThenUpdatedIsOneSale(t *testing.T) {
	p := provider(t, shop())
	created, err1 := p.Read(topic("order.created"), []byte(order("processing", paid)), now)
	updated, err2 := p.Read(topic("order.updated"), []byte(order("completed", completed)), now)
	if err1 != nil || err2 != nil || len(created.Facts) != 1 || len(updated.Facts) != 2 {
		t.Fatal(err1, err2, facttext.Reading(created), facttext.Reading(updated))
	}
	if created.Facts[0].Id != updated.Facts[0].Id {
		t.Error("one sale has two ids")
	}
	if created.ID == updated.ID {
		t.Error("two deliveries have one id")
	}
}

func TestRead_SignedErrorIsSilentHoweverItIsWritten(t *testing.T) {
	const message = `{"code":"woocommerce_rest_cannot_view","message":"Sorry."`
	check(t, []reads{
		{"with a status", "order.updated", message + `,"data":{"status":401}}`, "silent platform_error\n"},
		{"with an empty list, as PHP writes it", "order.updated", message + `,"data":[]}`, "silent platform_error\n"},
		{"with nothing", "order.created", message + `,"data":null}`, "silent platform_error\n"},
		{"without data", "", message + `}`, "silent platform_error\n"},
		{"a coupon, which has a code too", "coupon.updated", `{"id":3,"code":"SPRING","amount":"5.00"}`, "silent unhandled_event\n"},
	})
}

func TestRead_DatesThatAreNoneAreNoPayment(t *testing.T) {
	for _, date := range []string{`null`, `""`, `0`, `"0"`, `false`, `"0000-00-00T00:00:00"`, `"-0001-11-30T00:00:00"`} {
		check(t, []reads{{date, "order.updated", order("processing", `,"date_paid_gmt":`+date+`,"date_paid":`+date), "silent unpaid\n"}})
	}
}
