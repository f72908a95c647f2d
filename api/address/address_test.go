package address_test

import (
	"testing"

	"github.com/rodopath/rodopath/api/address"
)

func TestLooks_TellsAddressesFromRecords(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                false,
		"chargeback of 2.5.2026":          false,
		"woocommerce:order/17@shop":       false,
		"17@shop/v1.2":                    false,
		"@":                               false,
		"ala@example.com":                 true,
		"asked by ala@example.com, twice": true,
		"17@shop of ala@poczta.example":   true,
		"ŻÓŁW@PRZYKŁAD.PL":                true,
	} {
		if got := address.Looks(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
