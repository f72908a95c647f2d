//nolint:misspell // half of the words are Polish
package consoletest_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/internal/mail/mailtest"
)

// newFormShop is an installation with the public form, whose mail arrives in a sink.
func newFormShop(t *testing.T) (*shop, *mailtest.Sink) {
	t.Helper()
	sink := mailtest.New(t)
	s := newShop(t, "public_url: https://hooks.example.com\nprivacy_notice: https://shop.example.com/privacy\n"+
		"request_form: true\nmail: {smtp: \""+sink.URL+"\", from: \"kontakt@example.com\"}\n")
	s.populate()
	return s, sink
}

var mailedCode = regexp.MustCompile(`: ([2-9A-Z]{4}-[2-9A-Z]{4})`)

// asks sends a request by the public form, as a customer with a mailbox does, and returns its reference.
func (s *shop) asks(sink *mailtest.Sink, right, email string) (ref string) {
	s.t.Helper()
	b := newTab(s.t, s.Control.Webhooks)
	b.size(360, false)
	b.open("/request")
	b.sees("Wniosek w sprawie danych osobowych", "Zielona Nitka")
	b.accessible("the form")
	if *pictures != "" {
		b.picture(filepath.Join(*pictures, "console", "request-form-pl-360-light.webp"))
	}
	b.run(`document.querySelector('input[name=right][value=` + right + `]').click()`)
	b.fill("#email", email)
	b.follow("Wyślij kod")
	b.sees("Wysłaliśmy kod na podany adres")
	b.accessible("the page for the code")
	code := mailedCode.FindStringSubmatch(sink.Next(s.t).Text)
	if code == nil {
		s.t.Fatal("the mail has no code")
	}
	b.fill("#code", "2222-2222")
	b.follow("Złóż wniosek")
	b.sees("Kod jest nieprawidłowy")
	b.fill("#code", code[1])
	b.follow("Złóż wniosek")
	b.sees("Twój wniosek został złożony")
	b.accessible("the confirmation")
	if got := sink.Next(s.t); got.To != email {
		s.t.Errorf("the confirmation went to %s, want %s", got.To, email)
	}
	s.settle()
	return eval[string](b, `document.querySelector("dd.code").innerText`)
}

// TestStory_ACustomersOwnErasure goes from the public form to the letter and the register.
func TestStory_ACustomersOwnErasure(t *testing.T) {
	s, sink := newFormShop(t)
	ref := s.asks(sink, "erasure", "nina@example.com")
	b := s.signedIn()
	b.open("/console/requests/" + ref)
	b.sees("usunięcie danych", "nina@example.com", "tożsamość potwierdzona", "przez formularz")
	b.fill("#outcome", "granted")
	b.followIn("main", "Zapisz")
	b.sees("uwzględniony")
	b.follow("Zobacz list")
	b.sees("Zielona Nitka", "uwzględniamy wniosek i usuwamy dane", ref)
	b.followIn("main .actions", "Wniosek")
	b.sees("Najpierw zachowaj własną kopię listu", "Adres osoby pozostanie widoczny", "usuwane")
	b.follow("Osoba dostała odpowiedź")
	b.sees("odpowiedziano")
	b.follow("Zobacz list")
	b.sees("wniosek osoby i korespondencja", ref)
	b.open("/console/requests")
	b.lacks("nina@example.com")
	b.follow("Rejestr zakończonych")
	b.sees("usunięcie danych", "uwzględniony")
	b.accessible("the register")
}

// TestStory_AnAccessRequestWithAVerifiedMailbox is answered with the report of Art. 15.
func TestStory_AnAccessRequestWithAVerifiedMailbox(t *testing.T) {
	s, sink := newFormShop(t)
	ref := s.asks(sink, "access", "ala@example.com")
	b := s.signedIn()
	b.sees("dostęp do danych")
	b.open("/console/requests/" + ref)
	b.sees("tożsamość potwierdzona", "Odpowiedz do")
	b.follow("Zobacz list")
	b.sees("art. 15")
	b.open("/console/requests/" + ref)
	b.follow("Osoba dostała odpowiedź")
	b.sees("odpowiedziano")
	b.follow("Dziennik")
	b.sees("odpowiedź na wniosek", ref)
}

// TestStory_AnExtensionInTimeAndOneTooLate: two more months while the month runs, and none after it.
func TestStory_AnExtensionInTimeAndOneTooLate(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.open("/console/requests/wniosek-1")
	last := eval[string](b, `document.querySelectorAll("dl.facts dd")[2].innerText`)
	b.click("main", "Przedłuż o dwa miesiące")
	b.followIn("form[action$='/extend']", "Przedłuż o dwa miesiące")
	s.settle()
	b.open("/console/requests/wniosek-1")
	if now := eval[string](b, `document.querySelectorAll("dl.facts dd")[2].innerText`); now <= last {
		t.Errorf("the last day: got %s after %s, want a later one", now, last)
	}
	b.lacks("Przedłuż o dwa miesiące")
	b.open("/console/requests/wniosek-2")
	b.sees("po terminie")
	b.lacks("Przedłuż o dwa miesiące")
	if status := s.ask(http.MethodPost, "/v1/requests/wniosek-2/extend", object{}, nil); status != http.StatusConflict {
		t.Errorf("an extension after the month: got %d, want 409", status)
	}
}

// TestStory_AHoldThroughALawsuit keeps the order through a request for erasure, and lets the order go afterwards.
func TestStory_AHoldThroughALawsuit(t *testing.T) {
	s, sink := newFormShop(t)
	b := s.signedIn()
	b.find("jacek@example.com")
	b.fill("#reason", "pozew")
	b.followIn("form[action$='/hold']", "Zapisz")
	b.sees("spór lub kontrola")
	ref := s.asks(sink, "erasure", "jacek@example.com")
	b.open("/console/requests/" + ref)
	b.sees("Rozstrzygnięcie dla każdej kategorii danych", "zostaje", "wyjątek art. 17 ust. 3 lit. e")
	b.accessible("a request with the decision for each category")
	b.fill("#outcome", "partly")
	b.fill("#reason", "dane są potrzebne w sporze")
	b.followIn("main", "Zapisz")
	b.follow("Zobacz list")
	b.sees("dane są potrzebne w sporze", "art. 17 ust. 3 lit. e")
	b.find("jacek@example.com")
	b.sees("spór lub kontrola", "zamówienie")
	b.click("main", "Zdejmij blokadę")
	b.followIn("form[action$='/release']", "Zdejmij blokadę")
	s.settle()
	b.open("/console/people?mark=hold")
	b.lacks("jacek@example.com")
}

// TestStory_AnEnteredDayStaysTheDayInEveryDocument: the day of receipt, of a consent and of a view of a person are
// those of the zone of the policy.
func TestStory_AnEnteredDayStaysTheDayInEveryDocument(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	day := s.now.In(warsaw).AddDate(0, 0, -3)
	b := s.signedIn()
	b.find("rita@example.com")
	b.fill("#wording", "newsletter-offers")
	b.fill("#form", "formularz papierowy z targów")
	b.fill("#consent-day", day.Format(time.DateOnly))
	b.followIn("form[action$='/consent']", "Zapisz")
	s.settle()
	page := "/console/people/" + s.subject("rita@example.com")
	report := s.text(
		http.MethodPost,
		s.Control.API+"/v1/export",
		`{"person":"rita@example.com","form":"page","lang":"pl"}`,
	)
	if want := "od " + polishDay(day); !strings.Contains(strings.ReplaceAll(report, "\u00a0", " "), want) {
		t.Errorf("the report of Art. 15 lacks %q:\n%s", want, report)
	}
	b.open(page + "?at=2020-06-01")
	if picture := eval[string](
		b,
		`document.querySelector("main svg").outerHTML`,
	); !strings.Contains(
		picture,
		"2020-06-01",
	) {
		t.Errorf("the picture of 1 June 2020 has %s", picture)
	}
	b.open(page)
	if !eval[bool](b, `document.querySelector("input[name=unverified]").checked`) {
		t.Error("a request counts as one of a verified person unless the owner says otherwise")
	}
	b.fill("#right", "access")
	b.fill("#request-day", day.Format(time.DateOnly))
	b.followIn("form[action$='/request']", "Zapisz")
	b.sees(day.Format(time.DateOnly))
	b.follow("Zobacz list")
	b.sees("z dnia " + polishDay(day))
}

// TestStory_ADayToComeIsRefused instead of being replaced by today.
func TestStory_ADayToComeIsRefused(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	for form, field := range map[string]string{"request": "#request-day", "consent": "#consent-day"} {
		b.find("rita@example.com")
		if form == "consent" {
			b.fill("#form", "formularz papierowy z targów")
		}
		b.fill(field, s.day(s.now.AddDate(0, 0, 3)))
		b.followIn("form[action$='/"+form+"']", "Zapisz")
		b.sees("Podany dzień jeszcze nie nastąpił")
	}
}

// polishDay writes a day as a letter does.
func polishDay(day time.Time) string {
	months := strings.Fields(
		"stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
	)
	return fmt.Sprintf("%d %s %d r.", day.Day(), months[day.Month()-1], day.Year())
}

// TestStory_ARefusalAfterADeletionIsNoneOfTheWhole: once the identity is confirmed the data are deleted; the page says
// so, and offers no refusal.
func TestStory_ARefusalAfterADeletionIsNoneOfTheWhole(t *testing.T) {
	s := newShop(t, "observe: false\n")
	s.facts(
		s.signup("zofia@example.com", 40),
		s.sale("zofia@example.com", "ebook-zofia", "one_off", 40),
		s.fact("erasure", "zofia@example.com", 1,
			object{"ref": "wniosek-9", "traits": []string{"unverified"}}),
	)
	b := s.signedIn()
	b.open("/console/requests/wniosek-9")
	b.sees("Usuniętych danych nie da się przywrócić")
	b.followIn("form[action$='/verify']", "Potwierdź tożsamość")
	s.settle()
	b.open("/console/requests/wniosek-9")
	b.sees("usunięto już lub zlecono usunięcie", "usuwane")
	if got := eval[string](
		b,
		`[...document.querySelectorAll("#outcome option")].map(o => o.value).join(" ")`,
	); got != "granted partly" {
		t.Errorf("the outcomes on the page: got %q, want no refusal", got)
	}
	refuse := object{"outcome": "refused", "reason": "spór w toku"}
	if status := s.ask(http.MethodPost, "/v1/requests/wniosek-9/decide", refuse, nil); status != http.StatusConflict {
		t.Errorf("a refusal after the deletion: got %d, want 409", status)
	}
	b.accessible("a request after the deletion")
	b.fill("#outcome", "partly")
	b.fill("#reason", "faktura zostaje")
	b.followIn("main", "Zapisz")
	b.sees("Najpierw zachowaj własną kopię listu", "adres osoby nie będzie już tu pokazywany")
	b.follow("Osoba dostała odpowiedź")
	b.sees("odpowiedziano")
	b.lacks("zofia@example.com")
}

// TestStory_ARequestRecordedByMistakeIsClosed: of a restriction and of an objection that belong to another person, the
// record stays and the effect goes.
func TestStory_ARequestRecordedByMistakeIsClosed(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	may := func() (out struct{ Allowed bool }) {
		s.settle()
		s.ask(http.MethodPost, "/v1/may",
			object{"person": "bozena@example.com", "purpose": "offers", "channel": "email"}, &out)
		return out
	}
	if !may().Allowed {
		t.Fatal("no offers may be sent before the request")
	}
	b := s.signedIn()
	b.find("bozena@example.com")
	b.fill("#right", "restriction")
	b.fill("#way", "letter")
	b.run(`document.querySelector("input[name=unverified]").click()`)
	b.followIn("form[action$='/request']", "Zapisz")
	ref := eval[string](b, `location.pathname.split("/").pop()`)
	if may().Allowed {
		t.Fatal("offers may be sent although the use of the data is restricted")
	}
	b.open("/console/requests/" + ref)
	b.sees("Jak wpłynął", "listem")
	b.click("main", "Wniosek zapisano przez pomyłkę")
	b.accessible("a request with the form for a mistake")
	b.fill("#mistake-reason", "inna osoba")
	b.followIn("form[action$='/mistake']", "Wniosek zapisano przez pomyłkę")
	s.settle()
	b.open("/console/requests/" + ref)
	b.sees("zapisany przez pomyłkę: inna osoba", "zamknięty bez odpowiedzi")
	b.lacks("Zobacz list")
	b.accessible("a request that was recorded by mistake")
	if !may().Allowed {
		t.Error("after the mistake no offers may be sent")
	}
	letter := object{"person": "request:" + ref, "form": "answer", "request": ref}
	if status := s.ask(http.MethodPost, "/v1/export", letter, nil); status != http.StatusConflict {
		t.Errorf("a letter about a mistake: got %d, want 409", status)
	}
	b.open("/console/requests?state=closed")
	b.sees("zapisany przez pomyłkę")
	b.open("/console/journal")
	b.sees("zamknięcie wniosku zapisanego przez pomyłkę", ref)

	b.find("bozena@example.com")
	b.fill("#right", "objection")
	b.followIn("form[action$='/request']", "Zapisz")
	if may().Allowed {
		t.Fatal("offers may be sent although the person objected")
	}
	b.find("bozena@example.com")
	b.click("main", "Sprzeciw zapisano przez pomyłkę")
	b.fill("#objection-reason-0", "inna osoba")
	b.followIn("form[action$='/mistake']", "Sprzeciw zapisano przez pomyłkę")
	if !may().Allowed {
		t.Error("after the mistake about the objection no offers may be sent")
	}
	b.find("bozena@example.com")
	b.lacks("Sprzeciw zapisano przez pomyłkę", "List z odpowiedzią na wniosek")
	b.click("main", "Pokaż (")
	b.sees("wniosek zapisany przez pomyłkę")
	b.accessible("a person with a request that was recorded by mistake")
}

// TestMistake_NothingIsUndoneOfAPersonWhoWasErased: an objection deleted all that was held, and no mistake brings the
// data back.
func TestMistake_NothingIsUndoneOfAPersonWhoWasErased(t *testing.T) {
	s := newShop(t, "observe: false\n")
	s.facts(s.signup("celina@example.com", 90))
	var opened struct{ Ref string }
	if status := s.ask(http.MethodPost, "/v1/requests", object{"person": "celina@example.com", "right": "objection"},
		&opened); status != http.StatusAccepted {
		t.Fatalf("the objection: got %d, want 202", status)
	}
	s.settle()
	order := object{"reason": "another person"}
	if status := s.ask(http.MethodPost, "/v1/requests/"+opened.Ref+"/mistake", order, nil); status != http.StatusConflict {
		t.Errorf("the mistake about an erased person: got %d, want 409", status)
	}
	v := s.visitor()
	v.signIn(s)
	if _, page := v.get(
		"/console/people/" + s.subject("request:"+opened.Ref),
	); strings.Contains(
		page,
		"Sprzeciw zapisano przez pomyłkę",
	) {
		t.Errorf("the page offers to undo the objection:\n%s", page)
	}
}
