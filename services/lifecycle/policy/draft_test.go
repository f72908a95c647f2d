package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/policy"
)

// TestDraft_SaysWhatAChangeMeans compares the text that a draft writes with the changes made while a policy is read.
func TestDraft_SaysWhatAChangeMeans(t *testing.T) {
	const own = "# our shop\npolicy: mine\nextends: pl\nchoices:\n  tax: tax_term # our accountant\nrules:\n" +
		"  - {id: webinar, purpose: webinar, article: 6(1)(b), raised_by: [webinar], ended_by: [erasure], per: record, " +
		"until: 30 days after webinar, keeps: [contact]}\n"
	for name, c := range map[string]struct {
		text    string
		changes []string
	}{
		"a choice of the default policy":      {policy.Text(), []string{"claims=strict"}},
		"two choices":                         {policy.Text(), []string{"claims=market", "soft_opt_in=on"}},
		"a choice that the file states":       {own, []string{"tax=sale_year"}},
		"a choice that the file leaves out":   {own, []string{"claims=strict"}},
		"the period of a rule of the file":    {own, []string{"webinar.until=60 days after webinar"}},
		"the period of an inherited rule":     {own, []string{"pre_contract.until=2 months after negotiation_opened"}},
		"a choice, and the period under this": {own, []string{"webinar.until=10 days after webinar", "claims=strict"}},
	} {
		t.Run(name, func(t *testing.T) {
			draft, err := policy.Draft([]byte(c.text), c.changes)
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := policy.Check("draft", draft, "Sklep")
			if err != nil {
				t.Fatalf("%v\n%s", err, draft)
			}
			want, err := policy.Change("changed", []byte(c.text), "Sklep", c.changes)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range c.changes {
				name, is, _ := strings.Cut(change, "=")
				if !strings.Contains(name, ".") && got.Choices[name] != is {
					t.Errorf("%s: got %q, want %q", name, got.Choices[name], is)
				}
			}
			if len(got.Rules) != len(want.Rules) {
				t.Fatalf("got %d rules, want %d", len(got.Rules), len(want.Rules))
			}
			for i := range got.Rules {
				g, w := got.Rules[i], want.Rules[i]
				if g.ID != w.ID || g.Until.String() != w.Until.String() {
					t.Errorf("rule %d: got %s until %s, want %s until %s", i, g.ID, g.Until, w.ID, w.Until)
				}
			}
			if strings.HasPrefix(c.text, "# our shop") && !strings.Contains(string(draft), "# our shop") {
				t.Errorf("the comments are gone:\n%s", draft)
			}
		})
	}
}

func TestDraft_RefusesWhatThePolicyHasNot(t *testing.T) {
	for _, change := range []string{"claims", "=strict", "claims=", "nothing.until=1 day after sale", "offers.text=Tak"} {
		if _, err := policy.Draft([]byte(policy.Text()), []string{change}); !errors.Is(err, policy.ErrChange) {
			t.Errorf("%s: got %v, want %v", change, err, policy.ErrChange)
		}
	}
	draft, err := policy.Draft([]byte(policy.Text()), []string{"claims=generous"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := policy.Check("draft", draft, ""); !policy.IsFault(err) {
		t.Errorf("a choice without this option: got %v, want a fault", err)
	}
}

func TestReadSettings_HasEveryOptionWithItsRisks(t *testing.T) {
	p, err := policy.Parse("default", []byte(policy.Text()), "Sklep")
	if err != nil {
		t.Fatal(err)
	}
	got, err := policy.ReadSettings("default", []byte(policy.Text()), p)
	if err != nil {
		t.Fatal(err)
	}
	claims := slices.IndexFunc(got.Choices, func(c policy.Choice) bool { return c.ID == "claims" })
	if claims < 0 || got.Choices[claims].Value != "balanced" || len(got.Choices[claims].Options) != 3 {
		t.Fatalf("got %+v, want three options of claims", got.Choices)
	}
	for _, o := range got.Choices[claims].Options {
		if len(o.Risks) != 1 || o.Risks[0].Says["pl"] == "" {
			t.Errorf("claims=%s: got the risks %+v, want one in Polish", o.Value, o.Risks)
		}
	}
	seen := map[string]bool{}
	for _, term := range got.Terms {
		if seen[term.Rule] || term.Period.PL == "" {
			t.Errorf("got %+v, want each rule in force once, with a period", term)
		}
		seen[term.Rule] = true
	}
}
