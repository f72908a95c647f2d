package webhook_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/stripe/webhook"
)

// TestRead_EveryFieldOfEveryType replaces each value of each recording by each type of JSON. No body is
// refused; a value in another notation changes no fact, except an object in a list, which Stripe never
// sends; and a value that no reader needs changes no fact, whatever its type.
func TestRead_EveryFieldOfEveryType(t *testing.T) {
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
		t.Run(name, func(t *testing.T) {
			p := provider(t, shop())
			recorded := facttest.Payload(name)
			original, err := p.Read(header, []byte(recorded), now)
			if err != nil {
				t.Fatal(err)
			}
			want := facttest.Reading(original)
			for m := range facttest.Mutations(recorded) {
				got, err := p.Read(header, m.Body, now)
				if err != nil {
					t.Errorf("%s: refused: %v", m, err)
					continue
				}
				readTwice(t, p, header, m)
				for _, flaw := range facttest.Flaws("pay", got, err) {
					t.Errorf("%s: %s", m, flaw)
				}
				if text := facttest.Reading(got); text != want && (m.Same && !strings.HasPrefix(m.Value, "[{") || !needed(m.Path)) {
					t.Errorf("%s: got\n%swant\n%s", m, text, want)
				}
			}
		})
	}
}

// needed reports whether a reader needs a value.
func needed(path string) bool {
	for _, p := range []string{
		"id",
		"object",
		"type",
		"created",
		"livemode",
		"data",
	} {
		if path == p || strings.HasPrefix(path, p+".") {
			return true
		}
	}
	return false
}

// readTwice replaces a second value of a payload, in the slow tests. No body is refused.
func readTwice(t *testing.T, p *webhook.Provider, header http.Header, m facttest.Mutation) {
	t.Helper()
	if os.Getenv("RODOPATH_TEST_SLOW") == "" {
		return
	}
	for second := range facttest.Mutations(string(m.Body)) {
		if got, err := p.Read(header, second.Body, now); err != nil || got.ID == "" {
			t.Errorf("%s, %s: refused: %v", m, second, err)
		}
	}
}
