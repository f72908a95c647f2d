package reminder_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/reminder"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func keys(items []reminder.Item) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.Key)
	}
	return out
}

// TestItems_ARequestComesUpAsItsLastDayNears, and once the answer is late.
func TestItems_ARequestComesUpAsItsLastDayNears(t *testing.T) {
	for day, want := range map[string]string{
		"2026-11-30T12:00:00Z": "arrived", "2026-12-21T12:00:00Z": "first", "2026-12-28T12:00:00Z": "second",
		"2026-12-30T12:00:00Z": "last", "2026-12-31T12:00:00Z": "last",
		"2026-12-30T23:30:00Z": "last", // the 31st in Warsaw
	} {
		warsaw, err := time.LoadLocation("Europe/Warsaw")
		if err != nil {
			t.Fatal(err)
		}
		s := &reminder.Situation{At: at(t, day), Zone: warsaw, Requests: []rights.Request{
			{Ref: "form-1", Right: fact.KindErasure, LastDay: "2026-12-31"},
		}}
		if got := keys(reminder.Items(s, "pl")); !slices.Contains(got, "request:form-1:"+want) {
			t.Errorf("%s: got %q, want %q", day, got, want)
		}
	}
	late := &reminder.Situation{At: at(t, "2027-01-02T12:00:00Z"), Zone: time.UTC, Requests: []rights.Request{
		{Ref: "form-1", Right: fact.KindErasure, LastDay: "2026-12-31", Overdue: true},
	}}
	got := reminder.Items(late, "pl")[0]
	if got.Key != "request:form-1:overdue" || !strings.Contains(got.Text, "termin odpowiedzi minął 31.12.2026") {
		t.Errorf("got %+v, want the overdue request", got)
	}
}

func TestItems_WhatIsWrongIsToldOnceAWeek(t *testing.T) {
	s := &reminder.Situation{
		At:          at(t, "2026-11-24T12:00:00Z"),
		Zone:        time.UTC,
		Alarms:      2,
		Quarantined: 1,
		Held:        true,
		Silent:      []string{"shop"},
	}
	tuesday := keys(reminder.Items(s, "pl"))
	for _, want := range []string{
		"alarm:held:2026-W48", "alarm:alarms:2026-W48", "alarm:quarantine:2026-W48", "alarm:source-shop:2026-W48", "week:2026-W48",
	} {
		if !slices.Contains(tuesday, want) {
			t.Errorf("got %q, want %s", tuesday, want)
		}
	}
	s.At = at(t, "2026-11-29T23:00:00Z")
	if sunday := keys(reminder.Items(s, "pl")); !slices.Equal(sunday, tuesday) {
		t.Errorf("on Sunday: got %q, want the same as %q", sunday, tuesday)
	}
	s.At = at(t, "2026-11-30T07:59:00Z")
	if monday := keys(
		reminder.Items(s, "pl"),
	); slices.ContainsFunc(
		monday,
		func(k string) bool { return strings.HasPrefix(k, "week:") },
	) {
		t.Errorf("on Monday before eight: got %q, want no summary yet", monday)
	}
}

func TestCompose_OneMessageOfAKind(t *testing.T) {
	s := &reminder.Situation{
		At: at(t, "2026-11-30T09:00:00Z"), Zone: time.UTC, Persons: map[string]int64{"customer": 12}, Lapses: 3,
		Requests: []rights.Request{
			{
				Ref:     "a",
				Right:   fact.KindAccessRequest,
				LastDay: "2026-12-02",
			},
			{Ref: "b", Right: fact.KindErasure, LastDay: "2026-12-20"},
		},
	}
	got := reminder.Compose(reminder.Items(s, "pl"), "pl", "Zielona Nitka", "https://console.example.com/")
	if len(got) != 2 || got[0].Kind != reminder.KindRequests || len(got[0].Keys) != 2 {
		t.Fatalf("got %+v, want requests and the summary", got)
	}
	for _, want := range []string{"Wniosek a (dostęp do danych, art. 15): odpowiedz najpóźniej 02.12.2026.", "https://console.example.com/console/requests"} {
		if !strings.Contains(got[0].Text, want) {
			t.Errorf("the requests lack %q:\n%s", want, got[0].Text)
		}
	}
	for _, want := range []string{"Otwarte wnioski: 2, w tym po terminie: 0.", "Klienci: 12", "przyszłym miesiącu wygasną podstawy dla danych osób: 3"} {
		if !strings.Contains(got[1].Text, want) {
			t.Errorf("the summary lacks %q:\n%s", want, got[1].Text)
		}
	}
}
