package consoletest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

// TestLists_OfRequestsAndOfTheQuarantineArePaged: the most urgent requests come first, the next page has the rest, and
// nothing reads the whole quarantine.
func TestLists_OfRequestsAndOfTheQuarantineArePaged(t *testing.T) {
	const open, aside = 63, 25
	s := newShop(t, "")
	var facts []object
	for i := range open {
		facts = append(facts, s.fact("access_request", fmt.Sprintf("p%d@example.com", i), i%25+1,
			object{"ref": fmt.Sprintf("wniosek-%02d", i)}))
	}
	s.facts(facts...)
	for i := range aside {
		body := fmt.Appendf(nil, "no JSON %d", i)
		s.send("shop", body, func(h http.Header) {
			h.Set("X-Wc-Webhook-Signature", woocommerce.Sign(s.secret("shop"), body))
			h.Set("X-Wc-Webhook-Topic", "order.updated")
		})
	}
	s.settle()
	b := s.signedIn()
	b.sees(fmt.Sprintf("(+%d)", open-8)) // of the page of today
	b.waits("what is set aside is counted", fmt.Sprintf(
		`[...document.querySelectorAll("a[href='/console/setup']")].some(a => a.innerText.includes("%d"))`, aside))

	b.open("/console/requests")
	refs := `[...document.querySelectorAll("main tbody td a[href^='/console/requests/']")].map(a => a.getAttribute("href"))`
	days := `[...document.querySelectorAll("main tbody th")].map(d => d.innerText.slice(0, 10))`
	first, dates := eval[[]string](b, refs), eval[[]string](b, days)
	b.follow("Następna strona")
	second := eval[[]string](b, refs)
	dates = append(dates, eval[[]string](b, days)...)
	seen := map[string]bool{}
	for _, ref := range append(first, second...) {
		seen[ref] = true
	}
	if len(first) != 50 || len(second) != open-50 || len(seen) != open {
		t.Errorf("got pages of %d and %d requests, %d of them different; want 50, %d and %d",
			len(first), len(second), len(seen), open-50, open)
	}
	for i := range dates[1:] {
		if dates[i] > dates[i+1] {
			t.Errorf("the request due %s stands before that due %s", dates[i], dates[i+1])
		}
	}

	b.open("/console/setup/shop")
	entries := `document.querySelectorAll("section[aria-labelledby=aside] ul.feed > li").length`
	if got := eval[int](b, entries); got != 20 {
		t.Errorf("got %d entries of the quarantine, want 20", got)
	}
	b.followIn("section[aria-labelledby=aside]", "Następna strona")
	if got := eval[int](b, entries); got != aside-20 {
		t.Errorf("the next page has %d entries, want %d", got, aside-20)
	}
	b.open("/console/setup")
	b.sees("Odłożone: 20+")
	if got := s.text(http.MethodGet, s.Control.API+"/v1/quarantine?limit=3&after=0&source=shop", ""); strings.Count(
		got, "\n") != 3 {
		t.Errorf("a page of three entries: got %s", got)
	}
}
