package rules

import (
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// warsaw is where the periods of these tests are counted.
func warsaw(t *testing.T) Place {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	return Place{Zone: zone, Holidays: calendar.Poland}
}

// dueDates are the dates on which taxes fall due.
func dueDates(t *testing.T) Terms {
	t.Helper()
	terms := map[string]Period{}
	for name, text := range map[string]string{
		"vat_due":        "25th of the month after act, next working day",
		"income_tax_due": "30 April of the year after act, next working day",
	} {
		p, err := ParsePeriod(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		terms[name] = p
	}
	return func(name string) (Period, bool) {
		p, ok := terms[name]
		return p, ok
	}
}

// TestPeriod_LapsesOnTheCivilDay has the dates on which calendars go wrong: the last
// hours of a year, 29 February, month ends, weekends, holidays, the nights on which
// the clock changes.
func TestPeriod_LapsesOnTheCivilDay(t *testing.T) {
	place, terms := warsaw(t), dueDates(t)
	for _, v := range []struct{ name, period, event, lapse string }{
		{"V01", "5 years after end_of_year of sale", "2026-06-15T10:00:00Z", "2031-12-31T23:00:00Z"},
		{"V02", "5 years after end_of_year of sale", "2026-12-31T22:59:59Z", "2031-12-31T23:00:00Z"},
		{"V04", "5 years after end_of_year of sale", "2026-12-31T23:30:00Z", "2032-12-31T23:00:00Z"},
		{"V05", "5 years after end_of_year of sale", "2027-01-01T00:00:00Z", "2032-12-31T23:00:00Z"},
		{"V07", "5 years after end_of_year of sale", "2023-12-10T09:00:00Z", "2028-12-31T23:00:00Z"},
		{"V08", "5 years after end_of_year of act", "2026-12-31T23:30:00Z", "2032-12-31T23:00:00Z"},
		{"V10", "5 years after end_of_year of vat_due, next working day", "2026-11-30T10:00:00Z", "2031-12-31T23:00:00Z"},
		{"V11", "5 years after end_of_year of vat_due, next working day", "2026-12-15T10:00:00Z", "2032-12-31T23:00:00Z"},
		{"V13", "5 years after end_of_year of vat_due, next working day", "2023-06-10T10:00:00Z", "2029-01-02T23:00:00Z"},
		{"V14", "5 years after end_of_year of income_tax_due, next working day", "2026-06-15T10:00:00Z", "2032-12-31T23:00:00Z"},
		{"V16", "5 years after end_of_year of income_tax_due", "2026-12-31T23:30:00Z", "2033-12-31T23:00:00Z"},
		{"V17", "10 years after end_of_year of act", "2026-12-31T23:30:00Z", "2037-12-31T23:00:00Z"},
		{"V19", "end_of_year of 3 years after sale", "2026-03-10T10:00:00Z", "2029-12-31T23:00:00Z"},
		{"V20", "end_of_year of 6 years after sale", "2028-02-29T10:00:00Z", "2034-12-31T23:00:00Z"},
		{"V22", "end_of_year of 2 years after sale", "2026-12-31T23:30:00Z", "2029-12-31T23:00:00Z"},
		{"V23", "1 year after sale", "2026-05-15T10:00:00Z", "2027-05-15T22:00:00Z"},
		{"V25", "14 days after performance, next working day", "2026-03-20T09:00:00Z", "2026-04-03T22:00:00Z"},
		{"V26", "14 days after performance, next working day", "2026-06-06T09:00:00Z", "2026-06-22T22:00:00Z"},
		{"V28", "2 years after performance", "2028-02-29T10:00:00Z", "2030-02-28T23:00:00Z"},
		{"V29", "2 years after performance", "2026-10-25T00:30:00Z", "2028-10-25T22:00:00Z"},
		{"V31", "6 months after last negotiation_opened", "2026-03-29T01:30:00Z", "2026-09-29T22:00:00Z"},
		{"V32", "6 months after last negotiation_opened", "2026-08-31T10:00:00Z", "2027-02-28T23:00:00Z"},
		{"V34", "1 month after request, next working day", "2027-01-31T10:00:00Z", "2027-03-01T23:00:00Z"},
		{"V35", "1 month after request, next working day", "2028-01-31T10:00:00Z", "2028-02-29T23:00:00Z"},
		{"V37", "1 month after request, next working day", "2026-08-31T10:00:00Z", "2026-09-30T22:00:00Z"},
		{"V38", "1 month after request, next working day", "2026-11-30T23:30:00Z", "2027-01-04T23:00:00Z"},
		{"V40", "3 years after act", "2028-02-29T22:30:00Z", "2031-02-28T23:00:00Z"},
		{"V41", "3 years after act", "2028-02-29T23:30:00Z", "2031-03-01T23:00:00Z"},
		{"V43", "48 hours after signup_pending", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"},
		{"V44", "7 days after signup_pending", "2026-10-20T12:00:00Z", "2026-10-27T23:00:00Z"},
	} {
		event, lapse := instantOf(t, v.event), instantOf(t, v.lapse)
		p, err := ParsePeriod(v.period, terms)
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		if got, ok := p.From(event, place); !ok || !got.Equal(lapse) {
			t.Errorf(
				"%s: %s, event %s: lapses at %s, and should at %s",
				v.name,
				v.period,
				v.event,
				got.Format(time.RFC3339),
				v.lapse,
			)
		}
	}
}

func instantOf(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestPeriod_DayOfTheMonthAfter has due dates that are moved, and days that a month
// does not have.
func TestPeriod_DayOfTheMonthAfter(t *testing.T) {
	place := warsaw(t)
	for _, v := range []struct{ period, event, lastDay string }{
		{"25th of the month after act, next working day", "2026-11-30T10:00:00Z", "2026-12-28"},
		{"25th of the month after act, next working day", "2026-12-15T10:00:00Z", "2027-01-25"},
		{"30 April of the year after act, next working day", "2026-12-31T23:30:00Z", "2028-05-02"},
		{"31st of the month after act", "2027-01-15T10:00:00Z", "2027-02-28"},
		{"30 February of the year after act", "2027-01-15T10:00:00Z", "2028-02-29"},
	} {
		p, err := ParsePeriod(v.period, nil)
		if err != nil {
			t.Fatal(err)
		}
		lapse, _ := p.From(instantOf(t, v.event), place)
		if got := calendar.In(lapse.Add(-time.Second), place.Zone).String(); got != v.lastDay {
			t.Errorf("%s, event %s: last day %s, and should be %s", v.period, v.event, got, v.lastDay)
		}
	}
}

// knownInstants are the instants of some anchors.
type knownInstants map[string]time.Time

func (k knownInstants) anchored(name string) (time.Time, bool) {
	at, ok := k[name]
	return at, ok
}

func TestPeriod_OfSeveralTheFirstCounts(t *testing.T) {
	place := warsaw(t)
	long, err := ParsePeriod("6 months after last negotiation_opened", nil)
	if err != nil {
		t.Fatal(err)
	}
	short, err := ParsePeriod("14 days after sale", nil)
	if err != nil {
		t.Fatal(err)
	}
	opened, sold := instantOf(t, "2026-03-01T10:00:00Z"), instantOf(t, "2026-03-10T10:00:00Z")
	known := knownInstants{"negotiation_opened": opened}
	first := FirstOf(long, short)
	if got, ok := first.lapse(known, place); !ok || !got.Equal(instantOf(t, "2026-09-01T22:00:00Z")) {
		t.Errorf("with one known: %v %v", got, ok)
	}
	known["sale"] = sold
	if got, ok := first.lapse(known, place); !ok || !got.Equal(instantOf(t, "2026-03-24T23:00:00Z")) {
		t.Errorf("with both known: %v %v", got, ok)
	}
	if _, ok := first.lapse(knownInstants{}, place); ok {
		t.Error("with none known there is an end")
	}
}
