//nolint:misspell // half of the words are Polish
package report

import (
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

type letterWords struct {
	letterRemarks
	draft, missing, greeting                          string
	granted, partly, refused, restRefused, reason     string
	deleted, deleting, nothingDeleted, deletedLongAgo string
	kept, nothingKept                                 string
	purpose, basis, exempt, notReached                string
	entry, recipients, noRecipients                   string
	unanswered, unsent, unnotified, unnotifiedThen    string
	complaint, regards                                string
}

func (l Language) letter() letterWords {
	return letterWords{
		letterRemarks: l.remarks(),

		draft: l.choose(
			"[PROJEKT: sprawdź, uzupełnij i wyślij jako własne pismo. Usuń ten wiersz.]",
			"[DRAFT: check and complete the letter, and send it as your own. Delete this line.]",
		),
		missing: l.choose(
			"[Nie wszyscy odbiorcy potwierdzili usunięcie danych. Zaleca się wysłanie pisma po otrzymaniu wszystkich potwierdzeń, ale nie po terminie odpowiedzi (art. 12 ust. 3 RODO). Usuń ten wiersz.]",
			"[Not every recipient has confirmed the deletion. Preferably send the letter after the last receipt, but not after the answer is due (Art. 12(3) GDPR). Delete this line.]",
		),
		greeting: l.choose("Szanowna Pani, Szanowny Panie,", "Dear Sir or Madam,"),
		granted: l.choose(
			"uwzględniamy wniosek i usuwamy dane, z wyjątkiem tych, które niżej wymieniono jako nadal przechowywane.",
			"We grant the request and delete the data, except for the data that are listed below as retained.",
		),
		partly: l.choose(
			"uwzględniamy wniosek w części i usuwamy część danych. Pozostałe dane musimy lub możemy nadal przechowywać; poniżej podajemy dla każdej kategorii danych podstawę prawną i okres przechowywania.",
			"We grant the request in part and delete a part of the data. We must or may retain the other data for now; the list below gives the legal basis and the retention period for each category of data.",
		),
		refused: l.choose(
			"nie możemy uwzględnić wniosku (art. 12 ust. 4 RODO). Poniżej podajemy przechowywane dane, podstawy prawne i okresy przechowywania.",
			"We cannot grant the request (Art. 12(4) GDPR). The list below gives the retained data, the bases and the retention periods.",
		),
		restRefused: l.choose(
			"uwzględniamy wniosek w części: dane wymienione niżej jako usunięte zostały usunięte, a w pozostałym zakresie odmawiamy (art. 12 ust. 4 RODO). Poniżej podajemy przechowywane dane, podstawy prawne i okresy przechowywania.",
			"We grant the request in part: the data that are listed below as deleted were deleted, and the rest of the request is refused (Art. 12(4) GDPR). The list below gives the retained data, the bases and the retention periods.",
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
		nothingKept: l.choose("Nie zachowujemy żadnych innych danych.", "We retain no other data."),
		purpose:     l.choose("Cel: ", "Purpose: "),
		basis:       l.choose("Podstawa: ", "Basis: "),
		exempt:      l.choose("Wyjątek od prawa do usunięcia danych: ", "Exception from the right to erasure: "),
		notReached: l.choose(
			"Te dane są nadal niezbędne do podanego celu i nie zachodzi żadna z okoliczności, w których podlegałyby usunięciu (art. 17 ust. 1 RODO).",
			"These data are still necessary for the stated purpose, and none of the grounds for erasure applies (Art. 17(1) GDPR).",
		),

		entry: l.choose("Wpis „nie kontaktować się”", "The do-not-contact entry"),
		recipients: l.choose(
			"Odbiorcy usuwanych danych i ich odpowiedzi (art. 19 RODO):",
			"Recipients of the deleted data and their answers (Art. 19 GDPR):",
		),
		noRecipients: l.choose(
			"Nie odnotowano odbiorców, którym ujawniono usunięte dane (art. 19 RODO).",
			"No recipient is recorded to whom the deleted data were disclosed (Art. 19 GDPR).",
		),
		unanswered: l.choose("powiadomiono, usunięcia jeszcze nie potwierdzono", "notified, deletion not confirmed yet"),
		unsent:     l.choose("powiadomienie oczekuje na wysłanie", "notification pending"),
		unnotified: l.choose(
			"[odbiorcy nie powiadomiono automatycznie: powiadom odbiorcę i uzupełnij odpowiedź]",
			"[the recipient was not notified automatically: notify the recipient, and complete the answer]",
		),
		unnotifiedThen: l.choose("odbiorcy nie powiadomiono automatycznie", "not notified automatically"),
		complaint: l.choose(
			"Przysługuje Pani/Panu prawo wniesienia skargi do Prezesa Urzędu Ochrony Danych Osobowych (ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl; art. 77 RODO) oraz prawo do skutecznego środka ochrony prawnej przed sądem (art. 79 RODO).",
			"You have the right to lodge a complaint with the President of the Polish data protection authority (Prezes Urzędu Ochrony Danych Osobowych, ul. Stanisława Moniuszki 1A, 00-014 Warszawa, uodo.gov.pl; Art. 77 GDPR), and to an effective judicial remedy (Art. 79 GDPR).",
		),
		regards: l.choose("Z poważaniem", "Kind regards"),
	}
}

// madeAnew is the first line of the letter of an answer that was given, written anew later.
func (l Language) madeAnew(answered, made string, undecided bool) string {
	out := l.choose(
		"Treść pisma na dzień odpowiedzi ("+answered+"), odtworzona "+made+" według obecnych zasad. Rodopath nie przechowuje wysłanych pism: danych usuniętych po dniu odpowiedzi może tu brakować, a jeżeli wysłano inną treść, ważna jest tamta.",
		"The letter as of the day of the answer ("+answered+"), made anew on "+made+" under the present rules. Rodopath keeps no letters that were sent: data that were deleted after the answer may be missing here, and where another text was sent, that text counts.",
	)
	if undecided {
		out += l.choose(
			" Rozstrzygnięcia nie zapisano, więc pismo zakłada uwzględnienie wniosku.",
			" No decision was recorded, so the letter assumes that the request was granted.",
		)
	}
	return out
}

// letterRemarks are the remarks of a draft, and the texts of lists.
type letterRemarks struct {
	ifAny, undecided, noReason         string
	restricted, nothingHeld, disclosed string
}

func (l Language) remarks() letterRemarks {
	return letterRemarks{
		ifAny: l.choose(" (jeżeli takie dane istnieją)", " (if there are any)"),
		undecided: l.choose(
			"[Wniosku jeszcze nie rozpatrzono: zapisz decyzję (konsola: „Wnioski”, wniosek, „Rozstrzygnij”). Pismo zakłada uwzględnienie wniosku. Usuń ten wiersz.]",
			"[The request is not decided yet: record the decision (console: “Requests”, the request, “Decide”). The letter assumes that the request is granted. Delete this line.]",
		),
		noReason: l.choose(
			"[Podaj uzasadnienie (konsola: „Wnioski”, wniosek, „Rozstrzygnij”): art. 12 ust. 4 RODO wymaga wskazania powodów. Usuń ten wiersz.]",
			"[Give the reason (console: “Requests”, the request, “Decide”): Art. 12(4) GDPR requires the reasons. Delete this line.]",
		),
		restricted:  l.choose("Dane, których przetwarzanie ograniczono:", "Data whose processing is restricted:"),
		nothingHeld: l.choose("obecnie nie ma takich danych", "there are no such data at present"),
		disclosed: l.choose(
			"Odbiorcy, którym dane zostały lub mogły zostać ujawnione (art. 19 RODO):",
			"Recipients to whom the data were or may have been disclosed (Art. 19 GDPR):",
		),
	}
}

// concerning is the subject of a letter.
func (l Language) concerning(right fact.Kind, ref, received string) string {
	return l.choose(
		"Dotyczy: ",
		"Re: ",
	) + l.requestOf(
		right,
	) + l.choose(
		", nr "+ref+", z dnia ",
		", no. "+ref+", received on ",
	) + received
}

// requestOf names a request with its article; in Polish in the genitive.
func (l Language) requestOf(right fact.Kind) string {
	switch right {
	case fact.KindAccessRequest:
		return l.choose("wniosku o dostęp do danych (art. 15 RODO)", "request for access (Art. 15 GDPR)")
	case fact.KindRectificationRequest:
		return l.choose("wniosku o sprostowanie danych (art. 16 RODO)", "request for rectification (Art. 16 GDPR)")
	case fact.KindErasure:
		return l.choose("wniosku o usunięcie danych (art. 17 RODO)", "request for erasure (Art. 17 GDPR)")
	case fact.KindRestriction:
		return l.choose("wniosku o ograniczenie przetwarzania (art. 18 RODO)", "request for restriction (Art. 18 GDPR)")
	case fact.KindPortabilityRequest:
		return l.choose("wniosku o przeniesienie danych (art. 20 RODO)", "request for portability (Art. 20 GDPR)")
	}
	return l.choose("sprzeciwu (art. 21 RODO)", "objection (Art. 21 GDPR)")
}

// identity asks the sender of a request for a proof of identity. Nothing is deleted and disclosed before.
func (l Language) identity(right fact.Kind) string {
	before, until := l.choose("Przed udzieleniem odpowiedzi", "Before we answer,"), l.choose(
		"Do tego czasu nie ujawnimy żadnych danych.", "Until then we disclose no data.")
	if right == fact.KindErasure {
		before = l.choose("Przed usunięciem danych", "Before we delete data,")
		until = l.choose(
			"Do tego czasu nie usuniemy danych na podstawie tego wniosku.",
			"Until then we delete no data on the basis of this request.",
		)
	}
	return l.choose(
		"nie możemy obecnie ustalić, czy wniosek pochodzi od osoby, której dane dotyczą. "+before+" prosimy o potwierdzenie tożsamości (art. 12 ust. 6 RODO): wystarczy odpowiedź z adresu zapisanego w naszych systemach; możliwe jest też inne potwierdzenie. "+until,
		"At present we cannot establish whether the request comes from the data subject. "+before+" please confirm your identity (Art. 12(6) GDPR): a reply from the address recorded in our systems suffices; another confirmation is possible. "+until,
	)
}

// rightWords are the texts of the letter for a right other than erasure.
type rightWords struct {
	// granted, partly and refused are the verdicts; attach is a remark of the draft on what to send with the letter.
	granted, partly, refused, attach string
}

func (l Language) rightWords(request *rights.Request, marketing bool) rightWords {
	switch request.Right {
	case fact.KindAccessRequest:
		return l.accessWords()
	case fact.KindRectificationRequest:
		return l.rectificationWords()
	case fact.KindRestriction:
		return l.restrictionWords()
	case fact.KindPortabilityRequest:
		return l.portabilityWords()
	}
	if marketing {
		return l.marketingWords()
	}
	return l.objectionWords()
}

func (l Language) accessWords() rightWords {
	return rightWords{
		granted: l.choose(
			"uwzględniamy wniosek. W załączeniu przekazujemy informacje, o których mowa w art. 15 ust. 1 i 2 RODO, oraz kopię przetwarzanych danych (art. 15 ust. 3 RODO).",
			"We grant the request. Enclosed are the information under Art. 15(1) and (2) GDPR and a copy of the data (Art. 15(3) GDPR).",
		),
		partly: l.choose(
			"uwzględniamy wniosek w części. W załączeniu przekazujemy informacje, o których mowa w art. 15 ust. 1 i 2 RODO, oraz kopię danych, z wyjątkiem danych wskazanych niżej. W tym zakresie odmawiamy [wskaż właściwą podstawę: art. 15 ust. 4 RODO, jeżeli kopia niekorzystnie wpływałaby na prawa i wolności innych osób; art. 12 ust. 5 lit. b RODO, jeżeli żądanie jest ewidentnie nieuzasadnione lub nadmierne].",
			"We grant the request in part. Enclosed are the information under Art. 15(1) and (2) GDPR and a copy of the data, except for the data stated below. To that extent the request is refused [state the ground: Art. 15(4) GDPR, if the copy would adversely affect the rights and freedoms of others; Art. 12(5)(b) GDPR, if the request is manifestly unfounded or excessive].",
		),
		refused: l.choose(
			"odmawiamy podjęcia działań w związku z wnioskiem (art. 12 ust. 4 i ust. 5 lit. b RODO).",
			"We refuse to act on the request (Art. 12(4) and (5)(b) GDPR).",
		),
		attach: l.choose(
			"[Załącz raport (konsola: „Osoby”, osoba, „Raport z art. 15 do wydruku”) i kopię danych z systemów wymienionych w raporcie. Usuń ten wiersz.]",
			"[Enclose the report (console: “Persons”, the person, “Report of Art. 15 to print”) and a copy of the data from the systems named in the report. Delete this line.]",
		),
	}
}

func (l Language) rectificationWords() rightWords {
	return rightWords{
		granted: l.choose(
			"uwzględniamy wniosek: dane sprostowaliśmy lub uzupełniliśmy zgodnie z wnioskiem (art. 16 RODO).",
			"We grant the request: the data are rectified or completed as requested (Art. 16 GDPR).",
		),
		partly: l.choose(
			"uwzględniamy wniosek w części: sprostowaliśmy lub uzupełniliśmy te dane, których nieprawidłowość lub niekompletność potwierdziliśmy (art. 16 RODO). W pozostałym zakresie odmawiamy (art. 12 ust. 4 RODO).",
			"We grant the request in part: the data whose inaccuracy or incompleteness we confirmed are rectified or completed (Art. 16 GDPR). The rest of the request is refused (Art. 12(4) GDPR).",
		),
		refused: l.choose(
			"nie możemy uwzględnić wniosku o sprostowanie danych (art. 12 ust. 4 RODO).",
			"We cannot grant the request for rectification (Art. 12(4) GDPR).",
		),
		attach: l.choose(
			"[Wskaż w piśmie, które dane sprostowano, i popraw je w każdym systemie. Usuń ten wiersz.]",
			"[State in the letter which data were rectified, and correct them in each system. Delete this line.]",
		),
	}
}

func (l Language) restrictionWords() rightWords {
	stored := l.choose(
		" Do czasu zniesienia ograniczenia dane te wyłącznie przechowujemy; inne czynności są możliwe tylko za zgodą osoby, której dane dotyczą, w celu ustalenia, dochodzenia lub obrony roszczeń, w celu ochrony praw innej osoby fizycznej lub prawnej lub z uwagi na ważne względy interesu publicznego (art. 18 ust. 2 RODO). O zniesieniu ograniczenia poinformujemy, zanim ono nastąpi (art. 18 ust. 3 RODO).",
		" Until the restriction is lifted, these data are only stored; other operations require the consent of the data subject, or serve legal claims, the protection of the rights of another natural or legal person, or important public interests (Art. 18(2) GDPR). We will inform you before the restriction is lifted (Art. 18(3) GDPR).",
	)
	return rightWords{
		granted: l.choose(
			"uwzględniamy wniosek i ograniczamy przetwarzanie danych.",
			"We grant the request and restrict the processing of the data.",
		) + stored,
		partly: l.choose(
			"uwzględniamy wniosek w części i ograniczamy przetwarzanie części danych. W pozostałym zakresie odmawiamy (art. 12 ust. 4 RODO).",
			"We grant the request in part and restrict the processing of a part of the data. The rest of the request is refused (Art. 12(4) GDPR).",
		) + stored,
		refused: l.choose(
			"nie możemy uwzględnić wniosku, ponieważ nie zachodzi żaden z przypadków, o których mowa w art. 18 ust. 1 RODO (art. 12 ust. 4 RODO).",
			"We cannot grant the request, because none of the cases of Art. 18(1) GDPR applies (Art. 12(4) GDPR).",
		),
	}
}

func (l Language) portabilityWords() rightWords {
	return rightWords{
		granted: l.choose(
			"uwzględniamy wniosek. W załączeniu przekazujemy dane w ustrukturyzowanym, powszechnie używanym formacie nadającym się do odczytu maszynowego (JSON; art. 20 ust. 1 RODO).",
			"We grant the request. Enclosed are the data in a structured, commonly used and machine-readable format (JSON; Art. 20(1) GDPR).",
		),
		partly: l.choose(
			"uwzględniamy wniosek w części. W załączeniu przekazujemy dane objęte prawem do przenoszenia danych (JSON; art. 20 ust. 1 RODO). W pozostałym zakresie odmawiamy (art. 12 ust. 4, art. 20 ust. 4 RODO).",
			"We grant the request in part. Enclosed are the portable data (JSON; Art. 20(1) GDPR). The rest of the request is refused (Art. 12(4), 20(4) GDPR).",
		),
		refused: l.choose(
			"nie możemy uwzględnić wniosku: prawo do przenoszenia danych obejmuje wyłącznie dane dostarczone przez osobę, której dane dotyczą, przetwarzane w sposób zautomatyzowany na podstawie zgody lub umowy (art. 12 ust. 4, art. 20 ust. 1 RODO).",
			"We cannot grant the request: the right to portability extends only to data provided by the data subject and processed by automated means on the basis of a consent or a contract (Art. 12(4), 20(1) GDPR).",
		),
		attach: l.choose(
			"[Załącz plik (konsola: „Osoby”, osoba, „Dane do przeniesienia (art. 20)”) i dane z systemów w nim wymienionych. Usuń ten wiersz.]",
			"[Enclose the file (console: “Persons”, the person, “Portable data (Art. 20)”) and the data from the systems named in the file. Delete this line.]",
		),
	}
}

func (l Language) marketingWords() rightWords {
	stopped := l.choose(
		"uwzględniamy sprzeciw: nie przetwarzamy już danych do celów marketingu bezpośredniego (art. 21 ust. 3 RODO).",
		"We uphold the objection: the data are no longer processed for direct marketing (Art. 21(3) GDPR).",
	)
	return rightWords{granted: stopped, partly: stopped, refused: stopped}
}

func (l Language) objectionWords() rightWords {
	return rightWords{
		granted: l.choose(
			"uwzględniamy sprzeciw i zaprzestajemy przetwarzania danych, którego sprzeciw dotyczy (art. 21 ust. 1 RODO).",
			"We uphold the objection and end the processing concerned (Art. 21(1) GDPR).",
		),
		partly: l.choose(
			"uwzględniamy sprzeciw w części (art. 21 ust. 1 RODO). W pozostałym zakresie odmawiamy (art. 12 ust. 4 RODO), ponieważ istnieją ważne prawnie uzasadnione podstawy do przetwarzania, nadrzędne wobec interesów, praw i wolności osoby, której dane dotyczą, lub podstawy do ustalenia, dochodzenia lub obrony roszczeń.",
			"We uphold the objection in part (Art. 21(1) GDPR). The rest of the objection is refused (Art. 12(4) GDPR), because compelling legitimate grounds override the interests, rights and freedoms of the data subject, or the processing serves legal claims.",
		),
		refused: l.choose(
			"nie możemy uwzględnić sprzeciwu, ponieważ istnieją ważne prawnie uzasadnione podstawy do przetwarzania, nadrzędne wobec interesów, praw i wolności osoby, której dane dotyczą, lub podstawy do ustalenia, dochodzenia lub obrony roszczeń (art. 21 ust. 1, art. 12 ust. 4 RODO).",
			"We cannot uphold the objection, because compelling legitimate grounds override the interests, rights and freedoms of the data subject, or the processing serves legal claims (Art. 21(1), 12(4) GDPR).",
		),
	}
}

// doNotContact explains the keyed hash retained after a full erasure.
func (l Language) doNotContact(until string) string {
	return l.choose(
		"Pozostaje wpis „nie kontaktować się”. Wpis nie zawiera adresu, a jedynie jego skrót kryptograficzny oraz datę i rodzaj zdarzenia (na przykład odmowa zgody, sprzeciw, wniosek o usunięcie danych). Służy wyłącznie temu, aby adres nie został ponownie dodany i aby nie wysłano na niego wiadomości marketingowej. "+sentences(
			"Okres przechowywania wpisu: "+until,
		)+" Również wobec tego wpisu można wnieść sprzeciw (art. 21 ust. 1 RODO); po uwzględnieniu sprzeciwu wpis zostanie usunięty.",
		"We retain a do-not-contact entry. The entry does not contain the address, only a keyed hash of the address, and the date and type of the event (such as a refusal of consent, an objection or a request for erasure). The sole purpose of the entry is to prevent the address from being added again and contacted for marketing. "+sentences(
			"Retention period of the entry: "+until,
		)+" You may object to the entry as well (Art. 21(1) GDPR); once the objection is upheld, the entry is deleted.",
	)
}

// tombstoneNote explains the keyed hashes retained after a deletion.
func (l Language) tombstoneNote(lastDay string) string {
	return l.choose(
		"Do "+lastDay+" przechowujemy także skróty kryptograficzne usuniętych danych, aby ponowna wiadomość z platformy lub kopia zapasowa nie przywróciła danych.",
		"Until "+lastDay+" we also keep keyed hashes of the deleted data, so that a repeated message or a backup does not restore the data.",
	)
}
