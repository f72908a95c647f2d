package calendar

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func warsaw(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func date(t *testing.T, s string) Date {
	t.Helper()
	d, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDate_ArithmeticClampsMonthEnds(t *testing.T) {
	for _, c := range []struct {
		what, from, want string
		add              func(Date) Date
	}{
		{"a month after 31 January", "2027-01-31", "2027-02-28", func(d Date) Date { return d.AddMonths(1) }},
		{"a month after 31 January of a leap year", "2028-01-31", "2028-02-29", func(d Date) Date { return d.AddMonths(1) }},
		{"six months after 31 August", "2026-08-31", "2027-02-28", func(d Date) Date { return d.AddMonths(6) }},
		{"two years after 29 February", "2028-02-29", "2030-02-28", func(d Date) Date { return d.AddYears(2) }},
		{"four years after 29 February", "2028-02-29", "2032-02-29", func(d Date) Date { return d.AddYears(4) }},
		{"a month before 31 March", "2026-03-31", "2026-02-28", func(d Date) Date { return d.AddMonths(-1) }},
		{"14 days over a year's end", "2026-12-25", "2027-01-08", func(d Date) Date { return d.AddDays(14) }},
		{"end of February", "2028-02-03", "2028-02-29", Date.EndOfMonth},
		{"end of the year", "2028-02-29", "2028-12-31", Date.EndOfYear},
	} {
		if got := c.add(date(t, c.from)); got.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}

func TestDate_EndIsFirstInstantOfNextDayInZone(t *testing.T) {
	zone := warsaw(t)
	for day, want := range map[string]string{
		"2031-12-31": "2031-12-31T23:00:00Z", // winter: UTC+1
		"2026-06-22": "2026-06-22T22:00:00Z", // summer: UTC+2
		"2026-03-29": "2026-03-29T22:00:00Z", // the clock went forward this day
		"2026-10-25": "2026-10-25T23:00:00Z", // the clock went back this day
	} {
		if got := date(t, day).End(zone).Format(time.RFC3339); got != want {
			t.Errorf("end of %s: got %s, want %s", day, got, want)
		}
	}
}

func TestDate_StartOfDayThatSkipsMidnight(t *testing.T) {
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	day := date(t, "2018-11-04") // 00:00 did not exist there
	if got := day.Start(zone).In(zone).Format(time.DateTime); got != "2018-11-04 01:00:00" {
		t.Errorf("got %s", got)
	}
}

func TestIn_NewYearComesEarlierInWarsaw(t *testing.T) {
	at := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	if got := In(at, warsaw(t)).String(); got != "2027-01-01" {
		t.Errorf("got %s, want 2027-01-01", got)
	}
}

func TestNextWorkingDay_SkipsWeekendsAndPolishHolidays(t *testing.T) {
	for from, want := range map[string]string{
		"2026-06-20": "2026-06-22", // Saturday
		"2028-12-31": "2029-01-02", // Sunday, then New Year
		"2026-12-25": "2026-12-28", // Christmas, then a weekend
		"2025-12-24": "2025-12-29", // Christmas Eve is off from 2025
		"2024-12-24": "2024-12-24", // and was not before
		"2026-06-04": "2026-06-05", // Corpus Christi
		"2026-04-06": "2026-04-07", // Easter Monday
		"2026-05-03": "2026-05-04", // Constitution Day, a Sunday
		"2026-11-24": "2026-11-24",
	} {
		if got := date(t, from).NextWorkingDay(Poland); got.String() != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
}

func TestEaster_KnownYears(t *testing.T) {
	for year, want := range map[int]string{1961: "1961-04-02", 2000: "2000-04-23", 2019: "2019-04-21", 2024: "2024-03-31", 2038: "2038-04-25"} {
		if got := Easter(year); got.String() != want {
			t.Errorf("%d: got %s, want %s", year, got, want)
		}
	}
}

// TestDate_ArithmeticAgreesWithPackageTime adds days and months to every day of five years, among them a leap year.
func TestDate_ArithmeticAgreesWithPackageTime(t *testing.T) {
	noon := func(d Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }
	for d := date(t, "2026-01-01"); d.Year < 2031; d = In(noon(d).AddDate(0, 0, 1), time.UTC) {
		for n := -40; n <= 40; n++ {
			if got, want := d.AddDays(n), In(noon(d).AddDate(0, 0, n), time.UTC); got != want {
				t.Fatalf("%s and %d days: got %s, want %s", d, n, got, want)
			}
			first := Date{d.Year, d.Month, 1}
			want := In(noon(first).AddDate(0, n, 0), time.UTC)
			want.Day = min(d.Day, In(noon(want).AddDate(0, 1, -1), time.UTC).Day)
			if got := d.AddMonths(n); got != want {
				t.Fatalf("%s and %d months: got %s, want %s", d, n, got, want)
			}
		}
	}
}
