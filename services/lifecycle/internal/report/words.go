//nolint:misspell // half of the words are Polish
package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// choose returns the text of the language.
func (l Language) say(pl, en string) string {
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
	return map[string]noun{
		"signup":                    {"zapis", "zapisu", "sign-up"},
		"signup_pending":            {"zapis bez potwierdzenia", "zapisu bez potwierdzenia", "unconfirmed sign-up"},
		"refusal":                   {"odmowa zgody", "odmowy zgody", "refusal of consent"},
		"unsubscribe":               {"wypisanie się", "wypisania się", "unsubscription"},
		"objection":                 {"sprzeciw", "sprzeciwu", "objection"},
		"objection_upheld":          {"uwzględniony sprzeciw", "uwzględnienia sprzeciwu", "objection that was granted"},
		"erasure":                   {"żądanie usunięcia danych", "żądania usunięcia danych", "request for erasure"},
		"sale":                      {"sprzedaż", "sprzedaży", "sale"},
		"refund":                    {"zwrot pieniędzy", "zwrotu pieniędzy", "refund"},
		"performed":                 {"dostawa lub wykonanie", "dostawy lub wykonania", "delivery or performance"},
		lifecycle.AnchorPerformance: {"wykonanie umowy", "wykonania umowy", "performance of the contract"},
		"negotiation_opened":        {"rozpoczęcie rozmów", "rozpoczęcia rozmów", "start of the talks"},
		"negotiation_closed":        {"zakończenie rozmów", "zakończenia rozmów", "end of the talks"},
		"access_started":            {"otwarcie dostępu", "otwarcia dostępu", "start of access"},
		"access_ended":              {"zamknięcie dostępu", "zamknięcia dostępu", "closing of access"},
		lifecycle.AnchorAccessEnd:   {"koniec dostępu", "końca dostępu", "end of access"},
		"webinar":                   {"zapis na webinar", "zapisu na webinar", "webinar registration"},
		"hold":                      {"blokada usuwania", "blokady usuwania", "hold"},
		"release":                   {"zwolnienie blokady", "zwolnienia blokady", "release of the hold"},
		"identified":                {"rozpoznanie osoby", "rozpoznania osoby", "identification"},
		"bounce":                    {"niedoręczenie wiadomości", "niedoręczenia wiadomości", "undelivered message"},
		"consent_asked":             {"pytanie o zgodę", "pytania o zgodę", "question for consent"},
		"invalidated":               {"unieważnienie zgody", "unieważnienia zgody", "invalidation of the consent"},
		"download":                  {"pobranie materiału", "pobrania materiału", "download"},
		"order_placed":              {"złożenie zamówienia", "złożenia zamówienia", "placing of the order"},
		"order_expired":             {"wygaśnięcie zamówienia", "wygaśnięcia zamówienia", "expiry of the order"},
		"complaint":                 {"reklamacja", "reklamacji", "complaint"},
		"complaint_settled":         {"rozpatrzenie reklamacji", "rozpatrzenia reklamacji", "settlement of the complaint"},
		"address_changed":           {"zmiana adresu", "zmiany adresu", "change of address"},
		"restriction":               {"żądanie ograniczenia przetwarzania", "żądania ograniczenia przetwarzania", "request for restriction"},
		"restriction_lifted":        {"zniesienie ograniczenia", "zniesienia ograniczenia", "lifting of the restriction"},
		"access_request":            {"wniosek o dostęp do danych", "wniosku o dostęp do danych", "request for access"},
		"portability_request":       {"wniosek o przeniesienie danych", "wniosku o przeniesienie danych", "request for portability"},
		"rectification_request":     {"wniosek o sprostowanie danych", "wniosku o sprostowanie danych", "request for rectification"},
		"request":                   {"wniosek osoby", "otrzymania wniosku", "request of the person"},
		"request_verified":          {"potwierdzenie tożsamości", "potwierdzenia tożsamości", "confirmation of identity"},
		"request_extended":          {"przedłużenie terminu odpowiedzi", "przedłużenia terminu odpowiedzi", "extension of the time to answer"},
		"request_decided":           {"decyzja w sprawie wniosku", "decyzji w sprawie wniosku", "decision on the request"},
		"request_answered":          {"odpowiedź na wniosek", "odpowiedzi na wniosek", "answer to the request"},
		"receipt":                   {"potwierdzenie odbiorcy", "potwierdzenia odbiorcy", "receipt of a recipient"},
		lifecycle.AnchorAct:         {"ostatnie takie zdarzenie", "ostatniego takiego zdarzenia", "last such event"},
		lifecycle.AnchorConsentEnd:  {"ustanie ostatniej zgody", "ustania ostatniej zgody", "end of the last consent"},
		lifecycle.AnchorDeletion:    {"usunięcie danych", "usunięcia danych", "deletion"},
	}
}

// kind names a kind of fact.
func (l Language) kind(k lifecycle.Kind) string {
	n, ok := nouns()[string(k)]
	if !ok {
		return string(k)
	}
	return l.say(n.pl, n.en)
}

// kinds names several, after a colon.
func (l Language) kinds(kinds []lifecycle.Kind) string {
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
	return l.say(n.of, "the "+n.en)
}

func (l Language) quote(s string) string { return l.say("„"+s+"”", "“"+s+"”") }

// term names a statutory date of the default policy.
func (l Language) term(name string) string {
	switch name {
	case "vat_due":
		return l.say("termin zapłaty VAT", "the day on which VAT is due")
	case "income_tax_due":
		return l.say("termin zapłaty podatku dochodowego", "the day on which income tax is due")
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

// articleMeaning describes an article of the GDPR in a few words.
func (l Language) means(article string) string {
	switch article {
	case "6(1)(a)":
		return l.say("zgoda", "consent")
	case "6(1)(b)":
		return l.say("umowa lub działania przed umową", "a contract, or steps before one")
	case "6(1)(c)":
		return l.say("obowiązek prawny", "a duty of law")
	case "6(1)(d)":
		return l.say("żywotny interes", "a vital interest")
	case "6(1)(e)":
		return l.say("zadanie w interesie publicznym", "a task in the public interest")
	case "6(1)(f)":
		return l.say("prawnie uzasadniony interes", "a legitimate interest")
	case "17(3)(a)":
		return l.say("wolność wypowiedzi i informacji", "freedom of expression and information")
	case "17(3)(b)":
		return l.say("prawo nakazuje nam je przetwarzać", "the law tells us to process them")
	case "17(3)(c)":
		return l.say("zdrowie publiczne", "public health")
	case "17(3)(d)":
		return l.say("archiwizacja, badania lub statystyka", "archiving, research or statistics")
	case "17(3)(e)":
		return l.say("ustalenie, dochodzenie lub obrona roszczeń", "the establishment, exercise or defence of legal claims")
	case "18(1)(a)", "18(1)(b)", "18(1)(c)", "18(1)(d)":
		return l.say("ograniczenie przetwarzania na żądanie osoby", "restriction of processing, which the person asked for")
	}
	return ""
}

// channel names a way of reaching a person.
func (l Language) channel(c string) string {
	switch c {
	case "email":
		return "e-mail"
	case "sms":
		return "SMS"
	case "phone":
		return l.say("telefon", "phone")
	}
	return c
}

// by adds a channel to the name of a purpose.
func (l Language) by(purpose, channel string) string {
	if channel == "" {
		return purpose
	}
	return purpose + l.say(", ", " by ") + l.channel(channel)
}

// access names a kind of access.
func (l Language) access(a lifecycle.Access) string {
	switch a {
	case lifecycle.AccessOneOff:
		return l.say("jednorazowo", "once")
	case lifecycle.AccessCourse:
		return l.say("kurs", "a course")
	case lifecycle.AccessService:
		return l.say("usługa", "a service")
	case lifecycle.AccessSubscription:
		return l.say("subskrypcja", "a subscription")
	}
	return string(a)
}

// trait names a trait of a fact.
func (l Language) trait(t string) string {
	switch t {
	case lifecycle.TraitTest:
		return l.say("test", "a test")
	case lifecycle.TraitPreticked:
		return l.say("pole zaznaczone z góry", "a box that was ticked already")
	case lifecycle.TraitForced:
		return l.say("zgoda wymuszona przy zakupie", "consent forced with a purchase")
	case lifecycle.TraitChild:
		return l.say("dziecko poniżej 16 lat", "a child under 16")
	case lifecycle.TraitParentAgreed:
		return l.say("za zgodą rodzica", "a parent agreed")
	case lifecycle.TraitBusiness:
		return l.say("nabywca z NIP", "a buyer with a tax number")
	case lifecycle.TraitSoleTrader:
		return l.say("przedsiębiorca na prawach konsumenta", "a trader with a consumer's rights")
	case lifecycle.TraitOSS:
		return l.say("procedura OSS", "one-stop shop")
	case lifecycle.TraitUnverified:
		return l.say("tożsamość niepotwierdzona", "identity not confirmed")
	case lifecycle.TraitAuthenticated:
		return l.say("z konta osoby", "from the person's account")
	case lifecycle.TraitLimitation:
		return l.say("wstrzymuje przedawnienie podatku", "stops the limitation of a tax")
	case lifecycle.TraitInaccurate:
		return l.say("dane nieprawidłowe", "the data are inaccurate")
	case lifecycle.TraitUnlawful:
		return l.say("przetwarzanie niezgodne z prawem", "the processing is unlawful")
	case lifecycle.TraitForClaims:
		return l.say("osoba potrzebuje ich do roszczeń", "the person needs them for claims")
	case lifecycle.TraitObjected:
		return l.say("wniesiono sprzeciw", "an objection was made")
	}
	return t
}

// doubt explains why a fact is ordered by its time of receipt.
func (l Language) doubt(d lifecycle.Doubt) string {
	switch d {
	case lifecycle.DoubtNoTime:
		return l.say("źródło nie podało czasu", "the source gave no time")
	case lifecycle.DoubtClockAhead:
		return l.say("zegar źródła się spieszy", "the source's clock is ahead")
	}
	return string(d)
}

// state names the state of a consent.
func (l Language) state(s lifecycle.ConsentState) string {
	switch s {
	case lifecycle.ConsentNone:
		return l.say("brak zgody", "none")
	case lifecycle.ConsentAsked:
		return l.say("zadano pytanie, bez odpowiedzi", "asked, no answer yet")
	case lifecycle.ConsentPending:
		return l.say("czeka na potwierdzenie", "waits for confirmation")
	case lifecycle.ConsentGiven:
		return l.say("udzielona", "given")
	case lifecycle.ConsentRefused:
		return l.say("odmowa", "refused")
	case lifecycle.ConsentWithdrawn:
		return l.say("wycofana", "withdrawn")
	case lifecycle.ConsentObjected:
		return l.say("sprzeciw", "objected to")
	case lifecycle.ConsentExpired:
		return l.say("wygasła", "expired")
	case lifecycle.ConsentInvalidated:
		return l.say("nieważna", "not valid")
	}
	return string(s)
}

// progress names the state of a request.
func (l Language) progress(s lifecycle.RequestState) string {
	switch s {
	case lifecycle.RequestReceived:
		return l.say("otrzymany, tożsamość niepotwierdzona", "received, identity not confirmed")
	case lifecycle.RequestVerified:
		return l.say("w toku", "open")
	case lifecycle.RequestDecided:
		return l.say("rozstrzygnięty, czeka na odpowiedź", "decided, not answered yet")
	case lifecycle.RequestAnswered:
		return l.say("udzielono odpowiedzi", "answered")
	}
	return string(s)
}

// outcome names the outcome of a request.
func (l Language) outcome(o lifecycle.Outcome) string {
	switch o {
	case "granted":
		return l.say("uwzględniony", "granted")
	case "partly":
		return l.say("uwzględniony w części", "granted in part")
	case "refused":
		return l.say("odmowa", "refused")
	}
	return string(o)
}

// receipt names the answer of a recipient to a deletion.
func (l Language) receipt(o lifecycle.Outcome) string {
	switch o {
	case "done":
		return l.say("dane usunięte", "has deleted the data")
	case "partial":
		return l.say("część danych usunięta", "has deleted a part of the data")
	case "held":
		return l.say("usunięcie wstrzymane", "holds the deletion back")
	case "not_found":
		return l.say("tych danych tam nie ma", "has no such data")
	case "refused":
		return l.say("odmowa usunięcia", "refuses to delete the data")
	}
	return string(o)
}

// ban explains a restriction on use.
func (l Language) ban(why lifecycle.UseReason) string {
	switch why {
	case lifecycle.ReasonRestricted:
		return l.say("ograniczenie przetwarzania: dane wolno tylko przechowywać (art. 18 ust. 2 RODO)", "restriction of processing: the data may be stored and nothing else (Art. 18(2) GDPR)")
	case lifecycle.ReasonObjection:
		return l.say("sprzeciw, który nie jest jeszcze rozstrzygnięty (art. 18 ust. 1 lit. d, art. 21 ust. 1 RODO)", "an objection that is not decided yet (Art. 18(1)(d), 21(1) GDPR)")
	}
	return string(why)
}

// until writes a last day.
func (l Language) until(lastDay string) string {
	return l.say("do "+l.date(lastDay), "until "+l.date(lastDay))
}

// Texts of periods.

func (l Language) untilWithdrawn() string {
	return l.say("do wycofania zgody", "until the consent is withdrawn")
}

func (l Language) dayUnknown() string {
	return l.say(" (dzień nie jest jeszcze znany)", " (the day is not known yet)")
}

func (l Language) alsoEnds(period string) string {
	return l.say("; wygasa też: ", "; it also expires: ") + period
}

func (l Language) earlier(kinds []lifecycle.Kind) string {
	return l.say("; kończy się wcześniej, jeśli nastąpi: ", "; ends earlier by: ") + l.kinds(kinds)
}

func (l Language) or() string { return l.say(" lub ", " or ") }

func (l Language) upTo(moment string) string { return l.say("do ", "until ") + moment }

func (l Language) after(units, from string) string { return units + l.say(" od ", " after ") + from }

func (l Language) lapseOf(units, from string) string {
	return l.say("upływu "+units+" od "+from, units+" after "+from)
}

func (l Language) shifted() string {
	return l.say("; jeśli ostatni dzień jest wolny, to do najbliższego dnia roboczego", "; if the last day is not a working day, to the next one")
}

func (l Language) orEarlier() string {
	return l.say("; albo, jeśli to wcześniej: ", "; or, if earlier: ")
}

func (l Language) lastTime() string {
	return l.say(" (liczy się ostatni raz)", " (the last one counts)")
}

func (l Language) dayOfMonth(day, of string) string {
	return l.say(day+". dnia miesiąca następującego po miesiącu "+of, "day "+day+" of the month after "+of)
}

func (l Language) dayOfYear(day, name, of string) string {
	m := month(name)
	if m == 0 || l != Polish {
		return day + " " + name + l.say(" roku następującego po roku ", " of the year after ") + of
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
		return l.say("końca miesiąca, w którym "+over+" "+units+" od "+from, "the end of the month in which "+units+" from "+from+" are over")
	}
	return l.say("końca roku, w którym "+over+" "+units+" od "+from, "the end of the year in which "+units+" from "+from+" are over")
}

// endAt writes the end of the year or month of an event or of a statutory date.
func (l Language) endAt(unit, of string, event bool) string {
	pl, en := "końca roku", "the end of the year of"
	if unit == "end_of_month" {
		pl, en = "końca miesiąca", "the end of the month of"
	}
	if event {
		return l.say(pl+" "+of, en+" "+of)
	}
	return l.say(pl+", w którym przypada "+of, en+" "+of)
}

func (l Language) consentBy(channels []string) string {
	out := l.say("zgoda", "consent")
	if len(channels) > 0 {
		out += l.aside(strings.Join(channels, ", "))
	}
	return out
}

func (l Language) aside(s string) string  { return " (" + s + ")" }
func (l Language) onlyIf(s string) string { return l.say("; tylko: ", "; only: ") + s }
func (l Language) unless(s string) string { return l.say("; z wyjątkiem: ", "; except: ") + s }

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
	gone, again, because, revision, forgotten, absorbed, alarms              string
	tombstone, allGone                                                       string
}

func (l Language) explanation() explanationWords {
	return explanationWords{
		nameless: l.say("osoba, której adres jest już usunięty", "a person whose address is deleted"),
		nothing:  l.say("Nic nie wolno trzymać.", "Nothing may be held."),
		held:     l.say("WOLNO TRZYMAĆ", "MAY BE HELD"),
		lastDay:  l.say("OSTATNI DZIEŃ", "LAST DAY"),
		lapses:   l.say("WYGASA", "LAPSES"),
		basis:    l.say("NA PODSTAWIE", "ON THE BASIS OF"),
		since:    l.say("OD", "SINCE"),
		facts:    l.say("FAKTY", "FACTS"),
		noEnd:    l.say("nieznany", "no end known"),
		to:       l.say(" do ", " to "),

		why:       l.say("DLACZEGO", "WHY"),
		law:       l.say("przepis", "law"),
		exempt:    l.say("wyjątek", "exempt"),
		period:    l.say("okres", "period"),
		written:   l.say("miejsce", "written"),
		chain:     l.say("stąd", "so"),
		lastDayIs: l.say("ostatni dzień ", "last day "),

		factsHead: l.say("FAKTY", "FACTS"),
		from:      l.say("z ", "by "),

		consents: l.say("ZGODY", "CONSENTS"),
		sinceDay: l.say("od ", "since "),
		proven:   l.say("do wykazania: ", "can be shown: "),
		unproven: l.say("nie do wykazania: ", "cannot be shown: "),
		bans:     l.say("NIE WOLNO UŻYWAĆ", "NOT TO BE USED"),
		anyUse:   l.say("do niczego", "for anything"),

		requests: l.say("WNIOSKI", "REQUESTS"),
		received: l.say("z dnia ", "of "),
		due:      l.say("odpowiedź do ", "answer by "),
		overdue:  l.say("PO TERMINIE: odpowiedź była do ", "OVERDUE: was to be answered by "),
		extended: l.say("termin przedłużono ", "extended on "),
		answered: l.say("odpowiedziano ", "answered on "),
		late:     l.say(" (po terminie)", " (late)"),

		asked:    l.say("DO ZAPYTANIA O ZGODĘ", "PUT FORWARD TO BE ASKED FOR CONSENT"),
		open:     l.say("wciąż można zapytać", "still to be asked"),
		closed:   l.say("już nie: jest odpowiedź albo umowa się skończyła", "no longer: answered, or the contract is over"),
		told:     l.say("KAZANO USUNĄĆ", "TOLD TO DELETE"),
		lapsed:   l.say("wygasło ", "lapsed "),
		receipts: l.say("ODBIORCY ODPOWIEDZIELI", "RECIPIENTS ANSWERED"),

		gone:   l.say("CZEGO JUŻ NIE MA I DLACZEGO (dziennik)", "WHAT IS GONE AND WHY (journal)"),
		again:  l.say("ponownie: ", "again: "),
		resent: l.say("wysłane ponownie do: ", "sent once more to "), resentToAll: l.say("wysłane ponownie wszystkim", "sent once more to all"),
		confirmed: l.say("wszyscy potwierdzili", "deletion confirmed by all"),
		because:   l.say("ustały: ", "ended: "),
		revision:  l.say("wersja ", "revision "),
		forgotten: l.say("nic już nie zostało, osobę zapomniano", "nothing was left, the person was forgotten"),
		absorbed:  l.say("to ta sama osoba co ", "turned out to be the same person as "),
		alarms:    l.say("OSTRZEŻENIA", "ALARMS"),
		tombstone: l.say("CO POZOSTAJE PO USUNIĘTYCH DANYCH", "WHAT STAYS OF WHAT WAS DELETED"),
		allGone:   l.say("Wszystkie dane osoby usunięto ", "Everything of the person was deleted on "),
	}
}

// about heads an explanation.
func (l Language) about(subject, at, zone, policy string) string {
	return l.say(
		"osoba "+subject+", stan na "+at+" ("+zone+"), polityka "+policy,
		"subject "+subject+", at "+at+" ("+zone+"), policy "+policy,
	)
}

// place cites the file and line of a rule.
func (l Language) place(file string, line int) string {
	if file == "default policy" {
		file = l.say("polityka domyślna", "the default policy")
	}
	return l.say(fmt.Sprintf("%s, wiersz %d", file, line), fmt.Sprintf("%s, line %d", file, line))
}

// tombstoneText explains the purpose of a tombstone.
func (l Language) stays(marks int, lastDay string) string {
	if marks == 0 {
		return l.say(
			"Do "+lastDay+" pamiętane jest tylko to, do kiedy wszystko usunięto, po to, by powtórka lub przywrócona kopia nie przywróciła danych.",
			"Until "+lastDay+" only this is remembered: up to when everything was deleted, so that a repeat or a restored backup brings nothing back.",
		)
	}
	return l.say(
		fmt.Sprintf("%s do %s, po to, by powtórka lub przywrócona kopia nie przywróciła danych.", count(marks, "skrót z kluczem", "skróty z kluczem", "skrótów z kluczem"), lastDay),
		fmt.Sprintf("%s until %s, so that a repeat or a restored backup brings nothing back.", plural(marks, "keyed hash", "keyed hashes"), lastDay),
	)
}

func (l Language) nothingBefore(at string) string {
	return l.say("Samo z siebie nic się nie zmieni przed "+at+".", "Nothing changes by itself before "+at+".")
}

// alarm translates an alarm. The core writes alarms in English and their type into the key.
func (l Language) alarm(e *lifecycle.Entry) string {
	if l != Polish {
		return e.Text
	}
	what, about, _ := strings.Cut(e.Key, ":")
	if text := recipientAlarm(what, about, e.Text); text != "" {
		return text
	}
	when := civilDate.FindString(e.Text)
	switch what {
	case "doubt":
		return "fakt uporządkowano według chwili odbioru, bo jego czas jest niepewny: porównaj z platformą"
	case "forced":
		return "zakup bez zgody na marketing był niemożliwy: zgoda jest nieważna (art. 7 ust. 4 RODO); popraw formularz"
	case "told":
		return "ograniczenie trwa: najpierw powiadom osobę, potem je znieś (art. 18 ust. 3 RODO)"
	case "hold":
		return "blokada przyszła za późno albo dotyczy czegoś, czego już nie ma" + after(" (usunięto ", when, ")")
	case "years":
		return "jedna sprzedaż ma w dwóch źródłach różne lata: liczy się późniejszy"
	case "overdue":
		return "wniosek " + about + " pozostał bez odpowiedzi w terminie" + after(" (do ", when, ")") + ", art. 12 ust. 3 RODO"
	}
	return e.Text
}

// recipientAlarm translates an alarm about the answer of a recipient into Polish; empty for other
// alarms.
func recipientAlarm(what, about, text string) string {
	decision, rest, _ := strings.Cut(about, ":")
	recipient, _, _ := strings.Cut(rest, ":")
	switch what {
	case "unconfirmed":
		return recipient + " nie potwierdza usunięcia " + decision + after(" (miał do ", civilDate.FindString(text), ")") + ": zapytaj albo wyślij jeszcze raz"
	case "failed":
		return "decyzji " + decision + " nie dało się dostarczyć do " + recipient + ": powód podaje „rodopath decisions”; wyślij ją jeszcze raz („replay”)"
	case "refused":
		return recipient + " odmawia wykonania decyzji " + decision + ": powód podaje „rodopath decisions”"
	case "retracted":
		return recipient + " odwołuje potwierdzenie decyzji " + decision + ": powód podaje „rodopath decisions”"
	case "stranger":
		return recipient + " odpowiada na decyzję " + decision + ", której nie dostał"
	}
	return ""
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
func (l Language) flaw(f lifecycle.Flaw) (missing, why, remedy string) {
	switch f {
	case lifecycle.FlawWording:
		return l.say("Nie wiadomo, na jaki tekst się zgodzono.", "Nobody knows which text was agreed to."),
			l.say("Zgoda ma być konkretna i świadoma. Bez tekstu nie da się pokazać, że obejmowała ten cel, ten kanał i Twoją firmę (art. 4 pkt 11, art. 7 ust. 1 RODO).", "A consent must be specific and informed. Without its text nobody can show that it covered this purpose, this channel and your business (Art. 4(11), 7(1) GDPR)."),
			l.say("Podaj w konfiguracji źródła, jaki tekst stoi przy formularzu (wording), albo wysyłaj pokazany tekst. Osoby bez tekstu poproś o zgodę jeszcze raz.", "Say in the configuration of the source which text stands at the form (wording), or send the text that was shown. Ask those without a text again.")
	case lifecycle.FlawTime:
		return l.say("Nie wiadomo, kiedy zgody udzielono.", "Nobody knows when it was given."),
			l.say("Bez chwili nie da się pokazać, że zgoda była przed pierwszą wiadomością i po ostatniej odmowie (art. 7 ust. 1 RODO).", "Without a time nobody can show that the consent came before the first message and after the last no (Art. 7(1) GDPR)."),
			l.say("Sprawdź, dlaczego źródło nie podaje czasu, i uzupełnij go z eksportu platformy.", "Find out why the source gives no time, and add it from an export of the platform.")
	case lifecycle.FlawTrace:
		return l.say("Nie ma śladu, kto i gdzie ją wyraził: ani formularza, ani potwierdzenia, ani adresu IP.", "There is no trace of who gave it and where: no form, no confirmation, no IP address."),
			l.say("Wpis na liście nie dowodzi, że to ta osoba się zgodziła. Ciężar dowodu jest po Twojej stronie (art. 7 ust. 1 RODO).", "An entry in a list does not prove that this person agreed. The burden of proof is yours (Art. 7(1) GDPR)."),
			l.say("Włącz potwierdzanie linkiem (double opt-in) i przekazuj nazwę formularza. Osoby bez śladu poproś o zgodę jeszcze raz.", "Turn on confirmation by a link (double opt-in) and pass on the name of the form. Ask those without a trace again.")
	case lifecycle.FlawUnconfirmed:
		return l.say("Adresu nie potwierdzono linkiem.", "The address was not confirmed by a link."),
			l.say("Ktoś mógł wpisać cudzy adres. Zgody to nie przekreśla, ale dowód jest słabszy.", "Somebody may have typed another's address. That does not undo the consent, but the proof is weaker."),
			l.say("Włącz potwierdzanie linkiem (double opt-in) dla nowych zapisów.", "Turn on confirmation by a link (double opt-in) for new sign-ups.")
	case lifecycle.FlawPreticked:
		return l.say("Pole było zaznaczone z góry.", "The box was ticked already."),
			l.say("Milczenie nie jest zgodą (motyw 32 RODO, wyrok TSUE C-673/17 Planet49). Zgody nie ma.", "Silence is no consent (recital 32 GDPR, CJEU C-673/17 Planet49). There is none."),
			l.say("Popraw formularz na puste pole. Nie pisz do tych osób na tej podstawie.", "Mend the form so that the box is empty. Do not write to these persons on this basis.")
	case lifecycle.FlawForced:
		return l.say("Bez zgody nie można było kupić.", "Nobody could buy without it."),
			l.say("Wymuszona zgoda nie jest dobrowolna (art. 7 ust. 4 RODO). Zgody nie ma.", "A forced consent is not freely given (Art. 7(4) GDPR). There is none."),
			l.say("Oddziel zgodę od zakupu. Nie pisz do tych osób na tej podstawie.", "Part the consent from the purchase. Do not write to these persons on this basis.")
	case lifecycle.FlawChild:
		return l.say("Zgodę dało dziecko poniżej 16 lat, bez rodzica.", "A child under 16 gave it, and no parent agreed."),
			l.say("Zgodę za dziecko daje albo potwierdza rodzic (art. 8 RODO).", "A parent gives or approves the consent of a child (Art. 8 GDPR)."),
			l.say("Poproś rodzica o potwierdzenie, a do tego czasu nie pisz.", "Ask the parent to approve, and do not write until then.")
	}
	return string(f), "", ""
}

func (l Language) provable(ok bool) string {
	if ok {
		return l.say("Tę zgodę można dziś wykazać (art. 7 ust. 1 RODO).", "This consent can be shown today (Art. 7(1) GDPR).")
	}
	return l.say("Tej zgody nie da się dziś wykazać (art. 7 ust. 1 RODO). Nie opieraj na niej wysyłki, zanim nie uzupełnisz dowodu.", "This consent cannot be shown today (Art. 7(1) GDPR). Send nothing on it before the proof is complete.")
}

// Texts of a report on a person.

func (l Language) noEnd() string { return l.say("bez znanego końca", "no end is known") }

func (l Language) untilAgreed() string {
	return l.say("do czasu, gdy osoba sama zgodzi się na nowo", "until the person agrees anew of their own accord")
}

func (l Language) notHeldOnConsent() string {
	return l.say("na tej zgodzie nic już nie jest przechowywane", "nothing is held on this consent any more")
}

func (l Language) withdrawal() string {
	return l.say(
		"tak, jak mówi tekst zgody (na przykład linkiem w wiadomości), albo w dowolny inny sposób skierowany do administratora; bez podania powodu",
		"as the text of the consent says (by a link in a message, for example), or in any other way that reaches the controller; no reason is needed",
	)
}

func (l Language) noticeUnknown() string {
	return l.say("nie wiadomo, jaki tekst widziała osoba", "it is not known which text the person saw")
}

func (l Language) collectionUnknown() string {
	return l.say("nie wiadomo, jak zebrano zgodę", "it is not known how the consent was taken")
}

func (l Language) locationUnknown() string {
	return l.say(
		"Dokładne miejsce przechowywania nie jest zapisane w tym systemie; zna je administrator.",
		"The exact place of storage is not recorded in this system; the controller knows it.",
	)
}

func (l Language) abroad(name, country string) string {
	return l.say(name+": "+country+" (poza Europejskim Obszarem Gospodarczym)", name+": "+country+" (outside of the European Economic Area)")
}

// collection describes how a consent was collected.
func (l Language) collection(form, source, confirmed string, ip bool) string {
	var out []string
	if form != "" {
		out = append(out, l.say("formularz "+l.quote(form), "form "+l.quote(form)))
	}
	if source != "" {
		out = append(out, l.say("źródło "+l.quote(source), "source "+l.quote(source)))
	}
	if confirmed != "" {
		out = append(out, l.say("potwierdzone linkiem "+confirmed, "confirmed by a link on "+confirmed))
	}
	if ip {
		out = append(out, l.say("zapisano adres IP", "the IP address was recorded"))
	}
	if len(out) == 0 {
		return l.collectionUnknown()
	}
	return strings.Join(out, ", ")
}

func (l Language) noAutomation() string {
	return l.say(
		"Nie podejmujemy decyzji opartych wyłącznie na zautomatyzowanym przetwarzaniu, które wywołują skutki prawne lub podobnie istotnie wpływają na osobę (art. 22 RODO). Automatycznie liczone są tylko terminy: jak długo dane wolno przechowywać.",
		"No decisions are made by automated processing alone that have legal or similarly significant effects (Art. 22 GDPR). Only dates are worked out automatically: how long data may be held.",
	)
}

// notKnown lists the information that a report cannot give.
func notKnown() []Text {
	return []Text{
		{
			"Raport mówi, jakie dane są przechowywane; sama treść (na przykład pozycje zamówienia, faktury) jest w systemach wymienionych jako odbiorcy. Kopię danych (art. 15 ust. 3 RODO) przekazuje administrator.",
			"The report says which data are held; their content (the lines of an order, invoices) is in the systems named as recipients. The controller hands over the copy of the data (Art. 15(3) GDPR).",
		},
		{
			"Dane kontaktowe administratora i, jeśli jest, inspektora ochrony danych nie są zapisane w tym systemie.",
			"The contact details of the controller, and of a data protection officer if there is one, are not recorded in this system.",
		},
		{
			"Dokładne miejsce przechowywania danych i zabezpieczenia przekazania poza EOG (art. 46 RODO) nie są zapisane w tym systemie.",
			"The exact place of storage, and the safeguards of transfers outside of the EEA (Art. 46 GDPR), are not recorded in this system.",
		},
	}
}

// rights lists the rights of Art. 15 to 21, Art. 7(3) and Art. 77.
func rights() []Right {
	return []Right{
		{"eu-gdpr:A15", "15", Text{"Dostęp do danych i ich kopia.", "Access to the data, and a copy of them."}},
		{"eu-gdpr:A16", "16", Text{"Sprostowanie danych, które są błędne lub niekompletne.", "Rectification of data that are wrong or incomplete."}},
		{"eu-gdpr:A17", "17", Text{"Usunięcie danych. To, co nakazuje przechowywać prawo (na przykład faktury), zostaje do swojego terminu.", "Erasure. What the law tells us to keep (invoices, for example) stays to its day."}},
		{"eu-gdpr:A18", "18", Text{"Ograniczenie przetwarzania: dane są wtedy tylko przechowywane.", "Restriction of processing: the data are then stored and not used."}},
		{"eu-gdpr:A19", "19", Text{"Informacja o odbiorcach, którym przekazano sprostowanie, usunięcie lub ograniczenie.", "To be told which recipients were informed of a rectification, erasure or restriction."}},
		{"eu-gdpr:A20", "20", Text{"Przeniesienie danych, które osoba sama podała, na podstawie zgody lub umowy.", "Portability of data that the person gave, on the basis of consent or a contract."}},
		{"eu-gdpr:A21", "21", Text{"Sprzeciw: wobec marketingu zawsze i bez powodu, wobec przetwarzania z uzasadnionego interesu z przyczyn szczególnej sytuacji.", "Objection: to marketing always and without a reason, to processing on a legitimate interest on grounds of the person's situation."}},
		{"eu-gdpr:A7-3", "7(3)", Text{"Wycofanie zgody w każdej chwili. To, co działo się wcześniej na jej podstawie, pozostaje zgodne z prawem.", "Withdrawal of consent at any time. What was done on it before stays lawful."}},
		{"eu-gdpr:A77", "77", Text{"Skarga do Prezesa Urzędu Ochrony Danych Osobowych, ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl.", "A complaint to the President of the Polish data protection authority (Prezes Urzędu Ochrony Danych Osobowych), ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl."}},
	}
}

func (l Language) contentElsewhere() string {
	return l.say(
		"To są dane, które osoba sama podała na podstawie zgody lub umowy. Ich treść (na przykład pozycje zamówienia) jest w systemach odbiorców.",
		"These are the data that the person gave on the basis of consent or a contract. Their content (the lines of an order, for example) is in the systems of the recipients.",
	)
}

// Texts of a letter.

type letterWords struct {
	draft, missing, greeting, who, nothingYet           string
	granted, partly, refused, reason                    string
	deleted, deleting, nothingDeleted, deletedLongAgo   string
	kept, nothingKept                                   string
	purpose, basis, exempt, notReached                  string
	entry, recipients, noRecipients, unanswered, unsent string
	complaint, regards                                  string
}

func (l Language) letter() letterWords {
	return letterWords{
		draft:      l.say("[PROJEKT: przeczytaj, uzupełnij i wyślij jako swój. Ten wiersz usuń.]", "[DRAFT: read it, complete it, and send it as your own. Take this line out.]"),
		missing:    l.say("[Nie wszyscy odbiorcy potwierdzili usunięcie. Najlepiej wysłać list, gdy to zrobią. Ten wiersz usuń.]", "[Not every recipient has confirmed the deletion. Better send the letter when they have. Take this line out.]"),
		greeting:   l.say("Dzień dobry,", "Hello,"),
		who:        l.say("zanim cokolwiek usuniemy, musimy mieć pewność, że wniosek pochodzi od osoby, której dane dotyczą (art. 12 ust. 6 RODO). Prosimy o odpowiedź z adresu, który u nas zapisano, albo o inne potwierdzenie.", "Before we delete anything we must be sure that the request comes from the person whose data they are (Art. 12(6) GDPR). Please answer from the address that we know, or confirm it in another way."),
		nothingYet: l.say("Do tego czasu nic nie zostało usunięte.", "Until then nothing has been deleted."),
		granted:    l.say("usuwamy dane, których dotyczy żądanie.", "We delete the data that the request is about."),
		partly:     l.say("usuwamy część danych. Pozostałe musimy albo wolno nam jeszcze przechowywać; poniżej wymieniamy każdą kategorię, powód i ostatni dzień.", "We delete a part of the data. The rest we must keep, or may keep for now; below is each category with the reason and the last day."),
		refused:    l.say("nie możemy uwzględnić żądania (art. 12 ust. 4 RODO). Poniżej wymieniamy, co przechowujemy, dlaczego i jak długo.", "We cannot grant the request (Art. 12(4) GDPR). Below is what we keep, why and for how long."),
		reason:     l.say("Powód: ", "The reason: "),

		deleted:        l.say("Co zostało usunięte od chwili żądania:", "What has been deleted since the request:"),
		deleting:       l.say("Co usuwamy; nie wszyscy odbiorcy już to potwierdzili, patrz niżej:", "What is being deleted; not every recipient has confirmed it yet, see below:"),
		nothingDeleted: l.say("nie było nic do usunięcia", "there was nothing to delete"),
		deletedLongAgo: l.say("[Co usunięto, mówi już tylko dziennik decyzji. Uzupełnij z niego i usuń ten wiersz.]", "[What was deleted is now in the journal of decisions only. Complete it from there and take this line out.]"),
		kept:           l.say("Co pozostaje i dlaczego:", "What stays and why:"),
		nothingKept:    l.say("Nie przechowujemy już żadnych danych.", "We hold no data any more."),
		purpose:        l.say("Cel: ", "For: "),
		basis:          l.say("Podstawa: ", "Basis: "),
		exempt:         l.say("Wyjątek od usunięcia: ", "Exception from erasure: "),
		notReached:     l.say("Żądanie tego nie obejmuje: podstawa nadal istnieje (art. 17 ust. 1 RODO).", "The request does not reach it: the basis still stands (Art. 17(1) GDPR)."),

		entry:        l.say("Wpis „nie kontaktować się”", "The do-not-contact entry"),
		recipients:   l.say("Komu przekazano, że dane mają zostać usunięte (art. 19 RODO):", "Who was told to delete the data (Art. 19 GDPR):"),
		noRecipients: l.say("Usuniętych danych nie przekazywaliśmy nikomu (art. 19 RODO).", "We had given the deleted data to nobody (Art. 19 GDPR)."),
		unanswered:   l.say("powiadomiono, nie ma jeszcze potwierdzenia", "told, and has not confirmed the deletion yet"),
		unsent:       l.say("powiadomienie czeka na wysłanie", "yet to be told"),
		complaint: l.say(
			"Przysługuje skarga do Prezesa Urzędu Ochrony Danych Osobowych (ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl; art. 77 RODO) oraz droga sądowa (art. 79 RODO).",
			"You may complain to the President of the Polish data protection authority (Prezes Urzędu Ochrony Danych Osobowych, ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl; Art. 77 GDPR), and go to court (Art. 79 GDPR).",
		),
		regards: l.say("Z poważaniem", "Kind regards"),
	}
}

// concerning is the subject of a letter.
func (l Language) concerning(ref, received string) string {
	return l.say(
		"Dotyczy: żądania usunięcia danych (art. 17 RODO), nr "+ref+", otrzymanego "+received,
		"Concerning: request for erasure (Art. 17 GDPR), no. "+ref+", received on "+received,
	)
}

// doNotContact explains the keyed hash retained after a full erasure.
func (l Language) doNotContact(until string) string {
	return l.say(
		"Pozostaje wpis „nie kontaktować się”. Nie ma w nim adresu: jest tylko jego skrót kryptograficzny z kluczem i data odmowy. Wpis służy wyłącznie temu, by nikt nie dodał tego adresu ponownie i nie wysłał kolejnej wiadomości. "+sentences("Zostaje "+until)+" Także wobec niego można wnieść sprzeciw (art. 21 ust. 1 RODO); po jego uwzględnieniu nic nie będzie już pamiętać odmowy.",
		"The entry says that you are not to be contacted. It does not hold the address, only a keyed hash of it and the day of the no. Its one purpose is that nobody enters the address again and writes to you. "+sentences("It stays "+until)+" You may object to it too (Art. 21(1) GDPR); once that is granted, nothing will remember the no.",
	)
}

// tombstoneNote explains the keyed hashes retained after a deletion.
func (l Language) traces(lastDay string) string {
	return l.say(
		"Do "+lastDay+" pamiętamy też, w skrótach kryptograficznych z kluczem, co zostało usunięte, aby powtórzona informacja lub kopia zapasowa nie przywróciła danych.",
		"Until "+lastDay+" we also remember, in keyed hashes, what was deleted, so that a repeated message or a backup does not bring the data back.",
	)
}

// pageWords holds the texts of the page; the template uses the names of the fields.
type pageWords struct {
	Title, For, Nameless, Controller, Date, Lead                        string
	Held, HeldNote, Nothing, Data, Why, Until, Since, Receivers, Nobody string
	Source, NoSource, Given, Hashes, Person, Record, Number, Abroad     string
	Consents, Notice, Taken, Withdraw, When, What, Now, NoConsents      string
	Limits, AnyUse, Requests, Asked, State, AnswerBy, Overdue           string
	Deleted, DeletedNote, EndedBases, Again, Records, NoDeleted         string
	Stays, Rights, Right, Article, Automated, NotKnown, Foot            string
}

func (l Language) page() pageWords {
	return pageWords{
		Title:      l.say("Jakie dane są przechowywane", "Which data are held"),
		For:        l.say("Osoba", "Person"),
		Nameless:   l.say("osoba, której adres jest już usunięty", "a person whose address is deleted"),
		Controller: l.say("Administrator danych", "Controller"),
		Date:       l.say("Stan na", "As of"),
		Lead:       l.say("Odpowiedź na pytanie o dane osobowe (art. 15 RODO): co jest przechowywane, po co, na jakiej podstawie i do kiedy.", "The answer to a request for access (Art. 15 GDPR): what is held, what for, on which basis and until when."),

		Held:      l.say("Co jest przechowywane", "What is held"),
		HeldNote:  l.say("Ostatni dzień liczy się w całości. Po nim dane są usuwane.", "The last day counts whole. After it the data are deleted."),
		Nothing:   l.say("Nic nie jest przechowywane.", "Nothing is held."),
		Data:      l.say("Dane", "Data"),
		Why:       l.say("Po co i na jakiej podstawie", "What for, and on which basis"),
		Until:     l.say("Do kiedy", "Until"),
		Since:     l.say("od", "since"),
		Receivers: l.say("Kto je otrzymuje", "Who gets them"),
		Nobody:    l.say("nikt", "nobody"),
		Source:    l.say("źródło:", "source:"),
		NoSource:  l.say("źródło nie jest znane", "the source is not known"),
		Given:     l.say("podane przez osobę", "given by the person"),
		Hashes:    l.say("Tylko skróty kryptograficzne i daty", "Keyed hashes and dates only"),
		Person:    l.say("O osobie", "About the person"),
		Record:    l.say("Dotyczy: ", "About "),
		Number:    l.say("nr", "no."),
		Abroad:    l.say("poza EOG:", "outside of the EEA:"),

		Consents:   l.say("Zgody", "Consents"),
		NoConsents: l.say("Nie ma zapisu o żadnej zgodzie.", "No consent is on record."),
		Notice:     l.say("Tekst", "Text"),
		Taken:      l.say("Jak zebrano", "How it was taken"),
		Withdraw:   l.say("Jak wycofać", "How to withdraw it"),
		When:       l.say("Kiedy", "When"),
		What:       l.say("Co się stało", "What happened"),
		Now:        l.say("obecnie:", "now:"),

		Limits:   l.say("Czego z danymi nie wolno robić", "What the data may not be used for"),
		AnyUse:   l.say("cokolwiek poza przechowywaniem", "anything but storing"),
		Requests: l.say("Wnioski", "Requests"),
		Asked:    l.say("Wniosek", "Request"),
		State:    l.say("Stan", "State"),
		AnswerBy: l.say("Odpowiedź do", "Answer by"),
		Overdue:  l.say("po terminie", "overdue"),

		Deleted:     l.say("Co zostało usunięte", "What was deleted"),
		DeletedNote: l.say("Według dziennika decyzji, który nie zawiera adresów ani nazw.", "By the journal of decisions, which holds no addresses and no names."),
		NoDeleted:   l.say("Dziennik nie mówi o żadnym usunięciu.", "The journal tells of no deletion."),
		EndedBases:  l.say("Podstawy, które ustały", "Bases that had ended"),
		Again:       l.say("ponownie, bo dane wróciły", "again, because the data had come back"),
		Records:     l.say("liczba:", "number:"),
		Stays:       l.say("Co pozostaje po usuniętych danych", "What stays of what was deleted"),

		Rights:    l.say("Prawa", "Rights"),
		Right:     l.say("Prawo", "Right"),
		Article:   l.say("Artykuł RODO", "Article of the GDPR"),
		Automated: l.say("Decyzje automatyczne", "Automated decisions"),
		NotKnown:  l.say("Czego ten raport nie mówi", "What this report does not say"),
		Foot:      l.say("Daty według czasu", "Dates are of"),
	}
}
