package consoletest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/certificate"
)

// signInAs signs a browser in by a name and a password.
func (s *shop) signInAs(name string) *tab {
	s.t.Helper()
	b := newTab(s.t, s.Control.API)
	b.open("/console/login")
	b.fill("#name", name)
	b.fill("#password", s.password(name))
	b.follow("Zaloguj")
	return b
}

// TestStory_ChangesARule sees what a choice would do, and approves it, with 300 persons, or with 100,000 in a slow run
// (RODOPATH_TEST_SLOW=1).
func TestStory_ChangesARule(t *testing.T) {
	persons := 300
	if os.Getenv("RODOPATH_TEST_SLOW") != "" {
		persons = 100_000
	}
	s := newTeamShop(t, "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fill(t, s, persons)
	s.start()
	b := s.signInAs("anna")
	b.follow("Zasady")
	b.sees(
		"Dane na wypadek roszczeń",
		"ryzyko zbyt długiego przechowywania",
		"Rejestr czynności przetwarzania",
		"Treści zgód",
	)
	b.follow("Sprawdź skutki")
	b.sees("Żaden wybór ani okres nie różni się")
	b.follow("Zasady")
	b.run(`document.querySelector('input[name="choice:claims"][value=strict]').click()`)
	b.follow("Sprawdź skutki")
	if persons > 1000 { // the page shows how far the comparison is
		b.sees("Sprawdzono", "z "+strconv.Itoa(persons))
		b.accessible("a simulation that runs")
	}
	b.waits("the result", `!!document.querySelector("#approve")`)
	b.sees("Symulacja zmiany", "tylko roszczenia już zgłoszone", "zostałyby usunięte wcześniej",
		"Pierwszy dzień, od którego usunięć nie da się cofnąć", "Miesiąc po miesiącu", "Zatwierdź zmianę")
	b.lacks("ryzyko marketingu bez zgody", "ryzyko zbyt długiego przechowywania") // of rules that stay as they are
	b.everywhere("simulation")
	b.fill("#reason", "rada prawnika")
	b.followIn("main", "Zatwierdź zmianę")
	b.sees("obowiązuje od teraz", "anna, właściciel", "rada prawnika")
	b.run(`document.querySelector('input[name="choice:soft_opt_in"][value=on]').click()`)
	b.follow("Sprawdź skutki")
	b.waits("the result", `!!document.querySelector("#approve")`)
	b.sees("ryzyko marketingu bez zgody", "Żadne dane z nazwiskiem lub adresem", "takie jak dowód zgody")
	b.follow("Dziennik")
	b.sees("zatwierdzenie polityki", "anna, właściciel")
	b.follow("Zasady")
	if !eval[bool](b, `document.querySelector('input[name="choice:claims"][value=strict]').checked`) {
		t.Error("the page does not show the choice that was approved")
	}
}

// TestStory_AnAuditorsHour reads a person, the rules and the journal, takes a signed report, and leaves a trace.
func TestStory_AnAuditorsHour(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	id := s.subject("ala@example.com")
	owner := s.visitor()
	owner.post("/console/password", "name", "anna", "password", s.password("anna"))
	owner.get("/console/people/" + id)
	owner.post("/console/people/"+id+"/hold", "seal", owner.seal(), "reason", "spór", "record", "")
	s.settle()
	if _, page := owner.get("/console/people/" + id); !strings.Contains(page, "zapis: anna, właściciel") ||
		strings.Contains(page, ">api<") {
		t.Errorf("the page does not say who recorded the hold: %s", page)
	}
	b := s.signInAs("cezary")
	b.sees("Czytasz jako audytor")
	b.find("ala@example.com")
	b.sees("Co jest przechowywane i dlaczego")
	b.lacks("Załóż blokadę")
	b.follow("Zasady")
	b.sees("Rejestr czynności przetwarzania")
	b.lacks("Sprawdź skutki")
	if record := b.download("CSV"); !strings.Contains(record, "Ordynacja podatkowa") {
		t.Errorf("the record of processing: %s", record)
	}
	b.follow("Dziennik")
	b.sees("założenie blokady", "anna, właściciel")
	b.follow("Przygotuj raport")
	b.waits("the report", `!!document.querySelector("#rights")`)
	b.sees(
		"Dzienniki są nienaruszone",
		"dostęp do danych (art. 15)",
		"Usunięcia ogłoszone w roku:",
		"założenie blokady: 1",
	)
	b.everywhere("annual")
	signed := b.download("Pobierz podpisany raport")
	var key struct{ Key string }
	s.ask(http.MethodGet, "/v1/certificate-key", nil, &key)
	payload, err := certificate.VerifyReport([]byte(signed), key.Key)
	if err != nil || strings.Contains(string(payload), "@") {
		t.Fatalf("the report does not verify, or names a person: %v\n%s", err, payload)
	}
	var report struct {
		Statistics struct {
			Reads int
			Acts  map[string]int
		}
	}
	if err := json.Unmarshal(payload, &report); err != nil || report.Statistics.Reads == 0 {
		t.Errorf("got %+v (%v), want the readings of the auditor", report, err)
	}
	if _, err := certificate.VerifyReport(
		[]byte(strings.Replace(signed, `"payload":"e`, `"payload":"f`, 1)),
		key.Key,
	); err == nil {
		t.Error("a changed report verifies")
	}
	b.follow("Dziennik")
	b.sees("raport roczny", "cezary, audytor")
}
