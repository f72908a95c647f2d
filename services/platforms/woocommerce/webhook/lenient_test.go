package webhook_test

import (
	"net/http"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
)

// TestRead_EveryFieldOfEveryType replaces each value of each recording by each type of JSON. No body is
// refused; a value in another notation of PHP changes no fact; and a value that no reader needs changes
// no fact, whatever its type.
func TestRead_EveryFieldOfEveryType(t *testing.T) {
	check := facttest.EveryType{
		Source: "shop", Read: provider(t, shop()).Read, Now: now, Needed: needed(),
	}
	for name, header := range map[string]http.Header{
		"order_pending":       topic("order.updated"),
		"order_paid":          topic("order.updated"),
		"subscription_active": topic("subscription.updated"),
		"customer_created":    topic("customer.created"),
		"product_updated":     topic("product.updated"),
	} {
		t.Run(name, func(t *testing.T) { check.Check(t, name, header) })
	}
}

// needed are the values that a reader needs.
func needed() []string {
	return []string{
		"id",
		"status",
		"code",
		"errors",
		"order",
		"customer",
		"billing",
		"billing.email",
		"email",
		"customer_id",
		"date_created_gmt",
		"date_created",
		"date_modified_gmt",
		"date_modified",
		"date_paid_gmt",
		"date_paid",
		"date_completed_gmt",
		"date_completed",
		"start_date_gmt",
		"created_via",
		"line_items",
		"refunds",
		"meta_data",
		"payment_method",
		"transaction_id",
		"parent_id",
		"total",
		"customer_ip_address",
	}
}
