package statistics_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/statistics"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func polish(t *testing.T) *rules.Policy {
	t.Helper()
	p, err := policy.Load(policy.DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// person is a person after facts.
func person(p *rules.Policy, id string, facts ...fact.Fact) *lifecycle.Subject {
	for i := range facts {
		facts[i].ID, facts[i].Received = fmt.Sprint(id, i), facts[i].Occurred
	}
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: id}, facts, now)
	return &s
}

func day(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 10, 0, 0, 0, time.UTC)
}

func asked(at time.Time) fact.Fact {
	return fact.Fact{Kind: fact.KindAccessRequest, Ref: "req", Occurred: at}
}

func answered(at time.Time) fact.Fact {
	return fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req", Occurred: at}
}

func mistaken(at time.Time) fact.Fact {
	return fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req", Occurred: at, Outcome: fact.OutcomeMistaken}
}

// TestYear_RequestsByTheirAnswer counts requests that were answered in time, late and not at all, by civil days.
func TestYear_RequestsByTheirAnswer(t *testing.T) {
	p := polish(t)
	c := statistics.NewCounter(p, 2026, now)
	for i, facts := range [][]fact.Fact{
		{asked(day(time.March, 2)), answered(day(time.March, 4))},        // 2 days
		{asked(day(time.March, 2)), answered(day(time.March, 12))},       // 10 days
		{asked(day(time.April, 1)), answered(day(time.June, 1))},         // 61 days: late
		{asked(day(time.November, 20))},                                  // open
		{asked(day(time.September, 1))},                                  // open, and past its last day
		{asked(time.Date(2025, 12, 31, 23, 30, 0, 0, time.UTC))},         // half past midnight of 1 January in Warsaw
		{asked(time.Date(2025, 12, 31, 22, 30, 0, 0, time.UTC))},         // the year before
		{{Kind: fact.KindNegotiationOpened, Ref: "talk", Occurred: now}}, // no request
		{asked(day(time.March, 2)), mistaken(day(time.May, 4))},          // recorded by mistake
	} {
		c.AddPerson(person(p, fmt.Sprint("person", i), facts...))
	}
	c.AddPerson(&lifecycle.Subject{ID: "redirect", MergedInto: "person0"})
	got := c.Year()
	middle, most := 10.0, 61
	want := []statistics.Requests{
		{
			Right:      fact.KindAccessRequest,
			Received:   6,
			InTime:     2,
			Late:       1,
			Open:       3,
			Overdue:    2,
			Mistaken:   1,
			Outcomes:   map[string]int{},
			MedianDays: &middle,
			MostDays:   &most,
		},
	}
	if !reflect.DeepEqual(got.Requests, want) {
		t.Errorf("requests: got %+v, want %+v", got.Requests, want)
	}
	if got.Persons != 9 {
		t.Errorf("persons: got %d, want 9: a redirect is nobody", got.Persons)
	}
	if got.Holding == 0 || got.Holding > got.Persons {
		t.Errorf("got %d of %d persons of whom data may be held", got.Holding, got.Persons)
	}
}

// TestYear_TheMedianOfTwoIsTheirMean: of 0 and 3 days 1.5, and the days are those of the zone of the policy.
func TestYear_TheMedianOfTwoIsTheirMean(t *testing.T) {
	p := polish(t)
	c := statistics.NewCounter(p, 2026, now)
	evening := time.Date(2026, time.March, 2, 22, 30, 0, 0, time.UTC) // in Warsaw still 2 March
	c.AddPerson(person(p, "same", asked(day(time.March, 2)), answered(evening)))
	c.AddPerson(person(p, "later", asked(evening), answered(evening.AddDate(0, 0, 2).Add(time.Hour)))) // 5 March begins
	got := c.Year().Requests
	if len(got) != 1 || got[0].MedianDays == nil || *got[0].MedianDays != 1.5 || *got[0].MostDays != 3 {
		t.Errorf("got %+v, want a median of 1.5 days, and at most 3", got)
	}
}

// TestYear_EntriesOfTheYearAlone counts the entries of journals between two New Year's Days of the zone of the policy.
func TestYear_EntriesOfTheYearAlone(t *testing.T) {
	c := statistics.NewCounter(polish(t), 2026, now)
	first, last := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 22, 59, 59, 0, time.UTC)
	deletion := func(at time.Time, rule string, categories ...string) chain.Entry {
		e := chain.Entry{Subject: "person-" + rule, At: at, Kind: chain.KindDelete, Rules: []string{rule}}
		for _, category := range categories {
			e.Items = append(e.Items, rules.Item{Category: category})
		}
		return e
	}
	for _, e := range []chain.Entry{
		deletion(first, "tax_documents 6(1)(c)", "invoice"),
		deletion(last, "claims 6(1)(f)", "order", "access"),
		deletion(day(time.May, 1), "claims 6(1)(f)", "order"),
		deletion(first.Add(-time.Second), "claims 6(1)(f)", "order"),
		deletion(last.Add(time.Second), "claims 6(1)(f)", "order"),
		{At: first, Kind: chain.KindConfirmed, Text: string(notice.StateConfirmed)},
		{At: first, Kind: chain.KindConfirmed, Text: string(notice.StateAnswered)}, {At: first, Kind: chain.KindRetracted},
		{At: first, Kind: chain.KindWithdrawn}, {At: first, Kind: chain.KindAskConsent},
		{At: first, Kind: chain.KindAlarm}, {At: first, Kind: chain.KindRead},
		{At: first, Kind: chain.KindAct, Text: "hold"}, {At: last, Kind: chain.KindAct, Text: "hold"},
	} {
		c.AddEntry(&e)
	}
	want := statistics.Year{
		Year: 2026, Requests: []statistics.Requests{}, Deletions: 3, DeletionPersons: 2,
		Items: map[string]int{"invoice": 1, "order": 2, "access": 1},
		Reasons: []statistics.Reason{
			{Reason: "claims 6(1)(f)", Deletions: 2}, {Reason: "tax_documents 6(1)(c)", Deletions: 1},
		},
		Confirmed: 1, Retracted: 1, Withdrawn: 1, Questions: 1, Alarms: 1, Reads: 1, Acts: map[string]int{"hold": 2},
	}
	if got := c.Year(); !reflect.DeepEqual(got, want) {
		t.Errorf("the year: got %+v, want %+v", got, want)
	}
}
