package calendar

import "time"

// Holidays reports whether a date is a public holiday, apart from Saturdays and Sundays.
type Holidays func(Date) bool

// NextWorkingDay returns d, or the first day after it that is neither a
// Saturday, a Sunday nor a holiday (Polish Civil Code art. 115, Ordynacja
// podatkowa art. 12 § 5, Regulation 1182/71 art. 3(4)).
func (d Date) NextWorkingDay(holidays Holidays) Date {
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday || holidays(d) {
		d = d.AddDays(1)
	}
	return d
}

// Poland reports the days off of the Polish act of 18 January 1951; 24 December is a day off from
// 2025 on. 12 November 2018 was a day off by the act of 7 November 2018 (Dz.U. 2018 poz. 2117).
func Poland(d Date) bool {
	switch md := int(d.Month)*100 + d.Day; md {
	case 101, 501, 503, 815, 1101, 1111, 1225, 1226:
		return true
	case 106:
		return d.Year >= 2011
	case 1112:
		return d.Year == 2018
	case 1224:
		return d.Year >= 2025
	}
	easter := Easter(d.Year)
	switch d {
	case easter, easter.AddDays(1), easter.AddDays(49), easter.AddDays(60):
		return true
	}
	return false
}

// Easter returns Easter Sunday of a Gregorian year (the computus of Meeus,
// Jones and Butcher).
func Easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return Date{year, time.Month(n / 31), n%31 + 1}
}
