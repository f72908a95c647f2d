package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
)

func TestPortable_HoldsOnlyWhatThePersonGaveOnConsentOrContract(t *testing.T) {
	s := customer(t)
	got := report.Portable(s.policy, []string{"ala@example.com"}, s.subject, at(t, "2026-07-20 12:00"))
	if got.Article != "20" || got.Controller != "Sklep Ani" || !slices.Equal(got.Names, []string{"ala@example.com"}) {
		t.Errorf("got %+v", got)
	}
	var categories, kinds []string
	for _, b := range got.Bases {
		if b.Article != "6(1)(a)" && b.Article != "6(1)(b)" {
			t.Errorf("%s is on %s", b.Purpose.ID, b.Article)
		}
		for _, c := range b.Categories {
			categories = append(categories, c.ID)
		}
		for _, f := range b.Facts {
			kinds = append(kinds, f.Kind)
			if f.Kind == "signup" && (f.Wording == "" || f.Text == "") {
				t.Errorf("the sign-up of %s tells no wording: %+v", b.Purpose.ID, f)
			}
			if f.Kind == "sale" && (f.Record != "order-2" || f.AccessDays != 365) {
				t.Errorf("order-1 was delivered long ago, and this is %+v", f)
			}
		}
	}
	slices.Sort(categories)
	slices.Sort(kinds)
	if got, want := strings.Join(slices.Compact(categories), " "), "contact newsletter order phone progress"; got != want {
		t.Errorf("the categories are %s and not %s", got, want)
	}
	if got, want := strings.Join(slices.Compact(kinds), " "), "sale signup"; got != want {
		t.Errorf("the facts are %s and not %s", got, want)
	}
}

func TestPortable_OfTheBooksNothingIsTakenAlong(t *testing.T) {
	s := eraser(t)
	data, err := json.Marshal(report.Portable(s.policy, []string{"ala@example.com"}, s.subject, at(t, "2028-06-02 12:00")))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(
		data,
	); !strings.Contains(text, `"bases":[]`) || !strings.Contains(text, `"names":[]`) ||
		strings.Contains(text, "order-1") {
		t.Errorf("got %s", text)
	}
}

func TestPortable_AWithdrawnConsentIsNoBasis(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-editorial"})
	s.tell(t, "2026-04-01 10:00", fact.Fact{Kind: fact.KindUnsubscribe})
	if n := len(report.Portable(s.policy, nil, s.subject, at(t, "2026-03-02 10:00")).Bases); n != 1 {
		t.Errorf("while it stands there are %d bases", n)
	}
	if n := len(report.Portable(s.policy, nil, s.subject, at(t, "2026-04-02 10:00")).Bases); n != 0 {
		t.Errorf("afterwards there are %d", n)
	}
}
