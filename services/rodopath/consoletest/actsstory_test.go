//nolint:misspell // half of the words are Polish
package consoletest_test

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// listedAct is an act as the interface lists it.
type listedAct struct{ By, Act, Kind, About string }

// acts lists the acts of a query, the newest first.
func (s *shop) acts(query string) (list []listedAct) {
	s.t.Helper()
	var page struct{ Acts []listedAct }
	if status := s.ask(http.MethodGet, "/v1/acts?"+query, nil, &page); status != http.StatusOK {
		s.t.Fatalf("the acts with %q: %d", query, status)
	}
	return page.Acts
}

// TestActs_SignInsAndDownloadsAreRecorded: who signed in and out, who failed, which name was locked, and which lists
// left the console, without an address.
func TestActs_SignInsAndDownloadsAreRecorded(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	v := s.visitor()
	v.post("/console/password", "name", "anna", "password", "a wrong one")
	v.post("/console/password", "name", "ktos@example.com", "password", "another")
	for range 7 {
		v.post("/console/password", "name", "basia", "password", "guess")
	}
	v.post("/console/login", "token", "unknown")
	v.post("/console/password", "name", "anna", "password", s.password("anna"))
	for _, path := range []string{
		"/console/people.csv?stage=customer", "/console/audience.csv?purpose=offers&channel=email",
		"/console/audience.csv?purpose=offers&channel=email&form=mailerlite", "/console/rules/record?format=csv",
	} {
		if status, body := v.get(path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/console/people?stage=customer", "/console/audience", "/console/rules"} {
		v.get(path) // to look is no download
	}
	v.post("/console/logout", "seal", v.seal())
	got := s.acts("")
	slices.Reverse(got)
	want := []listedAct{
		{"nobody", "sign-in-failed", "sign-in", "password anna"},
		{"nobody", "sign-in-failed", "sign-in", "password"},
	}
	for range 5 {
		want = append(want, listedAct{"nobody", "sign-in-failed", "sign-in", "password basia"})
	}
	want = append(
		want,
		listedAct{"nobody", "sign-in-locked", "sign-in", "password basia"},
		listedAct{"nobody", "sign-in-failed", "sign-in", "token"},
		listedAct{"owner anna", "sign-in", "sign-in", "password"},
		listedAct{"owner anna", "export-persons", "export", "stage:customer"},
		listedAct{"owner anna", "export-audience", "export", "offers:email:yes"},
		listedAct{"owner anna", "export-mailerlite", "export", "offers:email"},
		listedAct{"owner anna", "export-record", "export", "csv"},
		listedAct{"owner anna", "sign-out", "sign-in", ""},
	)
	if !slices.Equal(got, want) {
		t.Errorf("got the acts\n%v\nwant\n%v", got, want)
	}
	var verified struct{ Faults []any }
	if s.ask(http.MethodGet, "/v1/journal/verify", nil, &verified); len(verified.Faults) > 0 {
		t.Errorf("the journal does not verify: %v", verified.Faults)
	}
}

// TestActs_StrangersDoNotFillTheJournal: attempts with names that nobody has are recorded up to a bound.
func TestActs_StrangersDoNotFillTheJournal(t *testing.T) {
	s := newTeamShop(t, "")
	v := s.visitor()
	for i := range 40 {
		v.post("/console/password", "name", "stranger"+strings.Repeat("x", i), "password", "")
	}
	if n := len(s.acts("kind=sign-in")); n != 20 {
		t.Errorf("got %d acts of strangers, want 20", n)
	}
}

// TestStory_ReadsTheJournal narrows the journal by kind, person and day, and goes from an entry to the person, the
// request and the decision.
func TestStory_ReadsTheJournal(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	basia := s.visitor()
	basia.post("/console/password", "name", "basia", "password", s.password("basia"))
	basia.post("/console/people/"+s.subject("marek@example.com")+"/hold", "seal", basia.seal(), "reason", "spór")
	b := s.signInAs("anna")
	b.open("/console/requests/wniosek-3")
	b.follow("Potwierdź tożsamość")
	b.follow("Źródła i odbiorcy")
	b.followIn("form[action$='/live']", "Włącz powiadamianie")
	var open struct{ Decisions []struct{ Decision string } }
	s.until(func() bool {
		s.ask(http.MethodGet, "/v1/decisions?state=open&recipient=crm", nil, &open)
		return len(open.Decisions) > 0
	}, "a deletion is published")
	s.ask(http.MethodPost, "/v1/decisions/receipts",
		object{"decision": open.Decisions[0].Decision, "recipient": "crm", "outcome": "done", "at": s.now.UTC()}, nil)
	b.follow("Dziennik")
	b.accessible("the journal")
	b.everywhere("journal-filled")
	b.fill("#kind", "request")
	b.followIn("form[action='/console/journal']", "Zastosuj")
	b.sees("potwierdzenie tożsamości", "anna, właściciel")
	b.lacks("założenie blokady")
	b.followIn("tbody", "wniosek-3")
	b.sees("usunięcie danych", "tożsamość potwierdzona")
	b.open("/console/journal?by=BASIA&kind=person")
	b.sees("założenie blokady", "basia, pomoc")
	b.lacks("zalogowanie", "zmiana powiadamiania odbiorców")
	b.followIn("tbody", s.subject("marek@example.com"))
	b.sees("marek@example.com", "Podstawy prawne w czasie")
	b.open("/console/journal?kind=deletion")
	b.followIn("tbody", "dec_")
	b.sees("Decyzje i odpowiedzi odbiorców")
	b.open("/console/journal?to=2020-01-01")
	b.sees("Nie ma takich działań")
}

// TestTables_AreInTheLanguageOfTheReader: the headings, one for each column, and the codes. Those of a platform are as
// the platform demands them.
func TestTables_AreInTheLanguageOfTheReader(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	v := s.visitor()
	v.post("/console/password", "name", "anna", "password", s.password("anna"))
	const persons, audience = "/console/people.csv?stage=customer", "/console/audience.csv?purpose=offers&channel=email"
	for path, want := range map[string]struct{ headings, code string }{
		persons + "&lang=pl":                       {"Identyfikator w Rodopath,Osoba,Etap,Pierwsze zdarzenie,Następny przegląd", "klienci"},
		persons + "&lang=en":                       {"Id in Rodopath,Person,Stage,First fact,Next review", "customers"},
		audience + "&lang=pl":                      {"Adres,Osoba,Wolno pisać,Dlaczego,Od,Do,Reguła polityki", "tak"},
		audience + "&lang=en":                      {"Address,Person,May be written to,Why,From,Until,Rule of the policy", "yes"},
		audience + "&form=mailerlite&lang=pl":      {"email,status", "active"},
		"/console/rules/record?format=csv&lang=pl": {"Cel,", ""},
		"/console/rules/record?format=csv&lang=en": {"Purpose,", ""},
	} {
		status, body := v.get(path)
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if status != http.StatusOK || err != nil || len(rows) < 2 {
			t.Errorf("%s: got %d with %d rows (%v), want 200 with rows", path, status, len(rows), err)
			continue
		}
		if got, _, _ := strings.Cut(body, "\n"); !strings.HasPrefix(got, want.headings) {
			t.Errorf("%s: got the headings %q, want %q", path, got, want.headings)
		}
		if want.code != "" && !slices.Contains(rows[1], want.code) {
			t.Errorf("%s: got the row %q, want %q in it", path, rows[1], want.code)
		}
	}
}
