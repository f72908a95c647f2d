package simulation_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/simulation"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// shop is a policy with a rule for talks of a few months, and with changes.
func shop(t *testing.T, changes ...string) *rules.Policy {
	t.Helper()
	p, err := policy.Change("pl", []byte("policy: shop\nextends: pl\n"), "Sklep Ani", changes)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// person is a person after facts.
func person(p *rules.Policy, id string, facts ...fact.Fact) lifecycle.Subject {
	for i := range facts {
		facts[i].ID, facts[i].Received = fmt.Sprint(id, i), facts[i].Occurred
	}
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: id}, facts, now)
	return s
}

func talked(months int) fact.Fact {
	return fact.Fact{Kind: fact.KindNegotiationOpened, Ref: "talk", Occurred: now.AddDate(0, -months, 0)}
}

func simulate(now, next *rules.Policy, at time.Time, persons ...lifecycle.Subject) simulation.Result {
	c := simulation.NewCounter(now, next, at)
	for i := range persons {
		c.Add(&persons[i])
	}
	return c.Result()
}

func TestSimulate_AShorterPeriodDeletesByMonth(t *testing.T) {
	is := shop(t)
	next := shop(t, "pre_contract.until=3 months after negotiation_opened")
	got := simulate(is, next, now, person(is, "a", talked(5)), person(is, "b", talked(1)), person(is, "c", talked(8)))
	if got.Persons != 3 || got.AtOnce.Persons != 1 || got.Earlier.Persons != 2 || got.Kept.Persons != 0 {
		t.Errorf("got %+v, want 1 of 3 persons at once, 2 earlier, none kept", got)
	}
	if got.FirstDay != "2026-11-24" {
		t.Errorf("the first day: got %s, want today", got.FirstDay)
	}
	var months []string
	for _, m := range got.Months {
		months = append(months, fmt.Sprintf("%s %d %d", m.Month, m.Earlier.Persons, m.Earlier.Items["negotiation"]))
	}
	if want := []string{"2026-11 1 1", "2027-01 1 1"}; !slices.Equal(months, want) {
		t.Errorf("got %q, want %q", months, want)
	}
}

func TestSimulate_ALongerPeriodKeepsByMonth(t *testing.T) {
	is := shop(t, "pre_contract.until=3 months after negotiation_opened")
	next := shop(t)
	got := simulate(is, next, now, person(is, "b", talked(1)))
	if got.FirstDay != "" || got.Earlier.Persons != 0 || got.Kept.Persons != 1 {
		t.Errorf("got %+v, want one person kept and no day without return", got)
	}
	if len(got.Months) != 1 || got.Months[0].Month != "2027-01" || got.Months[0].Kept.Items["negotiation"] != 1 {
		t.Errorf("got %+v, want the month in which the policy in force deletes", got.Months)
	}
}

func TestSimulate_CountsWhoMayBeWrittenTo(t *testing.T) {
	is, next := shop(t), shop(t, "soft_opt_in=on")
	sale := fact.Fact{Kind: fact.KindSale, Ref: "order-1", Occurred: now.AddDate(0, 0, -3), Access: fact.AccessOneOff}
	got := simulate(is, next, now, person(is, "a", sale))
	want := simulation.Use{Purpose: "offers", Channel: "email", Now: 0, Next: 1}
	if !slices.Contains(got.Uses, want) {
		t.Errorf("got %+v, want %+v", got.Uses, want)
	}
}

// TestSimulate_TheSamePolicyChangesNothing, whatever a person did.
func TestSimulate_TheSamePolicyChangesNothing(t *testing.T) {
	p := shop(t)
	got := simulate(p, shop(t), now, person(p, "a", talked(2), talked(0)), person(p, "b", talked(9)))
	got.Persons, got.At = 0, time.Time{}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"at":"0001-01-01T00:00:00Z","persons":0,"at_once":{"persons":0,"items":{}},` +
		`"earlier":{"persons":0,"items":{}},"kept":{"persons":0,"items":{}},"months":[],"uses":[]}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}

func BenchmarkSimulate_Person(b *testing.B) {
	is, err := policy.Parse("pl", []byte(policy.Text()), "Sklep Ani")
	if err != nil {
		b.Fatal(err)
	}
	next, err := policy.Change("pl", []byte(policy.Text()), "Sklep Ani", []string{"claims=strict"})
	if err != nil {
		b.Fatal(err)
	}
	s := person(is, "a", talked(2), fact.Fact{Kind: fact.KindSale, Ref: "order-1", Occurred: now.AddDate(0, 0, -3)})
	c := simulation.NewCounter(is, next, now)
	b.ReportAllocs()
	for b.Loop() {
		c.Add(&s)
	}
}
