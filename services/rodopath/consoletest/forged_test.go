package consoletest_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestForms_RefuseWhatTheyDoNotOffer: a number that is none, a day that is none and a choice that no form offers are
// refused with a sentence in the language of the reader, and change nothing.
func TestForms_RefuseWhatTheyDoNotOffer(t *testing.T) {
	s := newShop(t, "observe: false\n")
	s.populate()
	v := s.visitor()
	v.signIn(s)
	person := "/console/people/" + s.subject("bozena@example.com")
	acts := len(s.acts(""))
	const noOption, noDay = "Formularz ma wartość, której nie ma na liście", "To nie jest data"
	for _, c := range []struct {
		path, want string
		form       []string
	}{
		{"/console/setup/product", "Podaj liczbę dni od 1 do 36600", []string{
			"source", "shop", "product", "kubek", "access", "course", "days", "abc",
		}},
		{"/console/setup/product", "Podaj liczbę dni od 1 do 36600", []string{
			"source", "shop", "product", "kubek", "access", "course", "days", "-3",
		}},
		{"/console/setup/product", "Podaj liczbę dni od 1 do 36600", []string{
			"source", "shop", "product", "kubek", "access", "one_off", "days", "1e3",
		}},
		{"/console/setup/product", noOption, []string{
			"source", "shop", "product", "kubek", "access", "forever", "days", "",
		}},
		{"/console/setup/live", noOption, []string{"act", "dead"}},
		{"/console/setup/live", noOption, []string{"act", "live", "kind", "everything"}},
		{"/console/setup/quarantine", noOption, []string{"number", "1", "act", "burn"}},
		{"/console/setup/quarantine", noOption, []string{"number", "one", "act", "retry"}},
		{"/console/setup/shop/import/count", noDay, []string{"since", "yesterday"}},
		{"/console/journal/report", noOption, []string{"year", "abc"}},
		{"/console/journal/report", noOption, []string{"year", "1"}},
		{"/console/rules/simulate", noOption, []string{"choice:tax", "never"}},
		{"/console/deletions/receipt", noOption, []string{"decision", "dec_x", "recipient", "crm", "outcome", "maybe"}},
		{"/console/requests/wniosek-1/decide", noOption, []string{"outcome", "maybe"}},
		{person + "/request", noOption, []string{"right", "flight"}},
		{person + "/request", noOption, []string{"right", "restriction", "ground", "mood"}},
		{person + "/request", noOption, []string{"right", "access", "way", "pigeon"}},
		{person + "/request", noDay, []string{"right", "access", "day", "31.12.2026"}},
		{person + "/consent", noDay, []string{
			"address", "bozena@example.com", "wording", "newsletter-offers", "form", "f", "day", "soon",
		}},
		{person + "/consent", noOption, []string{
			"address", "bozena@example.com", "wording", "no-such-text", "form", "f", "day", "2026-01-01",
		}},
	} {
		status, body := v.post(c.path, append([]string{"seal", v.seal()}, c.form...)...)
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, c.want) {
			t.Errorf("%s with %v: got %d, want 422 and %q:\n%s", c.path, c.form, status, c.want, body)
		}
	}
	for _, path := range []string{
		"/console/audience?purpose=hunting", "/console/audience?channel=pigeon", "/console/deletions?state=maybe",
		"/console/journal?kind=prank", "/console/audience.csv?purpose=hunting", "/console/people?stage=nowhere",
		"/console/people?mark=nothing",
	} {
		if status, body := v.get(path); status != http.StatusUnprocessableEntity || !strings.Contains(body, noOption) {
			t.Errorf("%s: got %d, want 422 and %q", path, status, noOption)
		}
	}
	for _, path := range []string{person + "?at=soon", "/console/journal?from=soon", "/console/journal?to=2026-13-01"} {
		if status, body := v.get(path); status != http.StatusUnprocessableEntity || !strings.Contains(body, noDay) {
			t.Errorf("%s: got %d, want 422 and %q", path, status, noDay)
		}
	}
	s.settle()
	if got := s.acts(""); len(got) != acts {
		t.Errorf("%d acts were recorded: %v", len(got)-acts, got[:len(got)-acts])
	}
}

// TestForms_AWrongNumberIsToldAtItsField: the page of the form comes again with what was typed.
func TestForms_AWrongNumberIsToldAtItsField(t *testing.T) {
	s := newShop(t, "observe: false\n")
	s.order(1, "xenia@example.com", "warsztat", 40)
	s.settle()
	b := s.signedIn()
	b.open("/console/setup?products=1")
	b.fill("#access0", "course")
	b.run(`document.querySelector("#days0").type = "text"`)
	b.fill("#days0", "rok")
	b.followIn("section", "Zapisz produkt")
	b.sees("Podaj liczbę dni od 1 do 36600")
	got := eval[string](b, `(() => { const days = document.querySelector("[aria-invalid=true]");
		return days.id + " " + days.value + " " + document.getElementById(days.getAttribute("aria-describedby")).innerText +
			" " + document.querySelector("#access0").value; })()`)
	if !strings.HasPrefix(got, "days0 rok Podaj liczbę dni od 1 do 36600") || !strings.HasSuffix(got, " course") {
		t.Errorf("got the field %q, want days0 with the sentence and the chosen kind", got)
	}
	b.accessible("a form with a wrong number")
	if list := s.unlistedProducts(); len(list) != 1 {
		t.Errorf("got the unlisted products %v, want the workshop", list)
	}
}
