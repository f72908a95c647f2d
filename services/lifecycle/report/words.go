package report

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
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
		"hold":                  {"blokada usunięcia", "blokady usunięcia", "hold"},
		"release":               {"zdjęcie blokady", "zdjęcia blokady", "release of the hold"},
		"identified":            {"identyfikacja osoby", "identyfikacji osoby", "identification"},
		"bounce":                {"niedoręczenie wiadomości", "niedoręczenia wiadomości", "undelivered message"},
		"consent_asked":         {"pytanie o zgodę", "pytania o zgodę", "question for consent"},
		"invalidated":           {"unieważnienie zgody", "unieważnienia zgody", "invalidation of the consent"},
		"death":                 {"śmierć osoby", "śmierci osoby", "death of the person"},
		"inactivity":            {"stwierdzenie nieaktywności", "stwierdzenia nieaktywności", "inactivity"},
		"download":              {"pobranie materiału", "pobrania materiału", "download"},
		"order_placed":          {"złożenie zamówienia", "złożenia zamówienia", "placing of the order"},
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
		return l.choose(
			"wykonanie umowy lub działania na żądanie osoby przed zawarciem umowy",
			"performance of a contract, or steps at the request of the person prior to a contract",
		)
	case "6(1)(c)":
		return l.choose("obowiązek prawny", "a legal obligation")
	case "6(1)(d)":
		return l.choose("ochrona żywotnych interesów", "vital interests")
	case "6(1)(e)":
		return l.choose(
			"zadanie w interesie publicznym lub sprawowanie władzy publicznej",
			"a task in the public interest or the exercise of official authority",
		)
	case "6(1)(f)":
		return l.choose("prawnie uzasadniony interes", "a legitimate interest")
	case "17(3)(a)":
		return l.choose("wolność wypowiedzi i informacji", "freedom of expression and information")
	case "17(3)(b)":
		return l.choose("prawny obowiązek wymagający przetwarzania", "a legal obligation to process the data")
	case "17(3)(c)":
		return l.choose("interes publiczny w dziedzinie zdrowia publicznego", "public interest in the area of public health")
	case "17(3)(d)":
		return l.choose(
			"cele archiwalne w interesie publicznym, badania naukowe lub historyczne, cele statystyczne",
			"archiving in the public interest, scientific or historical research, statistics",
		)
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
		return l.choose("za aprobatą rodzica lub opiekuna", "authorised by a parent")
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
		return l.choose("zawieszenie biegu przedawnienia podatku", "suspension of the limitation of a tax")
	case "inaccurate":
		return l.choose("dane nieprawidłowe", "the data are inaccurate")
	case "unlawful":
		return l.choose("przetwarzanie niezgodne z prawem", "the processing is unlawful")
	case fact.TraitForClaims:
		return l.choose(
			"dane potrzebne osobie do ustalenia, dochodzenia lub obrony roszczeń",
			"the person needs the data for claims",
		)
	case "objected":
		return l.choose("wniesiono sprzeciw", "an objection was made")
	}
	return l.way(t)
}

// way names the way by which a request came, by its trait.
func (l Language) way(trait string) string {
	switch trait {
	case fact.WayLetter.Trait():
		return l.choose("listem", "by letter")
	case fact.WayEmail.Trait():
		return l.choose("e-mailem", "by e-mail")
	case fact.WayVoice.Trait():
		return l.choose("ustnie lub telefonicznie", "by word of mouth or telephone")
	case fact.WayForm.Trait():
		return l.choose("przez formularz", "by a form")
	}
	return trait
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
		return l.choose("nieważna", "invalidated")
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
	case rights.StateMistaken:
		return l.choose("zapisany przez pomyłkę, zamknięty bez odpowiedzi", "recorded by mistake, closed without an answer")
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
		return l.choose("odmówiono uwzględnienia", "refused")
	case fact.OutcomeMistaken:
		return l.choose("zapisany przez pomyłkę", "recorded by mistake")
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
