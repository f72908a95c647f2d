// Package reminder knows what the owner is reminded of: requests that are due (Art. 12(3)), what is wrong, and the
// week. No text names a person.
//
// The package is pure: the situation and an instant are the input.
package reminder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// Situation is what a reminder may be about.
type Situation struct {
	At time.Time
	// Zone is the zone of the business.
	Zone *time.Location
	// Requests are the open requests.
	Requests []rights.Request
	// Alarms is the number of persons with an alarm that was not seen. Refused are deletions that a recipient
	// refuses, Waiting those that are not sent yet.
	Alarms, Refused, Waiting int64
	// Quarantined is the number of messages that are set aside.
	Quarantined int
	// Held reports whether deletions wait for an approval, because too many would go at once or the clock is not believed.
	Held bool
	// Silent are sources whose set-up has a fault.
	Silent []string
	// Persons is the number of persons by stage, Lapses those of whom data lapse in the civil month after this one.
	Persons map[string]int64
	Lapses  int64
}

// Kind is what a notification is about.
type Kind string

// The kinds of notifications.
const (
	KindRequests Kind = "requests"
	KindAlarms   Kind = "alarms"
	KindSummary  Kind = "summary"
)

// Item is a line of a notification. An item with a Key is told once.
type Item struct {
	Key  string
	Kind Kind
	// Text is a sentence in the language.
	Text string
}

// The days before the last day on which a request is reminded of.
const (
	first  = 10
	second = 3
	last   = 1
)

// Items are the lines that the owner should know of by now, those that were told before among them.
func Items(s *Situation, l Language) []Item {
	var out []Item
	for i := range s.Requests {
		if item, ok := l.request(s, &s.Requests[i]); ok {
			out = append(out, item)
		}
	}
	return append(append(out, l.alarms(s)...), l.summary(s)...)
}

// Arrived is the line of a request that has just arrived; false for a request without a deadline.
func (l Language) Arrived(r *rights.Request) (Item, bool) {
	day, err := calendar.Parse(r.LastDay)
	item := Item{Kind: KindRequests, Key: "request:" + r.Ref + ":arrived"}
	item.Text = l.choose(
		fmt.Sprintf("Nowy wniosek %s (%s): odpowiedz najpóźniej %s.", r.Ref, l.right(r.Right), l.date(day)),
		fmt.Sprintf("New request %s (%s): answer by %s.", r.Ref, l.right(r.Right), l.date(day)))
	return item, err == nil
}

// request is the line of a request: when it arrived, at the latest of the days before the last day that has come, and
// once the answer is late.
func (l Language) request(s *Situation, r *rights.Request) (Item, bool) {
	day, err := calendar.Parse(r.LastDay)
	if err != nil {
		return Item{}, false
	}
	left := calendar.In(s.At, s.Zone).DaysTo(day)
	item := Item{Kind: KindRequests, Key: "request:" + r.Ref + ":"}
	name := l.right(r.Right)
	switch {
	case r.Overdue:
		item.Key += "overdue"
		item.Text = l.choose(
			fmt.Sprintf(
				"Wniosek %s (%s): termin odpowiedzi minął %s. Odpowiedz niezwłocznie i podaj przyczynę opóźnienia.",
				r.Ref,
				name,
				l.date(day),
			),
			fmt.Sprintf(
				"Request %s (%s): the answer was due on %s. Answer without further delay, and give the reason.",
				r.Ref,
				name,
				l.date(day),
			),
		)
		return item, true
	case left <= last:
		item.Key += "last"
	case left <= second:
		item.Key += "second"
	case left <= first:
		item.Key += "first"
	default:
		item.Key += "arrived"
	}
	item.Text = l.choose(
		fmt.Sprintf("Wniosek %s (%s): odpowiedz najpóźniej %s.", r.Ref, name, l.date(day)),
		fmt.Sprintf("Request %s (%s): answer by %s.", r.Ref, name, l.date(day)))
	return item, true
}

// alarms are the lines of what is wrong, each told once a week.
func (l Language) alarms(s *Situation) []Item {
	year, week := s.At.In(s.Zone).ISOWeek()
	var out []Item
	add := func(is bool, what, pl, en string) {
		if is {
			out = append(
				out,
				Item{Kind: KindAlarms, Key: fmt.Sprintf("alarm:%s:%d-W%02d", what, year, week), Text: l.choose(pl, en)},
			)
		}
	}
	add(
		s.Held,
		"held",
		"Usunięcia czekają na Twoją zgodę, bo naraz usunięto by dane zbyt wielu osób albo zegar serwera jest niewiarygodny.",
		"Deletions wait for your approval, because they concern too many persons at once, or the clock of the server is not believed.",
	)
	add(s.Alarms > 0, "alarms", fmt.Sprintf("Nieprzeczytane alarmy dotyczą osób: %d.", s.Alarms),
		fmt.Sprintf("Persons with an alarm that was not seen: %d.", s.Alarms))
	add(s.Refused > 0, "refused", fmt.Sprintf("Usunięcia, których odbiorca odmówił: %d.", s.Refused),
		fmt.Sprintf("Deletions that a recipient refuses: %d.", s.Refused))
	add(s.Quarantined > 0, "quarantine", fmt.Sprintf("Wiadomości, których nie dało się odczytać: %d.", s.Quarantined),
		fmt.Sprintf("Messages that could not be read: %d.", s.Quarantined))
	for _, source := range s.Silent {
		add(true, "source-"+source, fmt.Sprintf("Źródło %s nie przysyła danych tak, jak powinno.", source),
			fmt.Sprintf("The source %s does not send as it should.", source))
	}
	return out
}

// The summary comes on Monday at eight, or later in the week where the program did not run.
const summaryHour = 8

func (l Language) summary(s *Situation) []Item {
	now := s.At.In(s.Zone)
	if now.Weekday() == time.Monday && now.Hour() < summaryHour {
		return nil
	}
	year, week := now.ISOWeek()
	overdue := 0
	for i := range s.Requests {
		if s.Requests[i].Overdue {
			overdue++
		}
	}
	lines := []string{
		l.choose(fmt.Sprintf("Otwarte wnioski: %d, w tym po terminie: %d.", len(s.Requests), overdue),
			fmt.Sprintf("Open requests: %d, of them late: %d.", len(s.Requests), overdue)),
		l.choose(fmt.Sprintf("Usunięcia w przygotowaniu: %d, odmówione przez odbiorcę: %d.", s.Waiting, s.Refused),
			fmt.Sprintf("Deletions in preparation: %d, refused by a recipient: %d.", s.Waiting, s.Refused)),
		l.choose(fmt.Sprintf("W przyszłym miesiącu wygasną podstawy dla danych osób: %d.", s.Lapses),
			fmt.Sprintf("Persons of whom data lapse next month: %d.", s.Lapses)),
		l.choose(fmt.Sprintf("Klienci: %d, subskrybenci: %d, dawni klienci w księgach: %d.",
			s.Persons["customer"], s.Persons["subscriber"], s.Persons["past"]),
			fmt.Sprintf("Customers: %d, subscribers: %d, past customers in the books: %d.",
				s.Persons["customer"], s.Persons["subscriber"], s.Persons["past"])),
	}
	if len(s.Requests) == 0 && s.Alarms == 0 && s.Refused == 0 && s.Quarantined == 0 && !s.Held && len(s.Silent) == 0 {
		lines = append(lines, l.choose("W tym tygodniu nic nie wymaga Twojej uwagi.", "Nothing needs you this week."))
	}
	return []Item{{
		Kind: KindSummary, Key: fmt.Sprintf("week:%d-W%02d", year, week), Text: strings.Join(lines, "\n"),
	}}
}

// Notification is a message about items of one kind.
type Notification struct {
	Kind          Kind
	Subject, Text string
	Keys          []string
}

// Compose makes a notification of each kind of items. console is the address of the console; empty for none.
func Compose(items []Item, l Language, controller, console string) []Notification {
	var out []Notification
	for _, kind := range []Kind{KindRequests, KindAlarms, KindSummary} {
		of := slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return i.Kind != kind })
		if len(of) == 0 {
			continue
		}
		slices.SortStableFunc(of, func(a, b Item) int { return cmp.Compare(a.Key, b.Key) })
		n := Notification{Kind: kind, Subject: "Rodopath, " + controller + ": " + l.subject(kind)}
		lines := make([]string, len(of))
		for i, item := range of {
			n.Keys, lines[i] = append(n.Keys, item.Key), item.Text
		}
		n.Text = strings.Join(lines, "\n") + "\n"
		if console != "" {
			n.Text += "\n" + l.choose("Konsola: ", "Console: ") + strings.TrimSuffix(console, "/") + page(kind) + "\n"
		}
		out = append(out, n)
	}
	return out
}

// page is the page of the console about a kind.
func page(k Kind) string {
	if k == KindRequests {
		return "/console/requests"
	}
	return "/console/"
}

// Language is a language of reminders: pl or en.
type Language string

func (l Language) choose(pl, en string) string {
	if l == "en" {
		return en
	}
	return pl
}

func (l Language) subject(k Kind) string {
	switch k {
	case KindRequests:
		return l.choose("wnioski osób", "requests of data subjects")
	case KindAlarms:
		return l.choose("coś wymaga uwagi", "something needs attention")
	}
	return l.choose("podsumowanie tygodnia", "summary of the week")
}

// date writes a civil day.
func (l Language) date(d calendar.Date) string {
	if l == "en" {
		return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year)
	}
	return fmt.Sprintf("%02d.%02d.%d", d.Day, d.Month, d.Year)
}

// right is the right of a request.
func (l Language) right(k fact.Kind) string {
	names := map[fact.Kind][2]string{
		fact.KindAccessRequest:        {"dostęp do danych, art. 15", "access, Art. 15"},
		fact.KindRectificationRequest: {"sprostowanie, art. 16", "rectification, Art. 16"},
		fact.KindErasure:              {"usunięcie danych, art. 17", "erasure, Art. 17"},
		fact.KindRestriction:          {"ograniczenie przetwarzania, art. 18", "restriction, Art. 18"},
		fact.KindPortabilityRequest:   {"przeniesienie danych, art. 20", "portability, Art. 20"},
		fact.KindObjection:            {"sprzeciw, art. 21", "objection, Art. 21"},
	}
	if name, ok := names[k]; ok {
		return l.choose(name[0], name[1])
	}
	return string(k)
}
