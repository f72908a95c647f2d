package ingest_test

import (
	"net/http"
	"testing"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// orderOf is a provider whose webhooks report one order under the address in the body.
type orderOf struct{ ingest.Provider }

func (orderOf) Read(_ http.Header, body []byte, _ time.Time) (ingest.Reading, error) {
	f := &factv1.Fact{
		Ref:        "woocommerce:order/17@shop",
		Identities: []*factv1.Identity{{Kind: "email", Value: string(body)}},
	}
	noRecord := &factv1.Fact{Identities: f.GetIdentities()}
	return ingest.Reading{Facts: []*factv1.Fact{f, noRecord}}, nil
}

func TestWithoutPlaceholders_APlaceholderIsNobody(t *testing.T) {
	p := ingest.WithoutPlaceholders(
		orderOf{},
		[]string{"*@Guest.marketplace.example", "pos@shop.example", "till-*@shop.example"},
	)
	for email, want := range map[string]bool{
		"deleted@site.invalid":        true,
		"7d1c0ffee@site.invalid":      true,
		"x@guest.marketplace.example": true,
		"pos@shop.example":            true,
		"till-7@shop.example":         true,
		"ala@example.com":             false,
		"ala@shop.example":            false,
		"spos@shop.example":           false,
		"ala@invalid.example":         false,
	} {
		r, err := p.Read(nil, []byte(email), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		f := r.Facts[0]
		if got := len(f.GetIdentities()) == 0; got != want || got != (len(f.GetLocators()) == 1) {
			t.Errorf("%s: identities %v, locators %v", email, f.GetIdentities(), f.GetLocators())
		}
		if silent := len(r.Silent) == 1 &&
			r.Silent[0] == ingest.SilentNoPerson; silent != want ||
			want == (len(r.Facts) == 2) {
			t.Errorf("%s: %d facts, silent %v", email, len(r.Facts), r.Silent)
		}
	}
}
