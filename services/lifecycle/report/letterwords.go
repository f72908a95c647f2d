//nolint:misspell // half of the words are Polish
package report

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
