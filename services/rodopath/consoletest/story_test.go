//nolint:misspell // half of the words are Polish
package consoletest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// find finds a person as the owner does.
func (b *tab) find(text string) {
	b.t.Helper()
	b.open("/console/people")
	b.fill("#name", text)
	b.followIn("form[role=search]", "Znajdź")
}

// download returns what a link of the page answers with, as the browser gets it.
func (b *tab) download(link string) string {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`fetch([...document.querySelectorAll("a")].find(a => a.innerText.startsWith(`+quoted(link)+
			`)).href).then(r => r.text())`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// TestStory_SignsInAndSeesTheDay: the first minute of the owner.
func TestStory_SignsInAndSeesTheDay(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.sees(
		"Dziś",
		"Instalacja tylko obserwuje",
		"ala@example.com",
		"po terminie",
		"Zgody bez dowodu",
		"Nieprzypisane produkty",
	)
	b.followIn("main .feed", "Oznacz jako przeczytane")
	b.sees("Alarmy") // the alarm is seen, and stays on the page of the person
	b.open("/console/")
	b.lacks("Termin odpowiedzi na wniosek minął")
	if title := b.text(); strings.Contains(strings.SplitN(title, "\n", 2)[0], "@") {
		t.Errorf("the title names a person: %s", title)
	}
}

// TestStory_CalmWithoutWork: an installation in which nothing needs the owner.
func TestStory_CalmWithoutWork(t *testing.T) {
	s := newShop(t, "observe: false\n")
	b := s.signedIn()
	b.sees("Dziś nic nie wymaga Twojej uwagi")
	b.lacks("Historia sprzed instalacji", "Rodopath nikogo nie powiadamia")
	b.everywhere("today-calm")
}

// TestStory_CalmWithoutRecipients: a business may work without recipients and without a history, and Today says what
// that means, with the way to change it.
func TestStory_CalmWithoutRecipients(t *testing.T) {
	s := newConfiguredShop(t, aloneConfig, "")
	b := s.signedIn()
	b.sees("Dziś nic nie wymaga Twojej uwagi", "Rodopath nikogo nie powiadamia", "Możesz tak pracować")
	b.lacks("Instalacja tylko obserwuje")
	b.everywhere("today-alone")
	b.followIn("main", "Przejdź do odbiorców")
	b.sees("Nie ma jeszcze odbiorców")
	b.open("/console/")
	b.sees("Historia sprzed instalacji jest nieznana: shop, card, letters")
	b.followIn("main", "Importuj historię")
	b.sees("Źródła to platformy, z których Rodopath wie o klientach")
	b.follow("Do kogo mogę pisać")
	b.sees("żaden odbiorca nie pyta")
	b.lacks("przekazane systemowi")
}

// TestStory_WhomMayIMail answers before a campaign, by the page, by the file and by the list for MailerLite.
func TestStory_WhomMayIMail(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.follow("Do kogo mogę pisać")
	b.sees("wolno 18", "bez zgody", "nina@example.com", "Kogo można zapytać o zgodę")
	b.click("main", "Co znaczą te liczby")
	b.sees("rodopath may --all offers email", "Tym osobom wolno dziś wysyłać")
	b.lacks("zofia@example.com")
	list := b.download("Lista do wysyłki")
	if n := strings.Count(list, ",tak,zgoda,"); n != 18 || strings.Contains(list, "adam@") {
		t.Errorf("the file has %d addresses, want 18:\n%s", n, list)
	}
	if sync := b.download("Lista dla MailerLite"); !strings.Contains(sync, "nina@example.com,active") ||
		!strings.Contains(sync, "piotr@example.com,unsubscribed") {
		t.Errorf("the list for MailerLite: %s", sync)
	}
	b.fill("#purpose", "newsletter") // htmx loads the list anew
	b.sees("newsletter, e-mail: wolno")
	b.waits("an address that can be sent", `location.search.includes("purpose=newsletter")`)
	b.open(b.path())
	b.sees("newsletter, e-mail: wolno")
	b.follow("zgoda bez dowodu")
	b.sees("rita@example.com")
}

// TestStory_WhatGoesNextMonth finds what lapses by the calendar of the path.
func TestStory_WhatGoesNextMonth(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.follow("Ścieżka")
	b.sees("Co ustanie w najbliższych 24 miesiącach")
	next := s.now.AddDate(0, 0, 14).Format("2006-01") // the time to withdraw from yesterday's order ends
	b.run(`[...document.querySelectorAll(".months a")].find(a => a.innerText.includes("` + next + `")).click()`)
	b.sees("Co ustanie", next, "@example.com", "ustanie podstawa:", "adres e-mail i imię")
	b.everywhere("people-lapse")
	b.open("/console/path")
	b.run(`document.querySelector('svg.path a[href*="customer"]').dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
	b.sees("klienci (10)", "ala@example.com", "Pobierz CSV")
	if list := b.download("Pobierz CSV"); !strings.Contains(list, "ala@example.com,klienci") {
		t.Errorf("the file: %s", list)
	}
}

// TestStory_WhyIsThisPersonStillHere: by an e-mail address, by the number of an order, and on another day.
func TestStory_WhyIsThisPersonStillHere(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.find("1703")
	b.sees(
		"ala@example.com",
		"Tak: możesz wysłać oferty e-mailem",
		"Co jest przechowywane i dlaczego",
		"Ordynacja podatkowa",
	)
	if !eval[bool](
		b,
		`document.querySelectorAll("svg.timeline rect").length > 3 && !!document.querySelector("svg.timeline .today")`,
	) {
		t.Error("the picture shows no bases")
	}
	if strings.Contains(b.path(), "ala") || strings.Contains(b.path(), "1703") {
		t.Errorf("the address names the person: %s", b.path())
	}
	b.fill("#at", "2040-06-01")
	b.follow("Pokaż ten dzień")
	b.sees("To jest stan na dzień 2040-06-01", "Wróć do dziś")
	b.find("nikt@example.com")
	b.sees("Rodopath nie zna takiej osoby")
}

// TestStory_AnswersARequest goes from the list of requests to the answer.
func TestStory_AnswersARequest(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.follow("Wnioski")
	b.follow("usunięcie danych")
	b.sees("Zostanie usunięte", "adres e-mail i imię", "dowód zgody")
	b.follow("Potwierdź tożsamość")
	b.sees("Rozstrzygnięcie")
	b.fill("#outcome", "partly")
	b.fill("#reason", "dowód zgody zostaje")
	b.follow("Zapisz")
	b.sees("uwzględniony w części")
	b.follow("Zobacz list")
	b.sees("dowód zgody zostaje")
	b.accessible("letter")
	b.follow("Wniosek")
	b.follow("Osoba dostała odpowiedź")
	b.sees("odpowiedziano")
	b.open("/console/requests")
	b.lacks("anna@example.com")
}

// TestStory_AnswersARequestThatAFormReported answers a request to which the form of the business gave no name: a
// refusal needs a reason, and the report of the year counts days.
func TestStory_AnswersARequestThatAFormReported(t *testing.T) {
	s := newShop(t, "")
	s.facts(s.sale("zofia@example.com", "ebook-zofia", "one_off", 40), s.fact("erasure", "zofia@example.com", 1, nil))
	b := s.signedIn()
	decide := func(outcome, reason string) {
		b.follow("Wnioski")
		b.follow("usunięcie danych")
		b.sees("Rozstrzygnięcie")
		b.fill("#outcome", outcome)
		b.fill("#reason", reason)
		b.follow("Zapisz")
	}
	decide("refused", "")
	b.sees("art. 12 ust. 4 RODO")
	decide("partly", "księgi zostają")
	b.sees("uwzględniony w części")
	b.follow("Osoba dostała odpowiedź")
	b.sees("odpowiedziano")
	b.open("/console/requests?state=closed")
	b.follow("usunięcie danych")
	b.sees("odpowiedziano")
	b.follow("Dziennik")
	b.follow("Przygotuj raport")
	b.open(eval[string](b, `location.pathname`))
	b.sees("mediana 1, najwięcej 1")
}

// TestStory_RecordsARequestOnThePhone opens a request and sees by when to answer.
func TestStory_RecordsARequestOnThePhone(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.size(360, true)
	b.find("nina@example.com")
	b.fill("#right", "restriction")
	b.fill("#ground", "inaccurate")
	b.fill("#request-day", s.day(s.ago(3)))
	b.run(`document.querySelector("input[name=unverified]").click()`)
	b.followIn("form[action$='/request']", "Zapisz")
	b.sees("ograniczenie przetwarzania", "Odpowiedz do")
	b.accessible("request-360")
	b.find("nina@example.com")
	b.sees("Nie: nie wysyłaj ofert")
}

// TestStory_RecordsAConsentWithItsProof turns a no into a yes.
func TestStory_RecordsAConsentWithItsProof(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.find("rita@example.com")
	b.sees("Nie: nie wysyłaj ofert")
	b.fill("#wording", "newsletter-offers")
	b.fill("#form", "formularz papierowy z targów")
	b.fill("#consent-day", s.day(s.now.AddDate(0, 0, -1)))
	b.followIn("form[action$='/consent']", "Zapisz")
	b.sees("Tak: możesz wysłać oferty e-mailem")
}

// TestStory_HoldsAndReleases stops an erasure because of a dispute.
func TestStory_HoldsAndReleases(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.find("jacek@example.com")
	b.fill("#reason", "pozew")
	b.followIn("form[action$='/hold']", "Zapisz")
	b.sees("spór lub kontrola")
	b.click("main", "Zdejmij blokadę")
	b.followIn("form[action$='/release']", "Zdejmij blokadę")
	b.open("/console/people?mark=hold")
	b.lacks("jacek@example.com")
	b.sees("marek@example.com")
}

// TestStory_FromTheDeletionToTheCertificate stops one deletion, goes live, confirms for the bookkeeper, and shows the
// certificate.
func TestStory_FromTheDeletionToTheCertificate(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.follow("Usunięcia")
	b.sees("planowane 14", "wanda@example.com")
	b.run(
		`[...document.querySelectorAll("tr")].find(r => r.innerText.includes("wanda@")).querySelector("details").open = true`,
	)
	b.run(`(() => { const row = [...document.querySelectorAll("tr")].find(r => r.innerText.includes("wanda@"));
		row.querySelector("input[name=reason]").value = "rozmowy trwają"; document.documentElement.dataset.left = "1";
		row.querySelector("form button").click(); })()`)
	b.arrives()
	b.lacks("wanda@example.com")
	b.follow("Źródła i odbiorcy")
	b.followIn("form[action$='/live']", "Włącz powiadamianie")
	b.sees("powiadamiany")
	select {
	case event := <-s.crm:
		if strings.Contains(event, "wanda@") {
			t.Errorf("the CRM was told of a deletion that was stopped: %s", event)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the CRM was told nothing")
	}
	s.settle()
	s.until(func() bool {
		b.open("/console/deletions?state=open&recipient=crm")
		return strings.Contains(b.text(), "crm: wysłano")
	}, "the deletion is shown as sent")
	b.sees("osoba bez adresu") // the names go with the deletion
	b.run(`(() => { const row = document.querySelector("tbody tr"); document.documentElement.dataset.left = "1";
		row.querySelector("form[action$='/receipt'] button[value=done]").click(); })()`)
	b.arrives()
	s.settle()
	b.open("/console/deletions?state=confirmed")
	b.sees("potwierdzone 1", "Zaświadczenie o usunięciu powstaje, gdy")
	b.followIn("tbody tr", "osoba bez adresu")
	b.accessible("a person with a certificate")
	b.followIn("section[aria-labelledby=gone]", "Zaświadczenie")
	b.sees("Zaświadczenie", "Zielona Nitka")
}

// TestStory_WaitsForATestEvent sees a webhook arrive on the open page.
func TestStory_WaitsForATestEvent(t *testing.T) {
	s := newShop(t, "")
	b := s.signedIn()
	b.follow("Źródła i odbiorcy")
	b.followIn("tbody tr:first-child", "Podłącz krok po kroku")
	b.sees("Czekam na zdarzenie testowe", "WP REST API Integration v3")
	b.waits(
		"the connection of the live check",
		`performance.getEntriesByType("resource").some(e => e.name.includes("/console/events")) ||
		!!document.querySelector("[sse-connect]")["htmx-internal-data"]?.sseEventSource`,
	)
	s.order(4711, "test@example.com", "kubek", 0)
	b.sees("Nadeszło")
	b.open("/console/setup/shop")
	b.lacks("test@example.com")
}

// TestStory_PartsAndJoinsPersons corrects who is who.
func TestStory_PartsAndJoinsPersons(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.find("roman@example.com")
	b.fill("#other", "sylwia@example.com")
	b.followIn("form[action$='/join']", "Połącz")
	b.sees("roman@example.com, sylwia@example.com")
	b.run(`document.querySelector("input[name=names][value='sylwia@example.com']").checked = true`)
	b.click("main", "Rozdziel")
	b.followIn("form[action$='/split']", "Rozdziel")
	b.lacks("sylwia@example.com")
}

// TestStory_ByTheKeyboardAlone signs in, skips to the content and finds a person without a mouse.
func TestStory_ByTheKeyboardAlone(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := newTab(t, s.Control.API)
	b.open(strings.TrimPrefix(s.ConsoleURL(), s.Control.API))
	b.keys(kb.Tab, kb.Tab, kb.Enter)
	b.sees("Wnioski do rozpatrzenia")
	b.keys(kb.Tab)
	if got := eval[string](b, `document.activeElement.className`); got != "skip" {
		t.Errorf("the first stop is %q, want the link to the content", got)
	}
	b.keys(kb.Enter)
	if got := eval[string](b, `document.activeElement.id`); got != "main" {
		t.Errorf("after skipping the focus is at %q, want main", got)
	}
	b.open("/console/people")
	for range 30 {
		b.keys(kb.Tab)
		if eval[string](b, `document.activeElement.id`) == "name" {
			break
		}
	}
	b.keys("a", "l", "a", "@", "e", "x", "a", "m", "p", "l", "e", ".", "c", "o", "m", kb.Enter)
	b.sees("Podstawy prawne w czasie")
	b.keys(kb.Tab)
	if !eval[bool](
		b,
		`getComputedStyle(document.activeElement).outlineStyle !== "none" || document.activeElement.className === "skip"`,
	) {
		t.Error("the focus is not visible")
	}
}

// TestStory_EndsASession ends the session of another browser.
func TestStory_EndsASession(t *testing.T) {
	s := newShop(t, "")
	first, second := s.signedIn(), s.signedIn()
	second.follow("Sesje")
	second.run(`(() => { const row = [...document.querySelectorAll("tbody tr")].find(r => !r.innerText.includes("ta"));
		document.documentElement.dataset.left = "1"; (row ?? document.querySelector("tbody tr:last-child")).querySelector("button").click(); })()`)
	second.arrives()
	first.open("/console/")
	first.sees("Logowanie")
	second.open("/console/")
	second.sees("Dziś")
}

// TestStory_OpensTheMenuOfANarrowScreen also speaks English from then on.
func TestStory_OpensTheMenuOfANarrowScreen(t *testing.T) {
	s := newShop(t, "")
	b := s.signedIn()
	b.size(360, false)
	b.open("/console/")
	b.click("header", "Menu")
	b.followIn("header", "English")
	b.sees("Today")
	b.click("header", "Menu")
	b.followIn("nav", "Deletions")
	b.sees("Each deletion from the decision to the certificate")
	if status := s.ask(http.MethodGet, "/v1/counts", nil, nil); status != http.StatusOK {
		t.Errorf("counts: %d", status)
	}
}

// run evaluates a script.
func (b *tab) run(script string) {
	b.t.Helper()
	eval[any](b, script+"; null")
}

// arrives waits until the page of the last click was replaced.
func (b *tab) arrives() {
	b.t.Helper()
	b.waits("the next page", `document.readyState === "complete" && !document.documentElement.dataset.left`)
	b.checkFaults()
}

// keys presses keys one after the other.
func (b *tab) keys(list ...string) {
	b.t.Helper()
	for _, k := range list {
		if err := chromedp.Do(b.ctx, chromedp.KeyEvent(k)); err != nil {
			b.t.Fatal(err)
		}
	}
}
