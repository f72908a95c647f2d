//nolint:misspell // half of the words are Polish
package console

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
)

// language is a language of the console.
type language string

const (
	polish  language = "pl"
	english language = "en"
)

// languageOf is the language that the browser asks for: ?lang=, else Accept-Language, else Polish.
func languageOf(r *http.Request) language {
	switch asked := r.URL.Query().Get("lang"); {
	case asked == string(english):
		return english
	case asked == string(polish):
		return polish
	}
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	if strings.HasPrefix(first, "en") {
		return english
	}
	return polish
}

func (v *visit) words() words { return wordsOf(v.lang) }

// words are the texts of the console; the templates use the names of the fields.
type words struct {
	lang                                                                       language
	Brand, SignIn, SignInLead, SignInHow, SignInButton, WrongToken, SignOut    string
	Today, People, Person, Deletions, Path, Setup, Sessions, Fault             string
	Calm, NeedsYou, Observing, ObservingWhat, Preview, GoLive, GoLiveAll, Stop string
	RequestsDue, NoRequests, Overdue, AnswerBy, Right, State                   string
	OverdueAnswers, Brake, BrakeBehind, BrakeAhead, BrakeMany, ReleaseBrake    string
	Find, FindLead, FindHint, Unknown, Broken, Stale, ReasonMissing, Reason    string
	MayOffers, MayNot, Next, NothingLapses, HeldData, MayBeHeld, Until, Why    string
	NoEnd, Consents, Requests, PastDeletions, Nothing, Timeline, Actions       string
	SetHold, OpenRequest, Print, Recipients, Source, Record, Legend, Now       string
	Waiting, Published, WaitsFor, Retract, DecisionWord, PersonWord, Data      string
	NoneWaiting, NoneOpen, Sent, Answer, HistoryMissing, Covered, CoverNow     string
	Notified, NotNotified, Delay, Since, Sources, History, Known, Missing      string
	Stages, Lapses, Persons, WouldDelete, Items, NoRecipients, Skip, Ends      string
	Device, LastSeen, ThisOne, End                                             string
}

func wordsOf(l language) words {
	w := words{lang: l, Brand: "Rodopath"}
	w.setGeneral()
	w.setToday()
	w.setPerson()
	w.setDeletions()
	return w
}

// choose returns the words of the language.
func (w *words) choose(pl, en string) string {
	if w.lang == polish {
		return pl
	}
	return en
}

// setGeneral sets the words of every page and of signing in.
func (w *words) setGeneral() {
	c := w.choose
	w.SignIn = c("Zaloguj się", "Sign in")
	w.SignInLead = c("Ta strona należy do właściciela sklepu.", "This page belongs to the owner of the shop.")
	w.SignInHow = c(
		"Adres logowania wypisuje program przy starcie oraz polecenie „rodopath login”. Adres działa jeden raz, przez 10 minut.",
		"The program prints the address to sign in when it starts, and so does “rodopath login”. The address works once, for 10 minutes.",
	)
	w.SignInButton = c("Zaloguj", "Sign in")
	w.WrongToken = c(
		"Ten adres logowania wygasł albo został już użyty. Nowy wypisuje „rodopath login”.",
		"This address has expired or was used. “rodopath login” prints another.",
	)
	w.SignOut = c("Wyloguj", "Sign out")
	w.Today = c("Dziś", "Today")
	w.People = c("Osoby", "Persons")
	w.Person = c("Osoba", "Person")
	w.Deletions = c("Usunięcia", "Deletions")
	w.Path = c("Ścieżka", "Path")
	w.Setup = c("Połączenia", "Connections")
	w.Sessions = c("Sesje", "Sessions")
	w.Fault = c("Coś się nie udało", "Something went wrong")
	w.Calm = c("Nic nie wymaga dziś Twojej uwagi.", "Nothing needs you today.")
	w.NeedsYou = c("Wymaga Twojej uwagi", "Needs you")
	w.Observing = c("Instalacja tylko obserwuje", "The installation observes")
	w.ObservingWhat = c(
		"Rodopath wszystko oblicza, ale nikogo nie powiadamia. Zobacz, co zostałoby usunięte, i włącz powiadamianie.",
		"Rodopath works everything out and notifies nobody. See what would be deleted, and go live.",
	)
	w.Preview = c("Podgląd", "Preview")
	w.GoLive = c("Włącz powiadamianie", "Go live")
	w.GoLiveAll = c("Włącz powiadamianie wszystkich odbiorców", "Notify all recipients from now on")
	w.Stop = c("Wstrzymaj powiadamianie", "Stop notifying")
}

// setToday sets the words of the page of the day.
func (w *words) setToday() {
	c := w.choose
	w.RequestsDue = c("Wnioski do rozpatrzenia", "Requests to answer")
	w.NoRequests = c("Brak otwartych wniosków.", "No open requests.")
	w.Overdue = c("po terminie", "overdue")
	w.AnswerBy = c("Odpowiedz do", "Answer by")
	w.Right = c("Prawo", "Right")
	w.State = c("Stan", "State")
	w.OverdueAnswers = c(
		"Odbiorcy, którzy nie potwierdzili usunięcia w terminie",
		"Recipients that have not confirmed in time",
	)
	w.Brake = c("Usunięcia czekają na zatwierdzenie", "Deletions wait for an approval")
	w.BrakeBehind = c("Zegar komputera się cofnął. Ustaw zegar.", "The clock of the machine went back. Set the clock.")
	w.BrakeAhead = c(
		"Zegar komputera skoczył naprzód. Ustaw zegar.",
		"The clock of the machine jumped ahead. Set the clock.",
	)
	w.BrakeMany = c("Naraz straciłoby dane wyjątkowo wiele osób:", "Unusually many persons would lose data at once:")
	w.ReleaseBrake = c("Zatwierdź usunięcia", "Approve the deletions")
	w.Find = c("Znajdź", "Find")
	w.FindLead = c(
		"Adres e-mail, numer zamówienia albo identyfikator z platformy",
		"E-mail address, order number, or id of a platform",
	)
	w.FindHint = c(
		"na przykład ala@example.com, woocommerce:order/17@shop, stripe:cus_123",
		"such as ala@example.com, woocommerce:order/17@shop, stripe:cus_123",
	)
	w.Unknown = c("Nie ma nikogo pod tą nazwą.", "Nobody is known by this name.")
	w.Broken = c(
		"Strona nie działa; przyczynę podaje dziennik programu.",
		"The page failed; the log of the program has the cause.",
	)
	w.Stale = c(
		"Formularz jest nieaktualny. Wczytaj stronę ponownie.",
		"The form is out of date. Load the page again.",
	)
	w.ReasonMissing = c("Podaj powód: trafia do dziennika.", "Give a reason: the journal records it.")
	w.Reason = c("Powód", "Reason")
}

// setPerson sets the words of the pages of persons.
func (w *words) setPerson() {
	c := w.choose
	w.MayOffers = c("Oferty e-mailem: wolno wysłać", "Offers by e-mail may be sent")
	w.MayNot = c("Oferty e-mailem: nie wolno wysłać", "Offers by e-mail may not be sent")
	w.Next = c("Najbliższy ostatni dzień przechowywania", "Next last day of retention")
	w.NothingLapses = c("Żaden okres nie ma jeszcze znanego końca.", "No period has a known end yet.")
	w.HeldData = c("Dane przechowywane", "Data that are held")
	w.MayBeHeld = c("Dane, które mogą być przechowywane", "Data that may be held")
	w.Until = c("Do kiedy", "Until")
	w.Why = c("Dlaczego", "Why")
	w.NoEnd = c("bez znanego końca", "no known end")
	w.Consents = c("Zgody", "Consents")
	w.Requests = c("Wnioski", "Requests")
	w.PastDeletions = c("Usunięte dane", "Deleted data")
	w.Nothing = c("Brak.", "None.")
	w.Timeline = c("Podstawy prawne w czasie", "Legal bases over time")
	w.Actions = c("Działania", "Actions")
	w.SetHold = c("Załóż blokadę usunięcia", "Set a legal hold")
	w.OpenRequest = c("Zapisz wniosek osoby", "Record a request")
	w.Print = c("Raport do wydruku", "Report to print")
	w.Recipients = c("Odbiorcy", "Recipients")
	w.Source = c("Źródło", "Source")
	w.Record = c("Dokument", "Record")
	w.Legend = c(
		"zgoda (a), umowa (b), obowiązek prawny (c), prawnie uzasadniony interes (f), wyjątek",
		"consent (a), contract (b), legal obligation (c), legitimate interest (f), exception",
	)
	w.Now = c("dziś", "today")
}

// setDeletions sets the words of the pages of deletions and connections.
func (w *words) setDeletions() {
	c := w.choose
	w.Waiting = c("Czekają", "Waiting")
	w.Published = c("Ogłoszone, bez wszystkich potwierdzeń", "Published, not confirmed by all")
	w.WaitsFor = c("Czeka na", "Waits for")
	w.Retract = c("Odstąp od usunięcia", "Stop the deletion")
	w.DecisionWord = c("Decyzja", "Decision")
	w.PersonWord = c("Osoba", "Person")
	w.Data = c("Dane", "Data")
	w.NoneWaiting = c("Żadna decyzja nie czeka.", "No decision waits.")
	w.NoneOpen = c("Żadna decyzja nie czeka na potwierdzenie.", "No decision awaits a confirmation.")
	w.Sent = c("wysłano", "sent")
	w.Answer = c("Odpowiedź", "Answer")
	w.HistoryMissing = c(
		"Brakuje historii: nie wiadomo, co działo się na platformie przed instalacją, więc nic nie jest usuwane na platformach.",
		"History missing: nobody knows what happened at the platform before the installation, so nothing is deleted at platforms.",
	)
	w.Covered = c("znana", "known")
	w.CoverNow = c("Nic nie brakuje", "Nothing is missing")
	w.Notified = c("powiadamiany", "notified")
	w.NotNotified = c("niepowiadamiany", "not notified")
	w.Delay = c("zwłoka usunięć", "delay of deletions")
	w.Since = c("od", "since")
	w.Sources = c("Źródła", "Sources")
	w.History = c("Historia", "History")
	w.Known = c("znana", "known")
	w.Missing = c("brakuje", "missing")
	w.Stages = c("Osoby na ścieżce", "Persons on the path")
	w.Lapses = c(
		"Co wygaśnie w kolejnych miesiącach (liczba osób)",
		"What will lapse in the months to come (persons)",
	)
	w.Persons = c("osób", "persons")
	w.WouldDelete = c("Do usunięcia teraz", "Would be deleted now")
	w.Items = c("pozycji", "items")
	w.NoRecipients = c("Nie skonfigurowano odbiorców.", "No recipients are configured.")
	w.Skip = c("Przejdź do treści", "Skip to the content")
	w.Ends = c("koniec", "end")
	w.Device = c("Przeglądarka", "Browser")
	w.LastSeen = c("Ostatnio", "Last seen")
	w.ThisOne = c("ta", "this one")
	w.End = c("Zakończ", "End")
}

// purpose names a purpose of the default policy; another purpose by its id.
func (w words) purpose(id string) string {
	names := map[string][2]string{
		"newsletter": {"newsletter", "newsletter"}, "offers": {"oferty", "offers"}, "contract": {"umowa", "contract"},
		"consumer_withdrawal": {"odstąpienie", "withdrawal"}, "conformity": {"zgodność z umową", "conformity"},
		"tax_documents": {"dokumenty podatkowe", "tax documents"}, "claims": {"roszczenia", "claims"},
		"complaints": {"reklamacje", "complaints"}, "consent_evidence": {"dowód zgody", "proof of consent"},
		"suppression": {"respektowanie sprzeciwu", "respect for an objection"}, "requests": {"wnioski osób", "requests"},
		"pre_contract": {"rozmowy przed umową", "talks before a contract"}, "webinar": {"webinar", "webinar"},
		"lead_magnet": {"bezpłatny materiał", "free material"}, "hold": {"spór lub kontrola", "dispute or inspection"},
		"restriction": {"ograniczenie przetwarzania", "restriction"}, "accounting": {"księgi", "accounting books"},
		"structured_invoices": {"KSeF", "KSeF"}, "profiling": {"profilowanie", "profiling"},
	}
	n, ok := names[id]
	switch {
	case !ok:
		return strings.ReplaceAll(id, "_", " ")
	case w.lang == polish:
		return n[0]
	}
	return n[1]
}

// stage names a stage of the path by the purpose that stands for it.
func (w words) stage(purpose string) string {
	if w.lang != polish {
		return map[string]string{
			"newsletter": "subscribers", "offers": "may get offers", "pre_contract": "talking", "contract": "customers",
			"tax_documents": "in the books", "claims": "claims", "suppression": "said no",
		}[purpose]
	}
	return map[string]string{
		"newsletter": "subskrybenci", "offers": "mogą dostawać oferty", "pre_contract": "w rozmowach", "contract": "klienci",
		"tax_documents": "w księgach", "claims": "roszczenia", "suppression": "odmówili",
	}[purpose]
}

// right is a right of a data subject.
type right struct{ ID, Name string }

// Rights lists the rights that a person may exercise.
func (w words) Rights() []right {
	var out []right
	for _, id := range []string{"erasure", "access", "rectification", "portability", "objection"} {
		out = append(out, right{id, w.RightName(id)})
	}
	return out
}

// RightName names a right by the kind of its request.
func (w words) RightName(kind string) string {
	names := map[string][2]string{
		"erasure": {
			"usunięcie danych (art. 17)",
			"erasure (Art. 17)",
		},
		"access":        {"dostęp do danych (art. 15)", "access (Art. 15)"},
		"rectification": {"sprostowanie (art. 16)", "rectification (Art. 16)"},
		"restriction":   {"ograniczenie przetwarzania (art. 18)", "restriction (Art. 18)"},
		"portability": {
			"przeniesienie danych (art. 20)",
			"portability (Art. 20)",
		},
		"objection": {"sprzeciw (art. 21)", "objection (Art. 21)"},
	}
	n, ok := names[strings.TrimSuffix(kind, "_request")]
	switch {
	case !ok:
		return kind
	case w.lang == polish:
		return n[0]
	}
	return n[1]
}

// KindName names a kind of decision.
func (w words) KindName(kind string) string {
	switch {
	case kind == "delete" && w.lang == polish:
		return "usunięcia"
	case kind == "delete":
		return "deletions"
	case w.lang == polish:
		return "pytania o zgodę"
	}
	return "questions for consent"
}

// Categories names categories of data of the default policy; other categories by their ids.
func (w words) Categories(ids []string) string {
	names := map[string][2]string{
		"contact": {"adres e-mail i imię", "e-mail and name"},
		"phone":   {"telefon", "phone"},
		"newsletter": {
			"zapis na newsletter",
			"newsletter membership",
		},
		"marketing_profile": {"ustawienia zapisu", "subscription settings"},
		"engagement": {
			"otwarcia i kliknięcia",
			"opens and clicks",
		},
		"order":              {"zamówienie", "order"},
		"invoice":            {"faktura", "invoice"},
		"structured_invoice": {"faktura w KSeF", "invoice in KSeF"},
		"access":             {"dostawa i dostęp", "delivery and access"},
		"progress":           {"postępy w kursie", "course progress"},
		"negotiation":        {"notatki z rozmów", "notes of talks"},
		"webinar":            {"zapis na webinar", "webinar registration"},
		"support_case":       {"reklamacja", "complaint"},
		"dsr_case": {
			"wniosek i korespondencja",
			"request and correspondence",
		},
		"dsr_log": {"informacja o wniosku", "record of a request"},
		"consent_evidence": {
			"dowód zgody",
			"proof of consent",
		},
		"suppression": {"wpis „nie kontaktować się”", "do-not-contact entry"},
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id
		if n, ok := names[id]; ok {
			if out[i] = n[1]; w.lang == polish {
				out[i] = n[0]
			}
		}
	}
	return strings.Join(out, ", ")
}

// Category names one category.
func (w words) Category(id string) string { return w.Categories([]string{id}) }

// Waits says what a decision waits for.
func (w words) Waits(reason decision.HeldReason) string {
	c := w.choose
	switch reason {
	case decision.HeldObserving:
		return c("włączenie powiadamiania", "go-live")
	case decision.HeldHistory:
		return c("historię platformy", "the history of the platform")
	case decision.HeldDelay:
		return c("koniec zwłoki", "the end of the delay")
	case decision.HeldUnlisted:
		return c("przypisanie produktu", "the product to be mapped")
	case decision.HeldMany:
		return c("zatwierdzenie", "an approval")
	}
	return string(reason)
}

// funcs are the functions of the templates.
func funcs() template.FuncMap {
	return template.FuncMap{
		"in":     func(t text, l language) string { return t.in(l) },
		"join":   func(list []string) string { return strings.Join(list, ", ") },
		"day":    func(t time.Time) string { return t.Format(time.DateOnly) },
		"minute": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") },
	}
}
