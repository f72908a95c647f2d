//nolint:misspell // half of the words are Polish
package report

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// choose returns the text of the language.
func (l Language) choose(pl, en string) string {
	if l == Polish {
		return pl
	}
	return en
}

// count writes a number with the matching form of a Polish noun: 1 rok, 2 lata, 5 lat.
func count(n int, one, few, many string) string {
	switch {
	case n == 1:
		return fmt.Sprint(n, " ", one)
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return fmt.Sprint(n, " ", few)
	}
	return fmt.Sprint(n, " ", many)
}

// plural does the same for English.
func plural(n int, one, more string) string {
	if n == 1 {
		return fmt.Sprint(n, " ", one)
	}
	return fmt.Sprint(n, " ", more)
}

// noun names an event: in Polish in the nominative and in the genitive, in English without an
// article.
type noun struct{ pl, of, en string }

// nouns maps kinds of facts, and the anchors of periods, to their names.
func nouns() map[string]noun {
	out := map[string]noun{
		"signup":                {"zapis", "zapisu", "sign-up"},
		"signup_pending":        {"zapis bez potwierdzenia", "zapisu bez potwierdzenia", "unconfirmed sign-up"},
		"refusal":               {"odmowa zgody", "odmowy zgody", "refusal of consent"},
		"unsubscribe":           {"wypisanie się", "wypisania się", "unsubscription"},
		"objection":             {"sprzeciw", "sprzeciwu", "objection"},
		"objection_upheld":      {"uwzględniony sprzeciw", "uwzględnienia sprzeciwu", "upheld objection"},
		"erasure":               {"wniosek o usunięcie danych", "wniosku o usunięcie danych", "request for erasure"},
		"sale":                  {"sprzedaż", "sprzedaży", "sale"},
		"refund":                {"zwrot pieniędzy", "zwrotu pieniędzy", "refund"},
		"performed":             {"dostawa lub wykonanie", "dostawy lub wykonania", "delivery or performance"},
		rules.AnchorPerformance: {"wykonanie umowy", "wykonania umowy", "performance of the contract"},
		"negotiation_opened":    {"rozpoczęcie negocjacji", "rozpoczęcia negocjacji", "start of the negotiation"},
		"negotiation_closed":    {"zakończenie negocjacji", "zakończenia negocjacji", "end of the negotiation"},
		"access_started":        {"otwarcie dostępu", "otwarcia dostępu", "start of access"},
		"access_ended":          {"zamknięcie dostępu", "zamknięcia dostępu", "closing of access"},
		rules.AnchorAccessEnd:   {"koniec dostępu", "końca dostępu", "end of access"},
		"webinar":               {"zapis na webinar", "zapisu na webinar", "webinar registration"},
		"hold":                  {"wstrzymanie usunięcia", "wstrzymania usunięcia", "hold"},
		"release": {
			"zakończenie wstrzymania usunięcia",
			"zakończenia wstrzymania usunięcia",
			"release of the hold",
		},
		"identified":    {"identyfikacja osoby", "identyfikacji osoby", "identification"},
		"bounce":        {"niedoręczenie wiadomości", "niedoręczenia wiadomości", "undelivered message"},
		"consent_asked": {"pytanie o zgodę", "pytania o zgodę", "question for consent"},
		"invalidated":   {"unieważnienie zgody", "unieważnienia zgody", "invalidation of the consent"},
		"death":         {"śmierć osoby", "śmierci osoby", "death of the person"},
		"inactivity":    {"stwierdzenie nieaktywności", "stwierdzenia nieaktywności", "inactivity"},
		"download":      {"pobranie materiału", "pobrania materiału", "download"},
		"order_placed":  {"złożenie zamówienia", "złożenia zamówienia", "placing of the order"},
		"order_expired": {
			"anulowanie lub wygaśnięcie zamówienia",
			"anulowania lub wygaśnięcia zamówienia",
			"cancellation or expiry of the order",
		},
		"complaint":         {"reklamacja", "reklamacji", "complaint"},
		"complaint_settled": {"rozpatrzenie reklamacji", "rozpatrzenia reklamacji", "settlement of the complaint"},
		"address_changed":   {"zmiana adresu", "zmiany adresu", "change of address"},
		"restriction": {
			"wniosek o ograniczenie przetwarzania",
			"wniosku o ograniczenie przetwarzania",
			"request for restriction",
		},
		"restriction_lifted": {"zniesienie ograniczenia", "zniesienia ograniczenia", "lifting of the restriction"},
		"access_request":     {"wniosek o dostęp do danych", "wniosku o dostęp do danych", "request for access"},
		"portability_request": {
			"wniosek o przeniesienie danych",
			"wniosku o przeniesienie danych",
			"request for portability",
		},
		"rectification_request": {
			"wniosek o sprostowanie danych",
			"wniosku o sprostowanie danych",
			"request for rectification",
		},
		"request":          {"wniosek osoby", "otrzymania wniosku", "request of the person"},
		"request_verified": {"potwierdzenie tożsamości", "potwierdzenia tożsamości", "verification of identity"},
		"request_extended": {
			"przedłużenie terminu odpowiedzi",
			"przedłużenia terminu odpowiedzi",
			"extension of the deadline",
		},
		"request_decided":  {"rozpatrzenie wniosku", "rozpatrzenia wniosku", "decision on the request"},
		"request_answered": {"odpowiedź na wniosek", "odpowiedzi na wniosek", "answer to the request"},
		"state": {
			"stan zgłoszony przez platformę",
			"zgłoszenia stanu przez platformę",
			"state reported by the platform",
		},
		"listed": {
			"na liście odbiorców według platformy",
			"wykazania na liście odbiorców przez platformę",
			"listed by the platform as a subscriber",
		},
		"receipt": {"potwierdzenie odbiorcy", "potwierdzenia odbiorcy", "receipt of a recipient"},
	}
	maps.Copy(out, anchorNouns())
	return out
}

// anchorNouns maps the anchors that are derived from several facts to their names.
func anchorNouns() map[string]noun {
	return map[string]noun{
		rules.AnchorAct:        {"ostatnie takie zdarzenie", "ostatniego takiego zdarzenia", "last such event"},
		rules.AnchorLastState:  {"ostatni zgłoszony stan", "ostatniego zgłoszonego stanu", "last reported state"},
		rules.AnchorSupplyEnd:  {"koniec opłaconego okresu", "końca opłaconego okresu", "end of the paid period"},
		rules.AnchorEvent:      {"wydarzenie", "wydarzenia", "event"},
		rules.AnchorConsentEnd: {"ustanie ostatniej zgody", "ustania ostatniej zgody", "end of the last consent"},
		rules.AnchorDeletion:   {"usunięcie danych", "usunięcia danych", "deletion"},
	}
}

// kind names a kind of fact.
func (l Language) kind(k fact.Kind) string {
	n, ok := nouns()[string(k)]
	if !ok {
		return string(k)
	}
	return l.choose(n.pl, n.en)
}

// kinds names several, after a colon.
func (l Language) kinds(kinds []fact.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = l.kind(k)
	}
	return strings.Join(names, ", ")
}

// of names the anchor of a period, after "od" or "after". A name defined by the policy is quoted.
func (l Language) of(event string) string {
	n, ok := nouns()[event]
	if !ok {
		return l.quote(strings.ReplaceAll(event, "_", " "))
	}
	return l.choose(n.of, "the "+n.en)
}

func (l Language) quote(s string) string { return l.choose("„"+s+"”", "“"+s+"”") }

// term names a statutory date of the default policy.
func (l Language) term(name string) string {
	switch name {
	case "vat_due":
		return l.choose("termin zapłaty VAT", "the day on which VAT is due")
	case "income_tax_due":
		return l.choose("termin zapłaty podatku dochodowego", "the day on which income tax is due")
	}
	return l.quote(strings.ReplaceAll(name, "_", " "))
}

// units writes a number of units of time; from is the genitive, after "upływu".
func (l Language) units(n int, unit string) (said, from string) {
	if l != Polish {
		s := plural(n, unit, unit+"s")
		return s, s
	}
	switch unit {
	case "hour":
		return count(n, "godzina", "godziny", "godzin"), count(n, "godziny", "godzin", "godzin")
	case "day":
		return count(n, "dzień", "dni", "dni"), count(n, "dnia", "dni", "dni")
	case "week":
		return count(n, "tydzień", "tygodnie", "tygodni"), count(n, "tygodnia", "tygodni", "tygodni")
	case "month":
		return count(n, "miesiąc", "miesiące", "miesięcy"), count(n, "miesiąca", "miesięcy", "miesięcy")
	}
	return count(n, "rok", "lata", "lat"), count(n, "roku", "lat", "lat")
}

// date writes a civil date as in a letter.
func (l Language) date(civil string) string {
	d, err := calendar.Parse(civil)
	if err != nil {
		return civil
	}
	if l == Polish {
		return fmt.Sprintf("%d %s %d r.", d.Day, polishMonth(d.Month), d.Year)
	}
	return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year)
}

// polishMonth returns the genitive of a month, as in dates.
func polishMonth(m time.Month) string {
	return [...]string{
		"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia",
	}[m-1]
}

// cite writes an article of the GDPR as lawyers do: "6(1)(c)" is "art. 6 ust. 1 lit. c RODO".
func (l Language) cite(article string) string {
	if l != Polish {
		return "Art. " + article + " GDPR"
	}
	parts := strings.FieldsFunc(article, func(r rune) bool { return r == '(' || r == ')' })
	for i := range parts {
		parts[i] = []string{"art. ", "ust. ", "lit. "}[min(i, 2)] + parts[i]
	}
	return strings.Join(parts, " ") + " RODO"
}

// brief cites an article after the name of a purpose: " 6(1)(c)", or in Polish
// ", art. 6 ust. 1 lit. c".
func (l Language) brief(article string) string {
	if l != Polish {
		return " " + article
	}
	return ", " + strings.TrimSuffix(l.cite(article), " RODO")
}

// articleMeaning describes an article of the GDPR in a few words.
func (l Language) articleMeaning(article string) string {
	switch article {
	case "6(1)(a)":
		return l.choose("zgoda", "consent")
	case "6(1)(b)":
		return l.choose("umowa lub działania przed zawarciem umowy", "a contract, or steps prior to a contract")
	case "6(1)(c)":
		return l.choose("obowiązek prawny", "a legal obligation")
	case "6(1)(d)":
		return l.choose("żywotne interesy", "vital interests")
	case "6(1)(e)":
		return l.choose("zadanie w interesie publicznym", "a task in the public interest")
	case "6(1)(f)":
		return l.choose("prawnie uzasadniony interes", "a legitimate interest")
	case "17(3)(a)":
		return l.choose("wolność wypowiedzi i informacji", "freedom of expression and information")
	case "17(3)(b)":
		return l.choose("prawny obowiązek przetwarzania", "a legal obligation to process the data")
	case "17(3)(c)":
		return l.choose("zdrowie publiczne", "public health")
	case "17(3)(d)":
		return l.choose("archiwizacja, badania lub statystyka", "archiving, research or statistics")
	case "17(3)(e)":
		return l.choose(
			"ustalenie, dochodzenie lub obrona roszczeń",
			"the establishment, exercise or defence of legal claims",
		)
	case "18(1)(a)", "18(1)(b)", "18(1)(c)", "18(1)(d)":
		return l.choose(
			"ograniczenie przetwarzania na wniosek osoby",
			"restriction of processing at the request of the person",
		)
	}
	return ""
}

// formerBasis names the basis of an exception.
func (l Language) formerBasis() string {
	return l.choose("dotychczasowa podstawa przechowywania; wyjątek: ", "the basis of storage so far; exception: ")
}

// channel names a way of reaching a person.
func (l Language) channel(c string) string {
	switch c {
	case "email":
		return "e-mail"
	case "sms":
		return "SMS"
	case "phone":
		return l.choose("telefon", "phone")
	}
	return c
}

// by adds a channel to the name of a purpose.
func (l Language) by(purpose, channel string) string {
	if channel == "" {
		return purpose
	}
	return purpose + l.choose(", ", " by ") + l.channel(channel)
}

// access names a kind of access.
func (l Language) access(a fact.Access) string {
	switch a {
	case fact.AccessOneOff:
		return l.choose("zakup jednorazowy", "a one-off purchase")
	case fact.AccessCourse:
		return l.choose("kurs", "a course")
	case fact.AccessService:
		return l.choose("usługa", "a service")
	case fact.AccessSubscription:
		return l.choose("subskrypcja", "a subscription")
	}
	return string(a)
}

// trait names a trait of a fact.
func (l Language) trait(t string) string {
	switch t {
	case fact.TraitTest:
		return l.choose("test", "a test")
	case fact.TraitPreticked:
		return l.choose("pole zaznaczone domyślnie", "a pre-ticked box")
	case fact.TraitForced:
		return l.choose("zgoda wymuszona przy zakupie", "consent forced by a purchase")
	case fact.TraitChild:
		return l.choose("dziecko poniżej 16 lat", "a child under 16")
	case fact.TraitParentAgreed:
		return l.choose("za aprobatą rodzica lub opiekuna", "with the consent of a parent")
	case fact.TraitUnproven:
		return l.choose("bez czynności osoby", "without an act of the person")
	case fact.TraitEcho:
		return l.choose("skutek usunięcia danych, nie czynność osoby", "the effect of a deletion, no act of the person")
	case fact.TraitUnattributed:
		return l.choose("platforma nie podaje, kto wypisał osobę", "the platform does not report who unsubscribed the person")
	case fact.TraitBusiness:
		return l.choose("nabywca z NIP", "a buyer with a tax number")
	case "sole_trader":
		return l.choose("przedsiębiorca na prawach konsumenta", "a sole trader with consumer rights")
	case fact.TraitOSS:
		return l.choose("procedura OSS", "one-stop shop")
	case fact.TraitUnverified:
		return l.choose("tożsamość niepotwierdzona", "identity not verified")
	case fact.TraitAuthenticated:
		return l.choose("z konta osoby", "from the person's account")
	case fact.TraitLimitation:
		return l.choose("wstrzymuje przedawnienie podatku", "stops the limitation of a tax")
	case "inaccurate":
		return l.choose("dane nieprawidłowe", "the data are inaccurate")
	case "unlawful":
		return l.choose("przetwarzanie niezgodne z prawem", "the processing is unlawful")
	case fact.TraitForClaims:
		return l.choose("dane potrzebne osobie w związku z roszczeniami", "the person needs the data for claims")
	case "objected":
		return l.choose("wniesiono sprzeciw", "an objection was made")
	}
	return t
}

// doubt explains why a fact is ordered by its time of receipt.
func (l Language) doubt(d fact.Doubt) string {
	switch d {
	case fact.DoubtNoTime:
		return l.choose("źródło nie podało czasu", "the source gave no time")
	case fact.DoubtClockAhead:
		return l.choose("zegar źródła spieszy się", "the clock of the source is ahead")
	}
	return string(d)
}

// state names the state of a consent.
func (l Language) state(s rules.ConsentState) string {
	switch s {
	case rules.ConsentNone:
		return l.choose("brak zgody", "no consent")
	case rules.ConsentAsked:
		return l.choose("pytanie o zgodę bez odpowiedzi", "asked, no answer yet")
	case rules.ConsentPending:
		return l.choose("oczekuje na potwierdzenie", "awaiting confirmation")
	case rules.ConsentGiven:
		return l.choose("udzielona", "given")
	case rules.ConsentUnproven:
		return l.choose("na liście, brak dowodu zgody", "on the list, proof of consent missing")
	case rules.ConsentRefused:
		return l.choose("odmowa zgody", "refused")
	case rules.ConsentWithdrawn:
		return l.choose("wycofana", "withdrawn")
	case rules.ConsentObjected:
		return l.choose("sprzeciw", "objection")
	case rules.ConsentExpired:
		return l.choose("wygasła", "expired")
	case rules.ConsentInvalidated:
		return l.choose("unieważniona", "invalidated")
	}
	return string(s)
}

// progress names the state of a request.
func (l Language) progress(s rights.State) string {
	switch s {
	case rights.StateReceived:
		return l.choose("otrzymany, tożsamość niepotwierdzona", "received, identity not verified")
	case rights.StateVerified:
		return l.choose("w toku", "open")
	case rights.StateDecided:
		return l.choose("rozpatrzony, nie udzielono jeszcze odpowiedzi", "decided, answer pending")
	case rights.StateAnswered:
		return l.choose("udzielono odpowiedzi", "answered")
	}
	return string(s)
}

// outcome names the outcome of a request.
func (l Language) outcome(o fact.Outcome) string {
	switch o {
	case fact.OutcomeGranted:
		return l.choose("uwzględniony", "granted")
	case fact.OutcomePartly:
		return l.choose("uwzględniony w części", "granted in part")
	case fact.OutcomeRefused:
		return l.choose("odmowa", "refused")
	}
	return string(o)
}

// receipt names the answer of a recipient to a deletion.
func (l Language) receipt(o fact.Outcome) string {
	switch o {
	case fact.OutcomeDone:
		return l.choose("dane usunięte", "data deleted")
	case fact.OutcomePartial:
		return l.choose("część danych usunięta", "part of the data deleted")
	case fact.OutcomeHeld:
		return l.choose("usunięcie wstrzymane", "deletion withheld")
	case fact.OutcomeNotFound:
		return l.choose("brak takich danych", "no such data")
	case fact.OutcomeRefused:
		return l.choose("odmowa usunięcia", "deletion refused")
	}
	return string(o)
}

// ban explains a restriction on use.
func (l Language) ban(why rights.UseReason) string {
	switch why {
	case rights.ReasonRestricted:
		return l.choose(
			"ograniczenie przetwarzania: dane mogą być wyłącznie przechowywane (art. 18 ust. 2 RODO)",
			"restriction of processing: the data may only be stored (Art. 18(2) GDPR)",
		)
	case rights.ReasonObjection:
		return l.choose(
			"nierozstrzygnięty sprzeciw (art. 18 ust. 1 lit. d, art. 21 ust. 1 RODO)",
			"an objection not decided yet (Art. 18(1)(d), 21(1) GDPR)",
		)
	case rights.ReasonErasure:
		return l.choose(
			"żądanie usunięcia danych przed potwierdzeniem tożsamości (art. 7 ust. 3, art. 21 ust. 3 RODO)",
			"a request for erasure whose sender is not verified yet (Art. 7(3), 21(3) GDPR)",
		)
	}
	return string(why)
}

// until writes a last day.
func (l Language) until(lastDay string) string {
	return l.choose("do "+l.date(lastDay), "until "+l.date(lastDay))
}

// Texts of periods.

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
		"; jeżeli ostatni dzień jest wolny od pracy, do najbliższego dnia roboczego",
		"; if the last day is not a working day, to the next working day",
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
func (l Language) onlyIf(s string) string { return l.choose("; tylko: ", "; only: ") + s }
func (l Language) without(s string) string {
	return l.choose("; gdy wcześniej nie było zdarzenia: ", "; without an earlier ") + s
}

func (l Language) fromDay(day string) string { return l.choose("; od dnia ", "; from ") + day }

func (l Language) unless(s string) string { return l.choose("; z wyjątkiem: ", "; except: ") + s }

// Texts of an explanation.

type explanationWords struct {
	nameless, nothing, held, lastDay, lapses, basis, since, facts, noEnd, to string
	why, law, exempt, period, written, chain, lastDayIs                      string
	factsHead, from                                                          string
	consents, sinceDay, proven, unproven                                     string
	bans, anyUse                                                             string
	requests, received, due, overdue, extended, answered, late               string
	asked, open, closed, told, lapsed, receipts                              string
	resent, resentToAll, confirmed                                           string
	gone, again, because, revision, forgotten, absorbed, parted, alarms      string
	tombstone, allGone                                                       string
}

func (l Language) explanation() explanationWords {
	return explanationWords{
		nameless: l.choose("osoba, której adres został już usunięty", "a person whose address is deleted"),
		nothing:  l.choose("Nie ma danych, które wolno przechowywać.", "No data may be held."),
		held:     l.choose("WOLNO PRZECHOWYWAĆ", "MAY BE HELD"),
		lastDay:  l.choose("OSTATNI DZIEŃ", "LAST DAY"),
		lapses:   l.choose("KONIEC OKRESU", "RETENTION END"),
		basis:    l.choose("PODSTAWA", "BASIS"),
		since:    l.choose("OD", "SINCE"),
		facts:    l.choose("ZDARZENIA", "FACTS"),
		noEnd:    l.choose("nieznany", "no end known"),
		to:       l.choose(" do ", " to "),

		why:       l.choose("UZASADNIENIE", "WHY"),
		law:       l.choose("przepis", "law"),
		exempt:    l.choose("wyjątek", "exception"),
		period:    l.choose("okres", "period"),
		written:   l.choose("miejsce", "place"),
		chain:     l.choose("zdarzenia", "facts"),
		lastDayIs: l.choose("ostatni dzień ", "last day "),

		factsHead: l.choose("ZDARZENIA", "FACTS"),
		from:      l.choose("źródło ", "from "),

		consents: l.choose("ZGODY", "CONSENTS"),
		sinceDay: l.choose("od ", "since "),
		proven:   l.choose("możliwa do wykazania: ", "provable: "),
		unproven: l.choose("niemożliwa do wykazania: ", "not provable: "),
		bans:     l.choose("OGRANICZENIA WYKORZYSTANIA", "RESTRICTIONS ON USE"),
		anyUse:   l.choose("każde wykorzystanie", "any use"),

		requests: l.choose("WNIOSKI", "REQUESTS"),
		received: l.choose("z dnia ", "of "),
		due:      l.choose("termin odpowiedzi ", "answer due by "),
		overdue:  l.choose("PO TERMINIE: termin odpowiedzi ", "OVERDUE: answer was due by "),
		extended: l.choose("termin przedłużono ", "extended on "),
		answered: l.choose("odpowiedziano ", "answered on "),
		late:     l.choose(" (po terminie)", " (late)"),

		asked: l.choose("PYTANIA O ZGODĘ", "QUESTIONS FOR CONSENT"),
		open:  l.choose("otwarte", "open"),
		closed: l.choose(
			"zamknięte: udzielono odpowiedzi albo umowa się zakończyła",
			"closed: answered, or the contract has ended",
		),
		told:     l.choose("OGŁOSZONE USUNIĘCIA", "ANNOUNCED DELETIONS"),
		lapsed:   l.choose("podstawa ustała ", "basis lapsed "),
		receipts: l.choose("POTWIERDZENIA ODBIORCÓW", "RECEIPTS"),

		gone:  l.choose("USUNIĘTE DANE I PRZYCZYNY (dziennik)", "DELETED DATA AND REASONS (journal)"),
		again: l.choose("ponownie: ", "again: "),
		resent: l.choose(
			"ponowienie dla: ",
			"replay for ",
		),
		resentToAll: l.choose("ponowienie dla wszystkich", "replay for all recipients"),
		confirmed:   l.choose("usunięcie potwierdzone", "deletion confirmed"),
		because:     l.choose("ustały: ", "lapsed: "),
		revision:    l.choose("wersja ", "revision "),
		forgotten:   l.choose("brak dalszych danych, profil usunięto", "no data left, the subject was removed"),
		absorbed:    l.choose("połączono z profilem ", "merged with subject "),
		parted:      l.choose("oddzielono profil ", "parted from subject "),
		alarms:      l.choose("ALARMY", "ALARMS"),
		tombstone:   l.choose("ZNACZNIK USUNIĘCIA", "TOMBSTONE"),
		allGone:     l.choose("Wszystkie dane osoby usunięto ", "All data of the person were deleted on "),
	}
}

// retracted introduces the items of a retraction.
func (l Language) retracted() string { return l.choose("cofnięto: ", "retracted: ") }

// about heads an explanation.
func (l Language) about(subject, at, zone, policy string) string {
	return l.choose(
		"profil "+subject+", stan na "+at+" ("+zone+"), polityka "+policy,
		"subject "+subject+", at "+at+" ("+zone+"), policy "+policy,
	)
}

// place cites the file and line of a rule.
func (l Language) place(file string, line int) string {
	if file == "default policy" {
		file = l.choose("polityka domyślna", "the default policy")
	}
	return l.choose(fmt.Sprintf("%s, wiersz %d", file, line), fmt.Sprintf("%s, line %d", file, line))
}

// tombstoneText explains the purpose of a tombstone.
func (l Language) tombstoneText(marks int, lastDay string) string {
	if marks == 0 {
		return l.choose(
			"Do "+lastDay+" przechowywana jest wyłącznie chwila, do której usunięto wszystkie dane, aby powtórzona informacja lub kopia zapasowa nie przywróciła danych.",
			"Until "+lastDay+" only the time of the full erasure is kept, so that a repeated message or a restored backup does not restore the data.",
		)
	}
	return l.choose(
		fmt.Sprintf(
			"%s do %s, aby powtórzona informacja lub kopia zapasowa nie przywróciła danych.",
			count(marks, "skrót z kluczem", "skróty z kluczem", "skrótów z kluczem"),
			lastDay,
		),
		fmt.Sprintf(
			"%s until %s, so that a repeated message or a restored backup does not restore the data.",
			plural(marks, "keyed hash", "keyed hashes"),
			lastDay,
		),
	)
}

func (l Language) nothingBefore(at string) string {
	return l.choose(
		"Bez nowych zdarzeń nic się nie zmieni przed "+at+".",
		"Without new facts, nothing changes before "+at+".",
	)
}

// alarm translates an alarm. The core writes alarms in English and their type into the key.
func (l Language) alarm(e *chain.Entry) string {
	if l != Polish {
		return e.Text
	}
	what, about, _ := strings.Cut(e.Key, ":")
	if text := recipientAlarm(what, about, e.Text); text != "" {
		return text
	}
	when := civilDate.FindString(e.Text)
	switch what {
	case "listed", "signup":
		return contradictionAlarm(what, about, when)
	case "doubt":
		return "zdarzenie uporządkowano według chwili otrzymania, ponieważ jego czas jest niepewny: porównaj z platformą"
	case "forced":
		return "zakup bez zgody na marketing był niemożliwy: zgoda jest nieważna (art. 7 ust. 4 RODO); popraw formularz"
	case "told":
		return "ograniczenie nadal obowiązuje: najpierw powiadom osobę, potem znieś ograniczenie (art. 18 ust. 3 RODO)"
	case "hold":
		return "wstrzymanie usunięcia jest spóźnione albo dotyczy danych, które nie są przechowywane" + after(
			" (usunięto ",
			when,
			")",
		) + stillHeld(e.Text)
	case "years":
		return "jedna sprzedaż ma w dwóch źródłach różne lata: decyduje późniejszy rok"
	case "overdue":
		return "wniosek " + about + " pozostał bez odpowiedzi w terminie" + after(
			" (do ",
			when,
			")",
		) + ", art. 12 ust. 3 RODO"
	}
	return e.Text
}

// contradictionAlarm translates an alarm about a source that reports a subscriber after a no of the person
// into Polish.
func contradictionAlarm(what, about, when string) string {
	_, source, _ := strings.Cut(about, ":")
	report := " podaje zapis bez własnego dowodu"
	if what == "listed" {
		report = " wykazuje osobę jako aktywnego odbiorcę"
	}
	return cmp.Or(
		after("platforma ", source, ""),
		"platforma",
	) + report + ", mimo że osoba odmówiła zgody lub ją wycofała" +
		after(
			" (",
			when,
			")",
		) + ": poproś osobę o nową zgodę albo wypisz ją tam z listy"
}

// recipientAlarm translates an alarm about the answer of a recipient into Polish; empty for other
// alarms.
func recipientAlarm(what, about, text string) string {
	decision, rest, _ := strings.Cut(about, ":")
	recipient, category, _ := strings.Cut(rest, ":")
	switch what {
	case "unconfirmed":
		return "odbiorca " + recipient + " nie potwierdził usunięcia na podstawie decyzji " + decision + after(
			" (termin ",
			civilDate.FindString(text),
			")",
		) + ": zapytaj odbiorcę albo wyślij decyzję ponownie („replay”)"
	case "failed":
		return "decyzji " + decision + " nie udało się doręczyć odbiorcy " + recipient + ": przyczynę podaje „rodopath decisions”; wyślij decyzję ponownie („replay”)"
	case "refused":
		return "odbiorca " + recipient + " odmawia wykonania decyzji " + decision + ": przyczynę podaje „rodopath decisions”"
	case "retracted":
		return "odbiorca " + recipient + " odwołuje potwierdzenie decyzji " + decision + ": przyczynę podaje „rodopath decisions”"
	case "lost":
		return lossAlarm(recipient, decision, category, text)
	case "irrevocable":
		return "odbiorca " + recipient + " wykonał decyzję przed jej cofnięciem (" + decision +
			") i nie może wszystkiego przywrócić: przyczynę podaje „rodopath decisions --all”"
	case "stranger":
		return "odbiorca " + recipient + " odpowiada na decyzję " + decision + ", o której nie został powiadomiony"
	}
	return ""
}

// stillHeld translates the part of an alarm about a late hold that lists the categories still held; empty
// without the part.
func stillHeld(text string) string {
	_, held, _ := strings.Cut(text, "; still held: ")
	if held == "nothing" {
		held = "nic"
	}
	return after("; nadal przechowywane: ", held, "")
}

// lossAlarm translates an alarm about an erasure against a basis into Polish.
func lossAlarm(recipient, decision, category, text string) string {
	erased := " usunął dane ("
	if strings.Contains(text, "may have erased") {
		erased = " mógł usunąć dane ("
	}
	dates := append(civilDate.FindAllString(text, -1), "", "")
	return "odbiorca " + recipient + erased + category + ", decyzja " + decision + after(
		", potwierdzenie z ",
		dates[0],
		"",
	) +
		"), mimo że podstawa znów obowiązuje" + after(
		" od ",
		dates[1],
		"",
	) + ": poproś osobę o te dane ponownie"
}

var civilDate = regexp.MustCompile(`\d{4}-\d{2}-\d{2}`)

// after wraps a text in a prefix and a suffix; an empty text stays empty.
func after(before, s, behind string) string {
	if s == "" {
		return ""
	}
	return before + s + behind
}

// Texts of evidence.

// flaw describes a defect of a consent, its legal effect and the remedy.
func (l Language) flaw(f rules.Flaw) (missing, why, remedy string) {
	switch f {
	case rules.FlawWording:
		return l.choose("Treść, na którą wyrażono zgodę, nie jest znana.", "The accepted text is unknown."),
			l.choose(
				"Zgoda musi być konkretna i świadoma. Bez jej treści nie można wykazać, że obejmowała ten cel, ten kanał i tego administratora (art. 4 pkt 11, art. 7 ust. 1 RODO).",
				"A consent must be specific and informed. Without the text, the controller cannot demonstrate that the consent covered the purpose, the channel and the controller (Art. 4(11), 7(1) GDPR).",
			),
			l.choose(
				"Podaj w konfiguracji źródła treść zgody przy formularzu (wording) albo przekazuj wyświetloną treść. Osoby bez znanej treści zgody poproś o zgodę ponownie.",
				"Set the wording of the form in the configuration of the source (wording), or send the text that was shown. Ask the persons without a known text again.",
			)
	case rules.FlawTime:
		return l.choose("Chwila udzielenia zgody nie jest znana.", "The time of the consent is unknown."),
			l.choose(
				"Bez tej informacji nie można wykazać, że zgody udzielono przed pierwszą wiadomością i po ostatniej odmowie (art. 7 ust. 1 RODO).",
				"Without a time, the controller cannot demonstrate that the consent preceded the first message and followed the last refusal (Art. 7(1) GDPR).",
			),
			l.choose(
				"Sprawdź, dlaczego źródło nie podaje czasu, i uzupełnij czas z eksportu platformy.",
				"Find out why the source sends no time, and add the time from an export of the platform.",
			)
	case rules.FlawTrace:
		return l.choose(
				"Brak dowodu, kto i gdzie udzielił zgody: nie ma formularza, potwierdzenia ani adresu IP.",
				"No evidence shows who gave the consent and where: no form, no confirmation, no IP address.",
			),
			l.choose(
				"Wpis na liście nie dowodzi, że zgody udzieliła ta osoba. Ciężar dowodu spoczywa na administratorze (art. 7 ust. 1 RODO).",
				"An entry in a list does not prove that this person consented. The controller bears the burden of proof (Art. 7(1) GDPR).",
			),
			l.choose(
				"Włącz potwierdzanie linkiem (double opt-in) i przekazuj nazwę formularza. Osoby bez dowodu zgody poproś o zgodę ponownie.",
				"Turn on confirmation by a link (double opt-in) and send the name of the form. Ask the persons without evidence again.",
			)
	case rules.FlawAddress:
		return l.choose(
				"Adres osoby zmienił się u źródła po udzieleniu zgody.",
				"The address of the person changed at the source after the consent.",
			),
			l.choose(
				"Zgoda dotyczy adresu, dla którego jej udzielono. Poprzedni adres może dziś należeć do kogoś innego.",
				"A consent concerns the address for which it was given. The former address may belong to somebody else today.",
			),
			l.choose(
				"Poproś osobę o potwierdzenie nowego adresu (double opt-in).",
				"Ask the person to confirm the new address (double opt-in).",
			)
	case rules.FlawUnproven:
		return l.choose(
				"Osobę dopisano bez jej udziału: import, interfejs API albo synchronizacja.",
				"The person was added without an act of the person: an import, an API call or a synchronization.",
			),
			l.choose(
				"Zgoda wymaga jednoznacznego działania osoby, której dane dotyczą (art. 4 pkt 11 RODO). Dopisanie do listy takim działaniem nie jest.",
				"A consent needs a clear affirmative act of the data subject (Art. 4(11) GDPR). An addition to a list is no such act.",
			),
			l.choose(
				"Jeśli osoba udzieliła zgody gdzie indziej, zapisz dowód tej zgody (formularz, czas, treść). W przeciwnym razie poproś osobę o zgodę albo wypisz ją z listy.",
				"If the person consented elsewhere, record the proof (form, time, text). Otherwise ask the person for consent, or remove the person from the list.",
			)
	case rules.FlawUnconfirmed:
		return l.choose("Adresu nie potwierdzono linkiem.", "The address was not confirmed by a link."),
			l.choose(
				"Adres mogła podać inna osoba. Zgoda pozostaje ważna, ale dowód zgody jest słabszy.",
				"Another person may have entered the address. The consent remains valid, but the evidence is weaker.",
			),
			l.choose(
				"Włącz potwierdzanie linkiem (double opt-in) dla nowych zapisów.",
				"Turn on confirmation by a link (double opt-in) for new sign-ups.",
			)
	}
	return l.voidFlaw(f)
}

// voidFlaw describes a defect that makes a consent void.
func (l Language) voidFlaw(f rules.Flaw) (missing, why, remedy string) {
	switch f {
	case rules.FlawPreticked:
		return l.choose("Pole zgody było zaznaczone domyślnie.", "The box was pre-ticked."),
			l.choose(
				"Milczenie ani domyślnie zaznaczone pole nie stanowią zgody (motyw 32 RODO, wyrok TSUE C-673/17 Planet49). Zgody nie udzielono.",
				"Neither silence nor a pre-ticked box is consent (recital 32 GDPR, CJEU C-673/17 Planet49). No consent was given.",
			),
			l.choose(
				"Popraw formularz tak, aby pole było puste. Nie wysyłaj tym osobom wiadomości na tej podstawie.",
				"Correct the form so that the box is empty. Send these persons no messages on this basis.",
			)
	case rules.FlawForced:
		return l.choose("Bez zgody zakup był niemożliwy.", "A purchase was impossible without the consent."),
			l.choose(
				"Wymuszona zgoda nie jest dobrowolna (art. 7 ust. 4 RODO) i jest nieważna.",
				"A forced consent is not freely given (Art. 7(4) GDPR) and is not valid.",
			),
			l.choose(
				"Oddziel zgodę od zakupu. Nie wysyłaj tym osobom wiadomości na tej podstawie.",
				"Separate the consent from the purchase. Send these persons no messages on this basis.",
			)
	case rules.FlawChild:
		return l.choose(
				"Zgody udzieliło dziecko poniżej 16 lat, bez aprobaty rodzica lub opiekuna.",
				"A child under 16 gave the consent, without the authorisation of a parent.",
			),
			l.choose(
				"W imieniu dziecka zgodę wyraża rodzic lub opiekun; może też zaaprobować zgodę dziecka (art. 8 ust. 1 RODO).",
				"A parent must give or authorise the consent of a child (Art. 8(1) GDPR).",
			),
			l.choose(
				"Poproś rodzica lub opiekuna o zaaprobowanie zgody. Do tego czasu nie wysyłaj wiadomości.",
				"Ask the parent for authorisation. Send no messages until then.",
			)
	}
	return string(f), "", ""
}

// onList explains why an unproven consent permits no use.
func (l Language) onList(since string, flaws []rules.Flaw) string {
	missing := make([]string, len(flaws))
	for i, f := range flaws {
		missing[i], _, _ = l.flaw(f)
	}
	return l.choose("Osoba jest na liście od ", "On the list since ") + l.date(since) +
		l.choose(", ale brakuje dowodu zgody: ", ", proof of consent missing: ") + strings.Join(missing, " ") +
		l.choose(
			" Ustaw treść zgody (wording) przy źródle albo zapisz dowód zgody.",
			" Set the wording at the source, or record the proof.",
		)
}

func (l Language) provable(ok bool) string {
	if ok {
		return l.choose(
			"Tę zgodę można dziś wykazać (art. 7 ust. 1 RODO).",
			"This consent can be demonstrated today (Art. 7(1) GDPR).",
		)
	}
	return l.choose(
		"Tej zgody nie można dziś wykazać (art. 7 ust. 1 RODO). Nie wysyłaj wiadomości na jej podstawie, dopóki dowód zgody nie zostanie uzupełniony.",
		"This consent cannot be demonstrated today (Art. 7(1) GDPR). Send no messages on the basis of the consent until the evidence is complete.",
	)
}

// Texts of a report on a person.

// number precedes the name of a record or a request.
func (l Language) number() string { return l.choose("nr ", "no. ") }

// order precedes the name of an order.
func (l Language) order() string { return l.choose("zamówienie ", "order ") }

func (l Language) noEnd() string { return l.choose("bez znanego końca", "no known end") }

func (l Language) untilAgreed() string {
	return l.choose(
		"do czasu, gdy osoba z własnej inicjatywy ponownie udzieli zgody",
		"until the person consents again on their own initiative",
	)
}

func (l Language) notHeldOnConsent() string {
	return l.choose(
		"na podstawie tej zgody nie są już przechowywane żadne dane",
		"no data are held on the basis of this consent any more",
	)
}

func (l Language) withdrawal() string {
	return l.choose(
		"w sposób wskazany w treści zgody (na przykład linkiem w wiadomości) albo przez dowolne inne oświadczenie złożone administratorowi; bez podania przyczyny",
		"as described in the text of the consent (for example by a link in a message), or by any other notice to the controller; no reason is required",
	)
}

func (l Language) noticeUnknown() string {
	return l.choose("treść zgody przedstawiona osobie nie jest znana", "the text shown to the person is unknown")
}

func (l Language) collectionUnknown() string {
	return l.choose("sposób uzyskania zgody nie jest znany", "the manner of collection of the consent is unknown")
}

func (l Language) locationUnknown() string {
	return l.choose(
		"Dokładne miejsce przechowywania nie jest zapisane w tym systemie; informacji o nim udziela administrator.",
		"The exact place of storage is not recorded in this system; the controller provides this information.",
	)
}

func (l Language) abroad(name, country string) string {
	return l.choose(
		name+": "+country+" (poza Europejskim Obszarem Gospodarczym)",
		name+": "+country+" (outside of the European Economic Area)",
	)
}

// collection describes how a consent was collected.
func (l Language) collection(form, source, confirmed string, ip bool) string {
	var out []string
	if form != "" {
		out = append(out, l.choose("formularz "+l.quote(form), "form "+l.quote(form)))
	}
	if source != "" {
		out = append(out, l.choose("źródło "+l.quote(source), "source "+l.quote(source)))
	}
	if confirmed != "" {
		out = append(out, l.choose("potwierdzone linkiem "+confirmed, "confirmed by a link on "+confirmed))
	}
	if ip {
		out = append(out, l.choose("zapisano adres IP", "the IP address was recorded"))
	}
	if len(out) == 0 {
		return l.collectionUnknown()
	}
	return strings.Join(out, ", ")
}

func (l Language) noAutomation() string {
	return l.choose(
		"Nie podejmujemy decyzji, które opierają się wyłącznie na zautomatyzowanym przetwarzaniu i wywołują wobec osoby skutki prawne lub w podobny sposób istotnie na nią wpływają (art. 22 RODO). Automatycznie obliczane są wyłącznie okresy przechowywania danych.",
		"No decisions with legal or similarly significant effects are based solely on automated processing (Art. 22 GDPR). Only the retention periods of data are computed automatically.",
	)
}

// notKnown lists the information that a report cannot give.
func notKnown() []Text {
	return []Text{
		{
			"Raport wskazuje kategorie przechowywanych danych; ich treść (na przykład pozycje zamówienia, faktury) znajduje się w systemach wymienionych jako odbiorcy. Kopię danych (art. 15 ust. 3 RODO) przekazuje administrator.",
			"The report lists the categories of the held data; the content (for example the lines of an order, or invoices) is stored in the systems named as recipients. The controller provides the copy of the data (Art. 15(3) GDPR).",
		},
		{
			"Dane kontaktowe administratora oraz inspektora ochrony danych, jeżeli został wyznaczony, nie są zapisane w tym systemie.",
			"The contact details of the controller and of a data protection officer, if designated, are not recorded in this system.",
		},
		{
			"Dokładne miejsce przechowywania danych i zabezpieczenia przekazania poza EOG (art. 46 RODO) nie są zapisane w tym systemie.",
			"The exact place of storage, and the safeguards of transfers outside of the EEA (Art. 46 GDPR), are not recorded in this system.",
		},
	}
}

// dataSubjectRights lists the rights of Art. 15 to 21, Art. 7(3) and Art. 77.
func dataSubjectRights() []Right {
	return []Right{
		{"eu-gdpr:A15", "15", Text{"Dostęp do danych oraz ich kopia.", "Access to the data and a copy of the data."}},
		{
			"eu-gdpr:A16",
			"16",
			Text{
				"Sprostowanie danych nieprawidłowych i uzupełnienie danych niekompletnych.",
				"Rectification of inaccurate data and completion of incomplete data.",
			},
		},
		{
			"eu-gdpr:A17",
			"17",
			Text{
				"Usunięcie danych. Dane, których przechowywania wymaga prawo (na przykład faktury), pozostają do końca wymaganego okresu.",
				"Erasure. Data under a legal obligation of retention (for example invoices) are kept until the end of the required period.",
			},
		},
		{
			"eu-gdpr:A18",
			"18",
			Text{
				"Ograniczenie przetwarzania: dane są wówczas co do zasady wyłącznie przechowywane.",
				"Restriction of processing: as a rule, the data are then only stored.",
			},
		},
		{
			"eu-gdpr:A19",
			"19",
			Text{
				"Informacja o odbiorcach, których powiadomiono o sprostowaniu lub usunięciu danych albo o ograniczeniu przetwarzania.",
				"Information about the recipients notified of a rectification, erasure or restriction.",
			},
		},
		{
			"eu-gdpr:A20",
			"20",
			Text{
				"Przeniesienie danych dostarczonych przez osobę, przetwarzanych na podstawie zgody lub umowy.",
				"Portability of data provided by the person and processed on the basis of a consent or a contract.",
			},
		},
		{
			"eu-gdpr:A21",
			"21",
			Text{
				"Sprzeciw: wobec marketingu bezpośredniego w dowolnym momencie i bez podania przyczyny, wobec przetwarzania na podstawie prawnie uzasadnionego interesu z przyczyn związanych ze szczególną sytuacją osoby.",
				"Objection: to direct marketing at any time and without a reason, to processing based on a legitimate interest on grounds relating to the particular situation of the person.",
			},
		},
		{
			"eu-gdpr:A7-3",
			"7(3)",
			Text{
				"Wycofanie zgody w dowolnym momencie. Wycofanie zgody nie wpływa na zgodność z prawem przetwarzania, którego dokonano przed jej wycofaniem.",
				"Withdrawal of consent at any time. The withdrawal does not affect the lawfulness of earlier processing.",
			},
		},
		{
			"eu-gdpr:A77",
			"77",
			Text{
				"Skarga do Prezesa Urzędu Ochrony Danych Osobowych, ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl.",
				"A complaint to the President of the Polish data protection authority (Prezes Urzędu Ochrony Danych Osobowych), ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl.",
			},
		},
	}
}

func (l Language) contentElsewhere() string {
	return l.choose(
		"Dane dostarczyła osoba; podstawą ich przetwarzania jest zgoda lub umowa. Ich treść (na przykład pozycje zamówienia) znajduje się w systemach odbiorców.",
		"The person provided the data; the basis of the processing is a consent or a contract. The content (for example the lines of an order) is stored in the systems of the recipients.",
	)
}

// Texts of a letter.

type letterWords struct {
	draft, missing, greeting, identity, nothingYet    string
	granted, partly, refused, reason                  string
	deleted, deleting, nothingDeleted, deletedLongAgo string
	kept, nothingKept                                 string
	purpose, basis, exempt, notReached                string
	entry, recipients, noRecipients                   string
	unanswered, unsent, unnotified                    string
	complaint, regards                                string
}

func (l Language) letter() letterWords {
	return letterWords{
		draft: l.choose(
			"[PROJEKT: sprawdź, uzupełnij i wyślij jako własne pismo. Usuń ten wiersz.]",
			"[DRAFT: check and complete the letter, and send it as your own. Delete this line.]",
		),
		missing: l.choose(
			"[Nie wszyscy odbiorcy potwierdzili usunięcie danych. Zaleca się wysłanie pisma po otrzymaniu wszystkich potwierdzeń. Usuń ten wiersz.]",
			"[Not every recipient has confirmed the deletion. Preferably send the letter after the last receipt. Delete this line.]",
		),
		greeting: l.choose("Szanowna Pani, Szanowny Panie,", "Dear Sir or Madam,"),
		identity: l.choose(
			"przed usunięciem danych musimy potwierdzić, że wniosek pochodzi od osoby, której dane dotyczą (art. 12 ust. 6 RODO). Prosimy o odpowiedź z adresu zapisanego w naszych systemach albo o inne potwierdzenie tożsamości.",
			"Before deleting data we must verify that the request comes from the data subject (Art. 12(6) GDPR). Please reply from the address recorded in our systems, or confirm your identity in another way.",
		),
		nothingYet: l.choose("Do tego czasu nie usuwamy żadnych danych.", "Until then we delete no data."),
		granted: l.choose(
			"uwzględniamy wniosek i usuwamy dane, których wniosek dotyczy.",
			"We grant the request and delete the data concerned.",
		),
		partly: l.choose(
			"uwzględniamy wniosek w części i usuwamy część danych. Pozostałe dane musimy lub możemy nadal przechowywać; poniżej podajemy dla każdej kategorii danych podstawę prawną i okres przechowywania.",
			"We grant the request in part and delete a part of the data. We must or may retain the other data for now; the list below gives the legal basis and the retention period for each category of data.",
		),
		refused: l.choose(
			"nie możemy uwzględnić wniosku (art. 12 ust. 4 RODO). Poniżej podajemy przechowywane dane, podstawy prawne i okresy przechowywania.",
			"We cannot grant the request (Art. 12(4) GDPR). The list below gives the retained data, the bases and the retention periods.",
		),
		reason: l.choose("Uzasadnienie: ", "Reason: "),

		deleted: l.choose("Dane usunięte od chwili złożenia wniosku:", "Data deleted since the request:"),
		deleting: l.choose(
			"Usuwane dane (nie wszyscy odbiorcy potwierdzili już usunięcie, zob. niżej):",
			"Data being deleted (not confirmed by every recipient yet, see below):",
		),
		nothingDeleted: l.choose("nie było danych do usunięcia", "there were no data to delete"),
		deletedLongAgo: l.choose(
			"[Informacje o usuniętych danych zawiera już tylko dziennik decyzji. Uzupełnij je z dziennika i usuń ten wiersz.]",
			"[The deleted data are now listed in the journal of decisions only. Complete the list from the journal and delete this line.]",
		),
		kept: l.choose(
			"Dane nadal przechowywane i podstawy ich przechowywania:",
			"Retained data and the bases of retention:",
		),
		nothingKept: l.choose("Nie przechowujemy już żadnych danych.", "We hold no data any more."),
		purpose:     l.choose("Cel: ", "Purpose: "),
		basis:       l.choose("Podstawa: ", "Basis: "),
		exempt:      l.choose("Wyjątek od prawa do usunięcia danych: ", "Exception from the right to erasure: "),
		notReached: l.choose(
			"Te dane nie podlegają usunięciu, ponieważ podstawa ich przetwarzania nadal istnieje (art. 17 ust. 1 RODO).",
			"The right to erasure does not extend to these data, because the basis of the processing is still in force (Art. 17(1) GDPR).",
		),

		entry: l.choose("Wpis „nie kontaktować się”", "The do-not-contact entry"),
		recipients: l.choose(
			"Odbiorcy usuwanych danych i ich odpowiedzi (art. 19 RODO):",
			"Recipients of the deleted data and their answers (Art. 19 GDPR):",
		),
		noRecipients: l.choose(
			"Usunięte dane nie były ujawniane żadnym odbiorcom (art. 19 RODO).",
			"The deleted data were not disclosed to any recipient (Art. 19 GDPR).",
		),
		unanswered: l.choose("powiadomiono, usunięcia jeszcze nie potwierdzono", "notified, deletion not confirmed yet"),
		unsent:     l.choose("powiadomienie oczekuje na wysłanie", "notification pending"),
		unnotified: l.choose(
			"[odbiorcy nie powiadomiono automatycznie: powiadom odbiorcę i uzupełnij odpowiedź]",
			"[the recipient was not notified automatically: notify the recipient, and complete the answer]",
		),
		complaint: l.choose(
			"Przysługuje Pani/Panu prawo wniesienia skargi do Prezesa Urzędu Ochrony Danych Osobowych (ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl; art. 77 RODO) oraz prawo do środka ochrony prawnej przed sądem (art. 79 RODO).",
			"You have the right to lodge a complaint with the President of the Polish data protection authority (Prezes Urzędu Ochrony Danych Osobowych, ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl; Art. 77 GDPR), and to a judicial remedy (Art. 79 GDPR).",
		),
		regards: l.choose("Z poważaniem", "Kind regards"),
	}
}

// concerning is the subject of a letter.
func (l Language) concerning(ref, received string) string {
	return l.choose(
		"Dotyczy: wniosku o usunięcie danych (art. 17 RODO), nr "+ref+", otrzymanego "+received,
		"Re: request for erasure (Art. 17 GDPR), no. "+ref+", received on "+received,
	)
}

// doNotContact explains the keyed hash retained after a full erasure.
func (l Language) doNotContact(until string) string {
	return l.choose(
		"Pozostaje wpis „nie kontaktować się”. Wpis nie zawiera adresu, a jedynie jego skrót kryptograficzny z kluczem i datę odmowy. Służy wyłącznie temu, aby adres nie został ponownie dodany i aby nie wysłano na niego kolejnej wiadomości. "+sentences(
			"Okres przechowywania wpisu: "+until,
		)+" Również wobec tego wpisu można wnieść sprzeciw (art. 21 ust. 1 RODO); po uwzględnieniu sprzeciwu informacja o odmowie zostanie usunięta.",
		"We retain a do-not-contact entry. The entry does not contain the address, only a keyed hash of the address and the date of the refusal. The sole purpose of the entry is to prevent the address from being added and contacted again. "+sentences(
			"Retention period of the entry: "+until,
		)+" You may object to the entry as well (Art. 21(1) GDPR); once the objection is upheld, the information about the refusal is deleted.",
	)
}

// tombstoneNote explains the keyed hashes retained after a deletion.
func (l Language) tombstoneNote(lastDay string) string {
	return l.choose(
		"Do "+lastDay+" przechowujemy także skróty kryptograficzne z kluczem usuniętych danych, aby powtórzona informacja lub kopia zapasowa nie przywróciła danych.",
		"Until "+lastDay+" we also keep keyed hashes of the deleted data, so that a repeated message or a backup does not restore the data.",
	)
}

// pageWords holds the texts of the page; the template uses the names of the fields.
type pageWords struct {
	Title, For, Nameless, Controller, Date, Lead                                 string
	Held, HeldNote, Nothing, Data, Basis, Until, Since, Recipients, NoRecipients string
	Source, NoSource, Given, Hashes, Person, Record, Order, Number, Abroad       string
	Consents, Notice, Collected, Withdraw, When, Event, Now, NoConsents          string
	Limits, AnyUse, Requests, Asked, State, AnswerBy, Overdue                    string
	Deleted, DeletedNote, EndedBases, Again, Records, NoDeleted                  string
	Stays, Rights, Right, Article, Automated, NotKnown, Foot                     string
}

func (l Language) page() pageWords {
	return pageWords{
		Title:      l.choose("Przechowywane dane osobowe", "Personal data held"),
		For:        l.choose("Osoba", "Person"),
		Nameless:   l.choose("osoba, której adres został już usunięty", "a person whose address is deleted"),
		Controller: l.choose("Administrator danych", "Controller"),
		Date:       l.choose("Stan na", "As of"),
		Lead: l.choose(
			"Odpowiedź na wniosek o dostęp do danych (art. 15 RODO): przechowywane dane, cele, podstawy prawne i okresy przechowywania.",
			"Answer to a request for access (Art. 15 GDPR): the held data, the purposes, the legal bases and the retention periods.",
		),

		Held: l.choose("Przechowywane dane", "Held data"),
		HeldNote: l.choose(
			"Podany dzień jest ostatnim dniem przechowywania. Po jego upływie dane są usuwane.",
			"The day given is the last day of retention. The data are deleted after the end of this day.",
		),
		Nothing:      l.choose("Żadne dane nie są przechowywane.", "No data are held."),
		Data:         l.choose("Dane", "Data"),
		Basis:        l.choose("Cel i podstawa prawna", "Purpose and legal basis"),
		Until:        l.choose("Do kiedy", "Until"),
		Since:        l.choose("od", "since"),
		Recipients:   l.choose("Odbiorcy", "Recipients"),
		NoRecipients: l.choose("brak odbiorców", "no recipients"),
		Source:       l.choose("źródło:", "source:"),
		NoSource:     l.choose("źródło nie jest znane", "the source is unknown"),
		Given:        l.choose("podane przez osobę", "given by the person"),
		Hashes:       l.choose("Tylko skróty kryptograficzne i daty", "Keyed hashes and dates only"),
		Person:       l.choose("O osobie", "About the person"),
		Record:       l.choose("Dotyczy: ", "About "),
		Order:        l.choose("Zamówienie ", "Order "),
		Number:       l.choose("nr", "no."),
		Abroad:       l.choose("poza EOG:", "outside of the EEA:"),

		Consents:   l.choose("Zgody", "Consents"),
		NoConsents: l.choose("Nie zapisano żadnej zgody.", "No consent is recorded."),
		Notice:     l.choose("Treść zgody", "Wording"),
		Collected:  l.choose("Sposób uzyskania zgody", "Collection"),
		Withdraw:   l.choose("Sposób wycofania zgody", "Withdrawal"),
		When:       l.choose("Kiedy", "When"),
		Event:      l.choose("Zdarzenie", "Event"),
		Now:        l.choose("obecnie:", "now:"),

		Limits:   l.choose("Ograniczenia wykorzystania danych", "Restrictions on the use of the data"),
		AnyUse:   l.choose("każde wykorzystanie poza przechowywaniem", "any use except storage"),
		Requests: l.choose("Wnioski", "Requests"),
		Asked:    l.choose("Wniosek", "Request"),
		State:    l.choose("Stan", "State"),
		AnswerBy: l.choose("Termin odpowiedzi", "Answer due by"),
		Overdue:  l.choose("po terminie", "overdue"),

		Deleted: l.choose("Usunięte dane", "Deleted data"),
		DeletedNote: l.choose(
			"Według dziennika decyzji, który nie zawiera adresów ani nazw.",
			"According to the journal of decisions, which contains no addresses and no names.",
		),
		NoDeleted:  l.choose("Dziennik nie zawiera żadnego usunięcia.", "The journal contains no deletion."),
		EndedBases: l.choose("Podstawy, które ustały", "Lapsed bases"),
		Again:      l.choose("ponownie, po przywróceniu danych", "again, after the data had been restored"),
		Records:    l.choose("liczba dokumentów:", "records:"),
		Stays:      l.choose("Informacje pozostałe po usuniętych danych", "Information kept about deleted data"),

		Rights:    l.choose("Prawa", "Rights"),
		Right:     l.choose("Prawo", "Right"),
		Article:   l.choose("Artykuł RODO", "Article of the GDPR"),
		Automated: l.choose("Zautomatyzowane podejmowanie decyzji", "Automated decision-making"),
		NotKnown:  l.choose("Informacje nieobjęte raportem", "Information not in this report"),
		Foot:      l.choose("Daty według czasu", "Dates in the time zone"),
	}
}
