//nolint:misspell // half of the words are Polish
package report

// pageWords holds the texts of the page; the template uses the names of the fields.
type pageWords struct {
	pageEnd
	Title, For, Nameless, Controller, Date, Lead                                               string
	Held, HeldNote, May, MayNote, Nothing, Data, Basis, Until, Since, Recipients, NoRecipients string
	Contact, Representative, DPO, Privacy                                                      string
	ByPolicy, Notified, Safeguard                                                              string
	Recorded                                                                                   string
	Source, NoSource, Given, Hashes, Person, Record, Order, Number, Abroad                     string
	Consents, Notice, Collected, Withdraw, When, Event, Now, NoConsents                        string
	Limits, AnyUse, Requests, Asked, State, AnswerBy, Overdue                                  string
	Deleted, DeletedNote, EndedBases, Again, Records, NoDeleted                                string
	Stays, Foot                                                                                string
}

func (l Language) page() pageWords {
	return pageWords{
		pageEnd:    l.pageEnd(),
		Title:      l.choose("Przechowywane dane osobowe", "Personal data held"),
		For:        l.choose("Osoba", "Person"),
		Nameless:   l.choose("osoba, której adres został już usunięty", "a person whose address is deleted"),
		Controller: l.choose("Administrator danych", "Controller"),
		Date:       l.choose("Stan na", "As of"),
		Lead: l.choose(
			"Informacje, o których mowa w art. 15 ust. 1 i 2 RODO: przechowywane dane, cele, podstawy prawne, odbiorcy, okresy przechowywania i prawa.",
			"Information under Art. 15(1) and (2) GDPR: the held data, the purposes, the legal bases, the recipients, the retention periods and the rights.",
		),

		Contact:        l.choose("Kontakt", "Contact"),
		Representative: l.choose("Przedstawiciel", "Representative"),
		DPO:            l.choose("Inspektor ochrony danych", "Data protection officer"),
		Privacy:        l.choose("Informacja o przetwarzaniu danych", "Privacy notice"),

		Held: l.choose("Dane przechowywane", "Data that are held"),
		May:  l.choose("Dane, które mogą być przechowywane", "Data that may be held"),
		MayNote: l.choose(
			"Istnieje podstawa prawna przechowywania tych danych, ale żadne źródło nie podało dotąd, że te dane istnieją.",
			"A legal basis for holding these data exists, but no source has reported so far that the data exist.",
		),
		HeldNote: l.choose(
			"Podany dzień jest ostatnim dniem przechowywania. Po jego upływie dane są usuwane.",
			"The day given is the last day of retention. The data are deleted after the end of this day.",
		),
		Nothing:      l.choose("Nie odnotowano żadnych przechowywanych danych.", "No held data are recorded."),
		Data:         l.choose("Dane", "Data"),
		Basis:        l.choose("Cel i podstawa prawna", "Purpose and legal basis"),
		Until:        l.choose("Do kiedy", "Until"),
		Since:        l.choose("od", "since"),
		Recipients:   l.choose("Odbiorcy", "Recipients"),
		NoRecipients: l.choose("brak odbiorców", "no recipients"),
		ByPolicy: l.choose(
			"kategoria odbiorców według polityki; odbiorca niepodłączony do tego systemu",
			"category of recipients under the policy; not connected to this system",
		),
		Notified:  l.choose("ostatnie powiadomienie o decyzji:", "last notified of a decision on"),
		Safeguard: l.choose("zabezpieczenie:", "safeguard:"),
		Source:    l.choose("źródło:", "source:"),
		Recorded:  l.choose("zapis administratora danych", "recorded by the controller"),
		NoSource:  l.choose("źródło nie jest znane", "the source is unknown"),
		Given:     l.choose("podane przez osobę", "given by the person"),
		Hashes:    l.choose("Tylko skróty kryptograficzne i daty", "Keyed hashes and dates only"),
		Person:    l.choose("O osobie", "About the person"),
		Record:    l.choose("Dotyczy: ", "About "),
		Order:     l.choose("Zamówienie ", "Order "),
		Number:    l.choose("nr", "no."),
		Abroad:    l.choose("poza EOG:", "outside of the EEA:"),

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
		Foot:       l.choose("Daty według czasu", "Dates in the time zone"),
	}
}

// pageEnd holds the texts of the last sections of the page.
type pageEnd struct {
	Rights, Right, Article, Automated, NotKnown string
}

func (l Language) pageEnd() pageEnd {
	return pageEnd{
		Rights:    l.choose("Prawa", "Rights"),
		Right:     l.choose("Prawo", "Right"),
		Article:   l.choose("Artykuł RODO", "Article of the GDPR"),
		Automated: l.choose("Zautomatyzowane podejmowanie decyzji", "Automated decision-making"),
		NotKnown:  l.choose("Informacje nieobjęte raportem", "Information not in this report"),
	}
}
