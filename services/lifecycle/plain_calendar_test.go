package lifecycle_test

import (
	"sync"
	"time"
)

// The plain calendar is a list of days, made by counting on from one to the next.
// It shares nothing with the package calendar, which it checks besides.

// plainDay is a place in the list of days.
type plainDay int

type plainDate struct{ year, month, day int }

// plainDays is every day from 2005 to 2149 and where each stands in the list.
var plainDays = sync.OnceValues(func() ([]plainDate, map[plainDate]plainDay) {
	var list []plainDate
	find := map[plainDate]plainDay{}
	for year := 2005; year < 2150; year++ {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= plainMonthLength(year, month); day++ {
				d := plainDate{year, month, day}
				find[d] = plainDay(len(list))
				list = append(list, d)
			}
		}
	}
	return list, find
})

func plainMonthLength(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func (d plainDay) date() plainDate {
	list, _ := plainDays()
	return list[d]
}

// plainFind returns a day of a month, or the month's last day where it is shorter.
func plainFind(year, month, day int) plainDay {
	_, find := plainDays()
	return find[plainDate{year, month, min(day, plainMonthLength(year, month))}]
}

// plainWarsaw is where all civil dates are counted.
var plainWarsaw = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		panic(err)
	}
	return zone
})

// plainDayOf is the day that a clock in Warsaw shows.
func plainDayOf(t time.Time) plainDay {
	year, month, day := t.In(plainWarsaw()).Date()
	return plainFind(year, int(month), day)
}

// start is the first instant of the day. Warsaw never skips midnight.
func (d plainDay) start() time.Time {
	x := d.date()
	return time.Date(x.year, time.Month(x.month), x.day, 0, 0, 0, 0, plainWarsaw()).UTC()
}

// monthsOn counts from month to month and keeps the day where there is one.
func (d plainDay) monthsOn(n int) plainDay {
	x := d.date()
	year, month := x.year, x.month
	for range n {
		if month++; month == 13 {
			year, month = year+1, 1
		}
	}
	return plainFind(year, month, x.day)
}

// weekend counts from 1 January 2005, which was a Saturday.
func (d plainDay) weekend() bool { return d%7 == 0 || d%7 == 1 }

// plainFullMoons are the ecclesiastical full moons of the 19 golden numbers, from
// 1900 to 2199, as month and day. Easter is the Sunday after.
var plainFullMoons = [19][2]int{
	{4, 14}, {4, 3}, {3, 23}, {4, 11}, {3, 31}, {4, 18}, {4, 8}, {3, 28}, {4, 16}, {4, 5},
	{3, 25}, {4, 13}, {4, 2}, {3, 22}, {4, 10}, {3, 30}, {4, 17}, {4, 7}, {3, 27},
}

func plainEaster(year int) plainDay {
	moon := plainFullMoons[year%19]
	for d := plainFind(year, moon[0], moon[1]) + 1; ; d++ {
		if d%7 == 1 { // a Sunday
			return d
		}
	}
}

// off reports whether nobody works in Poland on the day.
func (d plainDay) off() bool {
	x := d.date()
	for _, fixed := range [][2]int{{1, 1}, {1, 6}, {5, 1}, {5, 3}, {8, 15}, {11, 1}, {11, 11}, {12, 25}, {12, 26}} {
		if x.month == fixed[0] && x.day == fixed[1] && (fixed != [2]int{1, 6} || x.year >= 2011) {
			return true
		}
	}
	if x.month == 12 && x.day == 24 && x.year >= 2025 || x == (plainDate{2018, 11, 12}) {
		return true
	}
	easter := plainEaster(x.year)
	return d == easter || d == easter+1 || d == easter+49 || d == easter+60
}

// working steps on to a day on which people work.
func (d plainDay) working(holidays bool) plainDay {
	for d.weekend() || holidays && d.off() {
		d++
	}
	return d
}
