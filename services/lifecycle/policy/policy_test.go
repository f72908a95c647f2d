package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func TestLoad_TheShippedPolicyIsSound(t *testing.T) {
	p, err := Load(DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range p.Wordings {
		if !strings.Contains(w.Text, "Sklep Ani") {
			t.Errorf("wording %s does not name the controller: %s", w.ID, w.Text)
		}
	}
	for _, c := range []string{"contact", "newsletter", "marketing_profile", "order", "invoice", "access", "negotiation", "consent_evidence", "suppression"} {
		if _, ok := p.Categories[c]; !ok {
			t.Errorf("no category %s", c)
		}
	}
}

func TestLoad_ReadsTheFileThatIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := strings.Replace(Text(), "policy: pl", "policy: mine", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(path, "")
	if err != nil || p.ID != "mine" {
		t.Errorf("got %v, %v", p, err)
	}
	if _, err := Load(path+".missing", ""); err == nil || !strings.Contains(err.Error(), "mine.yaml.missing") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestParse_RevisionIsOfTheMeaningNotTheText(t *testing.T) {
	revision := func(text, controller string) string {
		p, err := Parse("p.yaml", []byte(text), controller)
		if err != nil {
			t.Fatal(err)
		}
		return p.Revision
	}
	base := revision(Text(), "A")
	if revision("# a comment\n"+Text(), "A") != base {
		t.Error("a comment changes the revision")
	}
	if revision(Text(), "B") == base {
		t.Error("another controller does not change the revision")
	}
	if revision(strings.Replace(Text(), "6 months after", "7 months after", 1), "A") == base {
		t.Error("another period does not change the revision")
	}
}

// broken are the policies of testdata/broken, and what must be said about each: the
// first line of the file.
func broken(t testing.TB) map[string][2]string {
	t.Helper()
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no broken policies: %v", err)
	}
	out := map[string][2]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		want, ok := strings.CutPrefix(first, "# want: ")
		if !ok {
			t.Fatalf("%s does not begin with \"# want: \"", file)
		}
		out[file] = [2]string{string(data), want}
	}
	return out
}

func TestParse_ABrokenPolicyIsRefusedWithItsPlace(t *testing.T) {
	place := regexp.MustCompile(`^testdata/broken/[a-z-]+\.yaml:[1-9][0-9]*:[1-9][0-9]*: `)
	for file, c := range broken(t) {
		_, err := Parse(file, []byte(c[0]), "")
		if err == nil {
			t.Errorf("%s is not refused", file)
			continue
		}
		if !strings.Contains(err.Error(), c[1]) || !place.MatchString(err.Error()) {
			t.Errorf("%s:\n got %v\nwant %s", file, err, c[1])
		}
		// A fault brings no others along, so that the message points at the mistake.
		if n := strings.Count(err.Error(), "\n") + 1; n > 2 {
			t.Errorf("%s: one mistake gives %d messages:\n%v", file, n, err)
		}
	}
}

// TestParse_ExtendsChangesWhatItSaysAndNothingElse compares a policy that extends the
// shipped one with it.
func TestParse_ExtendsChangesWhatItSaysAndNothingElse(t *testing.T) {
	base, err := Load(DefaultName, "A")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("mine.yaml", []byte(`policy: mine
extends: pl
choices: {tax: tax_term}
rules:
  - id: webinar
    purpose: webinar
    article: 6(1)(b)
    raised_by: [webinar]
    per: record
    until: 60 days after webinar
    keeps: [contact, webinar]
`), "A")
	if err != nil {
		t.Fatal(err)
	}
	ids := func(p *rules.Policy) (out []string) {
		for _, r := range p.Rules {
			out = append(out, r.ID+" "+r.Until.String())
		}
		return out
	}
	want := strings.NewReplacer(
		"webinar 30 days after event, else 1 year after webinar",
		"webinar 60 days after webinar",
		"tax_unpaid 5 years after end_of_year of performed",
		"tax_unpaid_term 5 years after end_of_year of income_tax_due, next working day",
		"tax 5 years after end_of_year of sale\ntax_correction 5 years after end_of_year of refund",
		"tax_vat 5 years after end_of_year of vat_due, next working day\ntax_income 5 years after end_of_year of income_tax_due, next working day",
	).Replace(strings.Join(ids(base), "\n"))
	if got := strings.Join(ids(p), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p.Rules[len(p.Rules)-1].Line == 0 || p.ID != "mine" || p.Revision == base.Revision {
		t.Errorf("got %s@%s", p.ID, p.Revision)
	}
}

// TestCheck_WarnsWhereAChoiceIsARisk has the risk of each choice that is one.
func TestCheck_WarnsWhereAChoiceIsARisk(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{"too_early Ordynacja", "too_long RODO", "too_early ustawa"}},
		{"choices: {tax: tax_term}", []string{"too_long RODO", "too_early ustawa"}},
		{"choices: {tax: oss}", []string{"too_long rozporządzenie", "too_long RODO", "too_early ustawa"}},
		{"choices: {tax: tax_term, soft_opt_in: \"on\"}", []string{"too_long RODO", "marketing Prawo", "too_early ustawa"}},
		{"choices: {tax: tax_term, ksef: 2026-04-01}", []string{"too_long RODO", "too_long ustawa"}},
		{"choices: {tax: tax_term, profile: consent}", []string{"too_long RODO", "too_long RODO", "too_early ustawa"}},
		{"choices: {tax: tax_term}\nwordings: [{id: deutsch, language: de, covers: [newsletter, offers], channels: [email], text: \"Angebote von {controller}\"}]", []string{"too_long RODO", "too_early ustawa", "marketing RODO"}},
		{"choices: {tax: tax_term, claims: strict}", []string{"too_early Kodeks", "too_early ustawa"}},
		{"choices: {tax: tax_term, claims: market}", []string{"too_long NSA", "too_early ustawa"}},
		{"choices: {tax: tax_term, evidence: market}", []string{"too_long RODO", "too_long RODO", "too_early ustawa"}},
		{"choices: {tax: tax_term}\nrules: [{id: tax_income, purpose: tax_documents, article: 6(1)(c), raised_by: [sale], per: record, until: 3 years after sale, keeps: [invoice]}, {id: tax_vat, purpose: tax_documents, article: 6(1)(c), raised_by: [sale], per: record, until: 4 years after sale, keeps: [invoice]}]", []string{"too_long RODO", "too_early ustawa", "too_early Ordynacja"}},
		{"choices: {tax: tax_term}\nrules: [{id: memories, purpose: memories, article: 6(1)(f), raised_by: [sale], per: record, until: 20 years after sale, keeps: [order]}]", []string{"too_long RODO", "too_early ustawa", "too_long RODO"}},
		{"choices: {tax: tax_term}\nask: [{purpose: offers, channel: email, when: contract, wording: newsletter-offers, places: [transactional_mail], stands_days: 30}]", []string{"too_long RODO", "too_early ustawa", "marketing UOKiK"}},
	} {
		_, warnings, err := Check("mine.yaml", []byte("policy: mine\nextends: pl\n"+c.text+"\n"), "A")
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		var got []string
		for _, w := range warnings {
			first, _, _ := strings.Cut(w.Cites, " ")
			got = append(got, w.Risk+" "+strings.TrimSuffix(first, ";"))
			if w.Says["pl"] == "" || w.Says["en"] == "" {
				t.Errorf("%s: %v is not said in both languages", c.text, w)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: warns of %v, and should of %v", c.text, got, c.want)
		}
	}
}

func TestParse_NamesAllFaultsAtOnce(t *testing.T) {
	text := strings.NewReplacer("30 days after webinar", "30 days", "article: 6(1)(c)", "article: tax").Replace(Text())
	_, err := Parse("p.yaml", []byte(text), "")
	if err == nil || strings.Count(err.Error(), "\n") < 2 {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Text())
	for _, c := range broken(f) {
		f.Add(c[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse("p.yaml", []byte(text), "A")
		if err != nil {
			return
		}
		// A policy that was taken must be able to decide.
		at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		var facts []fact.Fact
		for _, k := range fact.Kinds() {
			facts = append(
				facts,
				fact.Fact{ID: string(k), Kind: k, Occurred: at, Received: at, Ref: "r", Wording: "newsletter-offers"},
			)
		}
		if s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "s"}, facts, at); s.Revision != p.Revision {
			t.Error("nothing was decided")
		}
	})
}

// TestParse_AWordingOfOnesOwnReplacesAllOfItsID: the default policy has the former and the present text of a wording.
func TestParse_AWordingOfOnesOwnReplacesAllOfItsID(t *testing.T) {
	p, err := Parse("own.yaml", []byte(`policy: own
extends: pl
wordings:
  - id: newsletter-offers
    language: pl
    covers: [newsletter, offers]
    channels: [email]
    text: "Chcę otrzymywać mailem newsletter {controller} z ofertami. Zgodę mogę wycofać."
`), "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range p.Wordings {
		if p.Wordings[i].ID == "newsletter-offers" {
			got = append(got, p.Wordings[i].Text)
		}
	}
	if want := "Chcę otrzymywać mailem newsletter Sklep Ani z ofertami. Zgodę mogę wycofać."; len(got) != 1 ||
		got[0] != want {
		t.Errorf("got %q, want %q alone", got, want)
	}
}

func TestParse_ATranslationIsCheckedAsTheTextIs(t *testing.T) {
	_, err := Parse("own.yaml", []byte(`policy: own
extends: pl
wordings:
  - id: newsletter-offers
    language: pl
    covers: [newsletter, offers]
    channels: [email]
    text: "Chcę otrzymywać mailem newsletter {controller} z ofertami. Zgodę mogę wycofać."
    translations:
      en: "I want the newsletter of {controller} by mail. I can withdraw my consent."
`), "Sklep Ani")
	if want := `own.yaml:10:11: wording "newsletter-offers" covers offers and does not mention offers`; err == nil ||
		err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRecipientWarnings_NameWhatDataSubjectsWouldNotLearn(t *testing.T) {
	p, err := Parse(DefaultName, []byte(Text()), "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	if got := recipientWarnings(p); len(got) > 0 {
		t.Errorf("the default policy: got %+v, want no warning", got)
	}
	p.Connected = []rules.ConnectedRecipient{
		{ID: "crm"}, {ID: "cloud", Name: "Cloud Inc.", Country: "USA"},
		{ID: "letters", Name: "Listonosz", Country: "USA", Safeguard: "SCC"},
	}
	var got []string
	for _, w := range recipientWarnings(p) {
		got = append(got, w.Says["en"])
	}
	for i, want := range []string{
		"cloud transfers data to USA, and no safeguard", "cloud is configured, and the policy does not know",
		"crm has no name", "crm is configured, and the policy does not know",
	} {
		if i >= len(got) || !strings.Contains(got[i], want) {
			t.Fatalf("got %q, want %q at %d", got, want, i)
		}
	}
	if len(got) != 4 {
		t.Errorf("got %q, want 4", got)
	}
}
