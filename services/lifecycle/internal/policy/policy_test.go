package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
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

// broken are changes to the shipped policy, and what must be said about each.
func broken() map[string]struct{ old, new, want string } {
	return map[string]struct{ old, new, want string }{
		"unknown key":              {"zone: Europe", "zoen: Europe", `unknown key "zoen"; did you mean "zone"?`},
		"no name":                  {"policy: pl", "policy: \"\"", `a policy needs a name`},
		"unknown zone":             {"Europe/Warsaw", "Europe/Krakow", `"Europe/Krakow" is not a time zone`},
		"unknown holidays":         {"holidays: PL", "holidays: MARS", `"MARS" is not a known calendar of holidays`},
		"no intake":                {"intake_days: 30", "intake_days: 0", `intake_days must be from 1 to 366`},
		"unknown category":         {"keeps: [contact, webinar]", "keeps: [contact, webnar]", `rule webinar: unknown category "webnar"`},
		"keeps nothing":            {"keeps: [contact, webinar]", "keeps: []", `rule webinar keeps nothing`},
		"category per what":        {"{name: \"invoice or receipt\", per: record}", "{name: \"invoice or receipt\", per: order}", `per must be person or record`},
		"unknown kind":             {"raised_by: [webinar]", "raised_by: [webinars]", `"webinars" is not a kind of fact`},
		"raised by nothing":        {"raised_by: [webinar]", "raised_by: []", `say what raises it`},
		"unknown access":           {"access: [course]", "access: [lifetime]", `"lifetime" is not a kind of access`},
		"unknown article":          {"article: 6(1)(c)", "article: 6(1)(z)", `"6(1)(z)" is not a basis of the GDPR`},
		"no end":                   {"    until: 30 days after webinar\n", "", `rule webinar never ends`},
		"open without an end":      {"    ended_by: [erasure]\n    per: record\n    until: 30 days after webinar", "    per: record\n    until: open", `"until: open" needs ended_by`},
		"duration without anchor":  {"30 days after webinar", "30 days", `has no anchor`},
		"unknown anchor":           {"30 days after webinar", "30 days after party", `"party" is not an event to count from`},
		"unknown unit":             {"30 days after webinar", "30 moons after webinar", `"moons" is not a unit`},
		"no number":                {"30 days after webinar", "0 days after webinar", `"0" is not a whole number from 1 to 1000`},
		"per what":                 {"    per: contract\n    until: access_end", "    per: order\n    until: access_end", `per must be record, contract or person`},
		"consent with an end":      {"    raised_by: consent\n", "    raised_by: consent\n    until: 5 years after signup\n", `a consent ends when it is taken back`},
		"consent on another basis": {"article: 6(1)(a)", "article: 6(1)(f)", `a basis raised by consent is 6(1)(a)`},
		"consent keeps orders":     {"keeps: [contact, newsletter, marketing_profile, consent_evidence]", "keeps: [order]", `kept per record`},
		"rule twice":               {"id: webinar", "id: newsletter", `rule "newsletter" is defined twice`},
		"wording twice":            {"id: offers-phone", "id: newsletter-offers", `wording "newsletter-offers" is defined twice`},
		"wording of nothing":       {"covers: [newsletter]\n", "covers: []\n", `must say what it covers`},
		"wording of no purpose":    {"covers: [newsletter]\n", "covers: [spam]\n", `no rule with raised_by: consent has the purpose "spam"`},
		"ask by mail":              {"places: [checkout, thank_you_page, account]", "places: [checkout, email]", `a question may not stand in "email"`},
		"ask nowhere":              {"places: [checkout, thank_you_page, account]", "places: []", `say where the question may stand`},
		"ask with a wrong wording": {"    wording: newsletter-offers\n", "    wording: newsletter-editorial\n", `does not cover offers by email`},
		"ask with no wording":      {"    wording: newsletter-offers\n", "    wording: nothing\n", `wording "nothing" is not defined`},
		"ask for no purpose":       {"  - purpose: offers\n    channel", "  - purpose: gifts\n    channel", `has the purpose "gifts"`},
		"ask on no basis":          {"when: contract", "when: friendship", `no rule has the purpose "friendship"`},
		"ask without an end":       {"stands_days: 30", "stands_days: 0", `stands_days must be from 1 to 366`},
	}
}

func TestParse_ABrokenPolicyIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range broken() {
		if !strings.Contains(Text(), c.old) {
			t.Errorf("%s: the shipped policy has no %q", name, c.old)
			continue
		}
		_, err := Parse("p.yaml", []byte(strings.Replace(Text(), c.old, c.new, 1)), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "p.yaml:") {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
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
	for _, c := range broken() {
		f.Add(strings.Replace(Text(), c.old, c.new, 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse("p.yaml", []byte(text), "A")
		if err != nil {
			return
		}
		// A policy that was taken must be able to decide.
		at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		var facts []lifecycle.Fact
		for _, k := range lifecycle.Kinds() {
			facts = append(facts, lifecycle.Fact{ID: string(k), Kind: k, Occurred: at, Received: at, Ref: "r", Wording: "newsletter-offers"})
		}
		if s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "s"}, facts, at); s.Revision != p.Revision {
			t.Error("nothing was decided")
		}
	})
}
