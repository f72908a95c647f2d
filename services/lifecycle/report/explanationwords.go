//nolint:misspell // half of the words are Polish
package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
)

type explanationWords struct {
	nameless, nothing, held, lastDay, lapses, basis, since, facts, noEnd, to string
	why, law, exempt, period, written, chain, lastDayIs                      string
	factsHead, from                                                          string
	consents, sinceDay, proven, unproven                                     string
	bans, anyUse                                                             string
	requests, received, due, overdue, extended, answered, late               string
	asked, open, closed, told, lapsed, receipts                              string
	notified, nobodyNotified, withdrawn                                      string
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
		told:           l.choose("NIE WOLNO JUŻ PRZECHOWYWAĆ", "MAY NO LONGER BE HELD"),
		notified:       l.choose("powiadomiono: ", "notified: "),
		withdrawn:      l.choose("administrator odstąpił od usunięcia: ", "stopped by the controller: "),
		nobodyNotified: l.choose("nikogo nie powiadomiono", "nobody was told"),
		lapsed:         l.choose("podstawa ustała ", "basis lapsed "),
		receipts:       l.choose("POTWIERDZENIA ODBIORCÓW", "RECEIPTS"),

		gone:  l.choose("USUNIĘTE DANE I PRZYCZYNY (dziennik)", "DELETED DATA AND REASONS (journal)"),
		again: l.choose("ponownie: ", "again: "),
		resent: l.choose(
			"ponowienie dla: ",
			"replay for ",
		),
		resentToAll: l.choose("ponowienie dla wszystkich odbiorców", "replay for all recipients"),
		confirmed:   l.choose("usunięcie potwierdzone", "deletion confirmed"),
		because:     l.choose("ustały: ", "lapsed: "),
		revision:    l.choose("wersja ", "revision "),
		forgotten:   l.choose("nie ma już danych, profil usunięto", "no data left, the subject was removed"),
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
func (l Language) tombstoneText(marks int, factsLastDay, lastDay string) string {
	if factsLastDay != "" {
		return l.minimised(factsLastDay, lastDay)
	}
	if marks == 0 {
		return l.choose(
			"Do "+lastDay+" przechowywana jest wyłącznie data usunięcia całości danych, aby ponowna wiadomość z platformy lub kopia zapasowa nie przywróciła danych.",
			"Until "+lastDay+" only the time of the full erasure is kept, so that a repeated message or a restored backup does not restore the data.",
		)
	}
	return l.choose(
		fmt.Sprintf(
			"%s do %s, aby ponowna wiadomość z platformy lub kopia zapasowa nie przywróciła danych.",
			count(marks, "skrót kryptograficzny", "skróty kryptograficzne", "skrótów kryptograficznych"),
			lastDay,
		),
		fmt.Sprintf(
			"%s until %s, so that a repeated message or a restored backup does not restore the data.",
			plural(marks, "keyed hash", "keyed hashes"),
			lastDay,
		),
	)
}

// minimised says what is left for the intake period after everything was deleted.
func (l Language) minimised(factsLastDay, lastDay string) string {
	return l.choose(
		"Do "+factsLastDay+" przechowywane są jeszcze zdarzenia bez adresu i nazwiska: rodzaj, dzień i numery (na przykład zamówienia), aby spóźniona wiadomość z platformy dała właściwy wynik; do tego dnia osobę można znaleźć po tych numerach. Potem, do "+lastDay+", przechowywane są tylko skróty kryptograficzne zdarzeń i dzień usunięcia, aby ponowna wiadomość z platformy lub kopia zapasowa nie przywróciła danych.",
		"Until "+factsLastDay+" the facts stay without address and name: kind, day and references (such as that of an order), so that a late message of a platform gives the right result; until then the person can be found by these references. After that, until "+lastDay+", only keyed hashes of the facts and the day of the erasure are kept, so that a repeated message or a restored backup does not restore the data.",
	)
}

func (l Language) nothingBefore(at string) string {
	return l.choose(
		"Bez nowych zdarzeń nic się nie zmieni przed "+fullStop(at),
		"Without new facts, nothing changes before "+fullStop(at),
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
		return "kolejność zdarzenia ustalono według chwili jego otrzymania, ponieważ czas podany przez platformę jest niepewny: sprawdź czas na platformie"
	case "forced":
		return "zakup bez zgody na marketing był niemożliwy: zgoda jest nieważna (art. 7 ust. 4 RODO); popraw formularz"
	case "told":
		return "ograniczenie nadal obowiązuje: najpierw powiadom osobę, potem znieś ograniczenie (art. 18 ust. 3 RODO)"
	case "hold":
		return "blokada usunięcia jest spóźniona albo dotyczy danych, które nie są przechowywane" + after(
			" (usunięto ",
			when,
			")",
		) + stillHeld(e.Text)
	case "years":
		return "dwa źródła podają dla tej samej sprzedaży różne lata: decyduje późniejszy rok"
	case "unfinished":
		return "za " + about + " zapłacono " + when + ", a wykonania umowy nie odnotowano: zrealizuj lub anuluj zamówienie w sklepie, aby można było usunąć dane"
	case "accounts":
		return "platforma przypisuje jedno konto lub jeden adres tej osobie i profilowi " + about + ", a oba profile były już znane; nie połączono ich: jeżeli to jedna osoba, połącz je poleceniem „rodopath subject join”"
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
		) + ": wypisz tam osobę z listy, chyba że ponownie udzieliła zgody; wtedy zapisz dowód zgody"
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
		return "odbiorca " + recipient + " wycofuje potwierdzenie wykonania decyzji " + decision + ": przyczynę podaje „rodopath decisions”"
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
