package webhook_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
)

// TestRead_EveryFieldOfEveryType replaces each value of each recording by each type of JSON. No body is
// refused; a value in another notation changes no fact, except an object in a list, which Stripe never
// sends; and a value that no reader needs changes no fact, whatever its type.
func TestRead_EveryFieldOfEveryType(t *testing.T) {
	check := facttest.EveryType{
		Source: "pay", Read: provider(t, shop()).Read, Now: now, Needed: needed(),
		Foreign: func(m facttest.Mutation) bool { return strings.HasPrefix(m.Value, "[{") },
	}
	for name, header := range map[string]http.Header{
		"charge_refunded":            {},
		"checkout_card_saved":        {},
		"checkout_customer_expanded": {},
		"checkout_guest":             {},
		"checkout_paid":              {},
		"checkout_subscription":      {},
		"customer_created":           {},
		"dispute_opened":             {},
		"invoice_basil":              {},
		"invoice_before_basil":       {},
		"invoice_nothing_to_pay":     {},
		"invoice_one_thing":          {},
		"invoice_payment_outside":    {},
		"invoice_payment_paid":       {},
		"refund_created":             {},
		"refund_without_charge":      {},
		"subscription_started":       {},
		"thin_event":                 {},
	} {
		t.Run(name, func(t *testing.T) { check.Check(t, name, header) })
	}
}

// needed are the values that a reader needs.
func needed() []string {
	return []string{
		"id",
		"object",
		"type",
		"created",
		"livemode",
		"data",
	}
}
