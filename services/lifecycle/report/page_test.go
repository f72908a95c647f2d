package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
)

func paged(t *testing.T, lang report.Language, p report.Person) string {
	t.Helper()
	return written(t, func(w *bytes.Buffer) error { return report.Page(w, lang, p) })
}

// seen is the text of a page as a reader sees it.
func seen(page string) string {
	page = regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(page, " ")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")
	return strings.ReplaceAll(page, "\u00a0", " ")
}

func TestPage_SaysEachThingInEachLanguage(t *testing.T) {
	p := reported(t, customer(t), "2026-07-20 12:00")
	polish := paged(t, report.Polish, p)
	says(
		t,
		seen(polish),
		"Przechowywane dane osobowe",
		"Sklep Ani",
		"ala@example.com, stripe:cus_1",
		"20 lipca 2026 r.",
		"Zamówienie order-1, invoice-1",
		"dokumenty podatkowe: art. 6 ust. 1 lit. c RODO (obowiązek prawny)",
		"do 31 grudnia 2031 r.",
		"Ordynacja podatkowa art. 70",
		"do wycofania zgody",
		"poza EOG: USA",
		"źródło: card, shop",
		"Tylko skróty kryptograficzne i daty",
		"(obecnie: udzielona)",
		"Zgadzam się na otrzymywanie",
		"wniosek o dostęp do danych",
		"po terminie",
		"numer telefonu",
		"Prezesa Urzędu Ochrony Danych Osobowych",
		"W tym systemie nie są podejmowane decyzje",
		"Informacje nieobjęte raportem",
	)
	english := paged(t, report.English, p)
	says(
		t,
		seen(english),
		"Personal data held",
		"20 July 2026",
		"Order order-1, invoice-1",
		"tax documents: Art. 6(1)(c) GDPR (a legal obligation)",
		"until 31 December 2031",
		"until the consent is withdrawn",
		"outside of the EEA: USA",
		"source: card, shop",
		"Keyed hashes and dates only",
		"(now: given)",
		"request for access",
		"overdue",
		"phone number",
		"Prezes Urzędu Ochrony Danych Osobowych",
		"This system takes no decisions with legal",
		"Information not in this report",
	)
	if !strings.Contains(polish, `<html lang="pl">`) || !strings.Contains(english, `<html lang="en">`) ||
		!strings.Contains(english, `<blockquote lang="pl">`) {
		t.Error("the languages are not marked")
	}
}

func TestPage_NeedsNothingElse(t *testing.T) {
	page := paged(t, report.English, reported(t, customer(t), "2026-07-20 12:00"))
	for _, banned := range []string{"<script", "<link", "<img", "@import", "url(", "src=", "href=", "http://", "https://", "onload"} {
		if strings.Contains(strings.ToLower(page), banned) {
			t.Errorf("the page has %s", banned)
		}
	}
	for _, needed := range []string{"<!DOCTYPE html>", `charset="utf-8"`, "Content-Security-Policy", "@media print", "@page", "break-inside: avoid", `scope="col"`, `scope="row"`, "<caption>", "<main>", "<h1>"} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page has no %s", needed)
		}
	}
}

func TestPage_EveryTagIsClosed(t *testing.T) {
	page := paged(t, report.Polish, reported(t, eraser(t), "2028-06-02 12:00"))
	page = regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(page, "")
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)[^>]*>`).FindAllStringSubmatch(page, -1) {
		switch {
		case m[2] == "meta" || m[2] == "br":
		case m[1] == "":
			open = append(open, m[2])
		case len(open) == 0 || open[len(open)-1] != m[2]:
			t.Fatalf("</%s> closes nothing; open are %v", m[2], open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("never closed: %v", open)
	}
}

func TestPage_NamesFromOutsideAreText(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	s := newScene(t)
	s.tell(
		t,
		"2026-03-01 10:00",
		fact.Fact{Kind: fact.KindSignup, Source: hostile, Wording: hostile, Form: hostile, Shown: hostile},
	)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Source: hostile, Ref: hostile})
	s.tell(t, "2026-03-06 12:00", fact.Fact{Kind: fact.KindAccessRequest, Ref: "req" + hostile})
	s.tell(
		t,
		"2026-03-07 12:00",
		fact.Fact{Kind: fact.KindRequestDecided, Ref: "req" + hostile, Outcome: "refused", Reason: hostile},
	)
	p := report.Of(s.policy, []string{hostile}, s.subject, at(t, "2026-03-08 12:00"), nil)
	p.Controller.Name, p.Subject = hostile, hostile
	for _, lang := range languages() {
		page := paged(t, lang, p)
		if strings.Contains(page, "<script") || strings.Contains(page, "<img") {
			t.Errorf("a name is markup in %s:\n%s", lang, page)
		}
		if n := strings.Count(page, "&lt;script&gt;"); n < 8 {
			t.Errorf("only %d of the names are there", n)
		}
	}
}

func TestPage_OfNobodySaysSo(t *testing.T) {
	s := newScene(t)
	p := report.Of(s.policy, nil, lifecycle.Subject{ID: "p-0"}, at(t, "2026-03-08 12:00"), nil)
	says(
		t,
		seen(paged(t, report.Polish, p)),
		"został już usunięty",
		"Nie odnotowano żadnych przechowywanych danych.",
		"Nie zapisano żadnej zgody.",
		"Dziennik nie zawiera żadnego usunięcia.",
	)
	says(
		t,
		seen(paged(t, report.English, p)),
		"No held data are recorded.",
		"No consent is recorded.",
		"The journal contains no deletion.",
	)
}

func TestPage_SaysWhatMayNotBeDoneAndWhatStays(t *testing.T) {
	s := subscriber(t)
	s.tell(
		t,
		"2026-06-02 10:00",
		fact.Fact{Kind: fact.KindRestriction, Ref: "req-10", Traits: []string{fact.TraitForClaims}},
	)
	p := reported(t, s, "2026-06-02 12:00")
	says(
		t,
		seen(paged(t, report.Polish, p)),
		"Ograniczenia wykorzystania danych",
		"każde wykorzystanie poza przechowywaniem: ograniczenie przetwarzania",
		"Informacje pozostałe po usuniętych danych",
	)
	says(
		t,
		seen(paged(t, report.English, p)),
		"Restrictions on the use of the data",
		"any use except storage: restriction of processing",
		"Information kept about deleted data",
	)
}

func TestPage_NamesAnOrderWithoutItsSource(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Source: "hand", Ref: "hand:order-17"})
	s.tell(
		t,
		"2026-03-05 12:00",
		fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "woocommerce:order/17@shop"},
	)
	p := reported(t, s, "2026-03-06 12:00")
	says(t, seen(paged(t, report.Polish, p)), "Zamówienie order-17 ", "Zamówienie 17 (shop) ")
	says(t, seen(paged(t, report.English, p)), "Order order-17 ", "Order 17 (shop) ")
}
