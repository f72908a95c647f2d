//nolint:misspell // half of the words are Polish
package report

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle"
)

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
		"W tym systemie nie są podejmowane decyzje, które opierają się wyłącznie na zautomatyzowanym przetwarzaniu, w tym profilowaniu, i wywołują wobec osoby skutki prawne lub w podobny sposób istotnie na nią wpływają (art. 22 RODO). Automatycznie obliczane są wyłącznie okresy przechowywania danych. O takich decyzjach podejmowanych w innych systemach informuje administrator.",
		"This system takes no decisions with legal or similarly significant effects that are based solely on automated processing, including profiling (Art. 22 GDPR). Only the retention periods of data are computed automatically. The controller informs about such decisions in other systems.",
	)
}

// notKnown lists the information that the report cannot give.
func (r *reporter) notKnown() []Text {
	out := []Text{
		{
			"Raport wskazuje kategorie danych; ich treść (na przykład pozycje zamówienia, faktury) znajduje się w systemach wymienionych jako odbiorcy. Kopię danych (art. 15 ust. 3 RODO) przekazuje administrator.",
			"The report lists the categories of data; the content (for example the lines of an order, or invoices) is stored in the systems named as recipients. The controller provides the copy of the data (Art. 15(3) GDPR).",
		},
	}
	if c := &r.policy.Contact; c.Address+c.Email+c.Phone == "" {
		out = append(out, Text{
			"Dane kontaktowe administratora nie są zapisane w tym systemie.",
			"The contact details of the controller are not recorded in this system.",
		})
	}
	if r.isUnsafeguarded() {
		out = append(out, Text{
			"Zabezpieczenia przekazania danych poza EOG (art. 46 RODO) nie są zapisane w tym systemie dla każdego z wymienionych odbiorców.",
			"The safeguards of transfers outside of the EEA (Art. 46 GDPR) are not recorded in this system for each of the named recipients.",
		})
	}
	return append(out, Text{
		"Dokładne miejsce przechowywania danych u odbiorców nie jest zapisane w tym systemie.",
		"The exact place of storage at the recipients is not recorded in this system.",
	})
}

// isUnsafeguarded reports whether a recipient of held data transfers data outside of the EEA without a stated
// safeguard.
func (r *reporter) isUnsafeguarded() bool {
	return slices.ContainsFunc(r.e.Holds, func(h lifecycle.Held) bool {
		return slices.ContainsFunc(r.recipients(h.Because, h.Category), func(to Recipient) bool {
			return to.ThirdCountry != "" && to.Safeguard == nil
		})
	})
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
				"Usunięcie danych. Dane, których przechowywania wymaga prawo (na przykład faktury) lub które są niezbędne do ustalenia, dochodzenia lub obrony roszczeń, pozostają do końca podanego okresu.",
				"Erasure. Data under a legal obligation of retention (for example invoices) or necessary for legal claims are kept until the end of the stated period.",
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
				"Przenoszenie danych dostarczonych przez osobę, przetwarzanych w sposób zautomatyzowany na podstawie zgody lub umowy.",
				"Portability of data provided by the person and processed by automated means on the basis of a consent or a contract.",
			},
		},
		{
			"eu-gdpr:A21",
			"21",
			Text{
				"Sprzeciw: wobec marketingu bezpośredniego, w tym profilowania, w dowolnym momencie i bez podania przyczyny; wobec przetwarzania na podstawie prawnie uzasadnionego interesu z przyczyn związanych ze szczególną sytuacją osoby.",
				"Objection: to direct marketing, including profiling, at any time and without a reason; to processing based on a legitimate interest on grounds relating to the particular situation of the person.",
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

// notPortable states which data a portable file does not contain.
func (l Language) notPortable() string {
	return l.choose(
		"Plik zawiera dane dostarczone przez osobę, której dane dotyczą, przetwarzane na podstawie zgody lub umowy. Nie zawiera: danych przetwarzanych na innej podstawie (na przykład faktur i dokumentów podatkowych), danych wywnioskowanych lub wytworzonych przez administratora oraz treści przechowywanej wyłącznie w systemach odbiorców wymienionych w pliku (na przykład imienia, adresu pocztowego, numeru telefonu i pozycji zamówienia). Tę treść administrator dołącza z tych systemów.",
		"The file contains data provided by the person whose processing is based on a consent or a contract. The file does not contain: data processed on another basis (for example invoices and tax documents), data derived or created by the controller, and content stored only in the systems of the recipients named in the file (for example the name, the postal address, the telephone number and the lines of an order). The controller adds that content from these systems.",
	)
}
