package console

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/simulation"
)

// shown is the text of a page with a content, in the zone Europe/Warsaw, as the owner sees it.
func shown(t *testing.T, l language, page string, content any) string {
	t.Helper()
	return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(markup(t, l, page, content), "")
}

// markup is a page with a content, with one space for any white space.
func markup(t *testing.T, l language, page string, content any) string {
	t.Helper()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	p := &place{now: time.Now}
	p.is.Store(&knownZone{warsaw, time.Now()})
	var out bytes.Buffer
	d := data{Lang: l, Title: "Title", SignedIn: true, Who: "anna", Role: RoleOwner, Page: content}
	if err := readPages(t, p).execute(&out, l, page, "content", d); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(html.UnescapeString(out.String())), " ")
}

// TestWords_NameTheStatesOfAConsentAsTheCardDoes: the card of consents has the words of the report of Art. 15.
func TestWords_NameTheStatesOfAConsentAsTheCardDoes(t *testing.T) {
	all, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][2]string{
		"answer_refused": {"odmowa zgody", "refused"}, "answer_withdrawn": {"wycofana", "withdrawn"},
		"answer_objected": {"sprzeciw", "objection"},
	} {
		for i, l := range languages() {
			if got := all[l][key]; !strings.Contains(got, want[i]) {
				t.Errorf("%s in %s: got %q, want %q", key, l, got, want[i])
			}
		}
	}
}

// TestRules_ShowPeriodsInTheLanguageOfTheReader: the syntax of the policy stands in a closed part of the page alone.
func TestRules_ShowPeriodsInTheLanguageOfTheReader(t *testing.T) {
	p := &rulesPage{}
	p.Settings.Terms = []term{{
		Rule: "tax", Article: "6(1)(c)", Until: []string{"5 years after sale"}, Period: text{"5 lat", "5 years"},
	}}
	open := regexp.MustCompile(`<details><summary>.*?</details>`).ReplaceAllString(markup(t, polish, "rules", p), "")
	if !strings.Contains(open, "5 lat") || strings.Contains(open, "5 years after") {
		t.Errorf("got %s, want the period in Polish alone", open)
	}
}

// TestSimulation_SaysWhichDataDoNotCount: a change of the period of proofs of consent deletes proofs, which have no
// name, and no number counts them.
func TestSimulation_SaysWhichDataDoNotCount(t *testing.T) {
	for l, want := range map[language][]string{
		polish:  {"Żadne dane z nazwiskiem lub adresem", "Nie liczą się dane bez nazwiska i adresu, takie jak dowód zgody"},
		english: {"No data with a name or an address", "Data without a name and an address, such as the proof of consent"},
	} {
		got := shown(t, l, "simulation", simulationPage{
			Work: workState{Ended: true}, Result: &simulationResult{
				Revision: "b", Current: "a", Changes: []string{"evidence=strict"}, Result: simulation.Result{Persons: 3},
			},
		})
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s: got %s, want %q", l, got, text)
			}
		}
	}
}
