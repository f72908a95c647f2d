//nolint:misspell // half of the words are Polish
package report

import (
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

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
				"Podaj w konfiguracji źródła treść zgody przy formularzu (wording) albo przekazuj wyświetloną treść. Osoby, których treść zgody nie jest znana: zapytaj ponownie w formularzu zamówienia, na stronie z podziękowaniem lub na koncie klienta, a nie w osobnej wiadomości (art. 398 Prawa komunikacji elektronicznej).",
				"Set the wording of the form in the configuration of the source (wording), or send the text that was shown. Persons without a known text: ask again in the checkout, on the thank-you page or in the account, and not in a message of its own (Art. 398 of the Polish Electronic Communications Law).",
			)
	case rules.FlawTime:
		return l.choose("Data udzielenia zgody nie jest znana.", "The time of the consent is unknown."),
			l.choose(
				"Bez daty nie można wykazać, że zgody udzielono przed pierwszą wiadomością i po ostatniej odmowie (art. 7 ust. 1 RODO).",
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
				"Włącz potwierdzanie linkiem (double opt-in) i przekazuj nazwę formularza. Osoby bez dowodu zgody: zapytaj ponownie w formularzu zamówienia, na stronie z podziękowaniem lub na koncie klienta, a nie w osobnej wiadomości (art. 398 Prawa komunikacji elektronicznej).",
				"Turn on confirmation by a link (double opt-in) and send the name of the form. Persons without evidence: ask again in the checkout, on the thank-you page or in the account, and not in a message of its own (Art. 398 of the Polish Electronic Communications Law).",
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
				"Jeśli osoba udzieliła zgody gdzie indziej, zapisz dowód tej zgody (formularz, czas, treść). W przeciwnym razie wypisz osobę z listy; o zgodę zapytaj w formularzu zamówienia, na stronie z podziękowaniem lub na koncie klienta.",
				"If the person consented elsewhere, record the proof (form, time, text). Otherwise remove the person from the list; ask for consent in the checkout, on the thank-you page or in the account.",
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
				"Zgodę wyraża lub aprobuje osoba sprawująca władzę rodzicielską lub opiekę nad dzieckiem (art. 8 ust. 1 RODO).",
				"The holder of parental responsibility must give or authorise the consent of a child (Art. 8(1) GDPR).",
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
			"Zapisany dowód pozwala dziś wykazać tę zgodę (art. 7 ust. 1 RODO).",
			"The recorded evidence demonstrates this consent today (Art. 7(1) GDPR).",
		)
	}
	return l.choose(
		"Tej zgody nie można dziś wykazać (art. 7 ust. 1 RODO). Nie wysyłaj wiadomości na jej podstawie, dopóki dowód zgody nie zostanie uzupełniony.",
		"This consent cannot be demonstrated today (Art. 7(1) GDPR). Send no messages on the basis of the consent until the evidence is complete.",
	)
}
