package report

import "strings"

func (l Language) untilWithdrawn() string {
	return l.choose("do wycofania zgody", "until the consent is withdrawn")
}

func (l Language) dayUnknown() string {
	return l.choose(" (dzień nie jest jeszcze znany)", " (the day is not known yet)")
}

func (l Language) alsoEnds(period string) string {
	return l.choose("; zgoda wygasa także: ", "; the consent also expires: ") + period
}

// expiresAfter states the time after which a consent expires; units is the genitive, after "z upływem".
func (l Language) expiresAfter(units, from string) string {
	return l.choose(
		"; zgoda wygasa także z upływem "+units+" od "+from,
		"; the consent also expires "+units+" after "+from,
	)
}

// earlier states what ends a basis early, after "w razie" or "upon".
func (l Language) earlier(events []string) string {
	if n := len(events) - 1; n > 0 {
		events = []string{strings.Join(events[:n], ", ") + l.or() + events[n]}
	}
	return l.choose("; kończy się wcześniej w razie ", "; ends earlier upon ") + events[0]
}

// upon names a fact after "w razie" or "upon".
func (l Language) upon(event string) string {
	n, ok := nouns()[event]
	if !ok {
		return l.quote(strings.ReplaceAll(event, "_", " "))
	}
	return l.choose(n.of, article(n.en)+n.en)
}

// article returns the English article of an event. The end of something has the definite article.
func article(noun string) string {
	switch {
	case strings.Contains(noun, " of the "), strings.HasPrefix(noun, "start of"), strings.HasPrefix(noun, "end of"):
		return "the "
	case strings.ContainsAny(noun[:1], "aeiou"):
		return "an "
	}
	return "a "
}

func (l Language) fullRefund() string {
	return l.choose("zwrotu całej kwoty", "a refund of the whole amount")
}

func (l Language) or() string { return l.choose(" lub ", " or ") }

func (l Language) upTo(moment string) string { return l.choose("do ", "until ") + moment }

func (l Language) after(units, from string) string { return units + l.choose(" od ", " after ") + from }

func (l Language) lapseOf(units, from string) string {
	return l.choose("upływu "+units+" od "+from, units+" after "+from)
}

func (l Language) shifted() string {
	return l.choose(
		"; jeżeli ostatni dzień jest sobotą lub dniem wolnym od pracy, do następnego dnia roboczego",
		"; if the last day is a Saturday, a Sunday or a public holiday, to the next working day",
	)
}

func (l Language) orEarlier() string {
	return l.choose("; albo, jeśli to wcześniej: ", "; or, if earlier: ")
}

func (l Language) orElse() string {
	return l.choose("; a jeśli data nie jest znana: ", "; or, where the date is not known: ")
}

func (l Language) lastTime() string {
	return l.choose(" (decyduje ostatnie zdarzenie)", " (the last event counts)")
}

func (l Language) dayOfMonth(day, of string) string {
	return l.choose(day+". dnia miesiąca następującego po miesiącu "+of, "day "+day+" of the month after "+of)
}

func (l Language) dayOfYear(day, name, of string) string {
	m := month(name)
	if m == 0 || l != Polish {
		return day + " " + name + l.choose(" roku następującego po roku ", " of the year after ") + of
	}
	return day + " " + polishMonth(m) + " roku następującego po roku " + of
}

// endWhen writes the end of the year or month in which a number of units ends.
func (l Language) endWhen(unit string, n int, units, from string) string {
	over := "minie"
	if n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14) {
		over = "miną"
	}
	if unit == "end_of_month" {
		return l.choose(
			"końca miesiąca, w którym "+over+" "+units+" od "+from,
			"the end of the month in which "+units+" from "+from+" are over",
		)
	}
	return l.choose(
		"końca roku, w którym "+over+" "+units+" od "+from,
		"the end of the year in which "+units+" from "+from+" are over",
	)
}

// endAt writes the end of the year or month of an event or of a statutory date.
func (l Language) endAt(unit, of string, event bool) string {
	pl, en := "końca roku", "the end of the year of"
	if unit == "end_of_month" {
		pl, en = "końca miesiąca", "the end of the month of"
	}
	if event {
		return l.choose(pl+" "+of, en+" "+of)
	}
	return l.choose(pl+", w którym przypada "+of, en+" "+of)
}

func (l Language) consentBy(channels []string) string {
	out := l.choose("zgoda", "consent")
	if len(channels) > 0 {
		out += l.aside(strings.Join(channels, ", "))
	}
	return out
}

func (l Language) aside(s string) string  { return " (" + s + ")" }
func (l Language) onlyIf(s string) string { return l.choose("; dotyczy tylko: ", "; only: ") + s }
func (l Language) without(s string) string {
	return l.choose("; gdy wcześniej nie było zdarzenia: ", "; without an earlier ") + s
}

func (l Language) fromDay(day string) string { return l.choose("; od dnia ", "; from ") + day }

func (l Language) unless(s string) string { return l.choose("; nie dotyczy: ", "; except: ") + s }
