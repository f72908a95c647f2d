package address_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/internal/address"
)

func TestLooks_TellsAddressesFromRecords(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                  false,
		"chargeback of 2.5.2026":            false,
		"woocommerce:order/17@shop":         false,
		"17@shop/v1.2":                      false,
		"@":                                 false,
		"20% of 2.5.2026 & more":            false,
		"order%4017":                        false,
		"ala@example.com":                   true,
		"asked by ala@example.com, twice":   true,
		"17@shop of ala@poczta.example":     true,
		"ŻÓŁW@PRZYKŁAD.PL":                  true,
		"ala%40example.com":                 true,
		"ala%2540example%2Ecom":             true,
		"?next=%2Fx%3Fe%3Dala%252540x.com":  true,
		"ala&#64;example.com":               true,
		"ala&amp;commat;example.com":        true,
		`{"email":"ala\u0040example.com"}`:  true,
		`{\"e\":\"ala\\u0040example.com\"}`: true,
		"ala＠example.com":                   true,
		"ala﹫example.com":                   true,
		"ala@example。com":                   true,
		"ala＠example．com":                   true,
		"ala%EF%BC%A0example.com":           true,
		`{"email":"ala\ufe6bexample.com"}`:  true,
		"ala&#65312;example.com":            true,
		"Ola。 Ala．":                         false,
	} {
		if got := address.Looks(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestHide_LeavesEverythingButAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"it answered 500":             "it answered 500",
		"the hold on  17@shop\nstays": "the hold on  17@shop\nstays",
		"17@shop of <ala@example.com>, paid on 2.5.2026": "17@shop of … paid on 2.5.2026",
		"GET https://shop.example/?e=ala%40x.pl failed":  "GET … failed",
		"ala@example.com":                          "…",
		" \tala@example.com\u00a0ola@example.com ": " \t…\u00a0… ",
	} {
		if got := address.Hide(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestHideAny_TakesEveryWordWithAnAt(t *testing.T) {
	const text = `Violation - Subject "rodopath.receipts.ala@example_com" of 17%40shop, 20% of them`
	if got := address.HideAny(text); got != "Violation - Subject … of … 20% of them" {
		t.Errorf("got %q", got)
	}
}

func FuzzHide(f *testing.F) {
	f.Add("17@shop of <ala%2540example.com>, paid on 2.5.2026")
	f.Fuzz(func(t *testing.T, text string) {
		hidden := address.Hide(text)
		if again := address.Hide(hidden); again != hidden {
			t.Errorf("%q: hidden again it is %q", hidden, again)
		}
	})
}
