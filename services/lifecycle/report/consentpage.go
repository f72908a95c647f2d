package report

import (
	_ "embed" // for the page
	"html/template"
	"io"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

//go:embed consent.html
var consentSource string

// ConsentState is the state of a consent page.
type ConsentState string

// The states of a consent page.
const (
	// ConsentOpen means that the question awaits an answer, ConsentUnticked that the form was sent
	// with an empty box.
	ConsentOpen     ConsentState = "open"
	ConsentUnticked ConsentState = "unticked"
	// ConsentAgreed: the person agreed, and may withdraw.
	ConsentAgreed ConsentState = "agreed"
	// ConsentDeclined means that the person refused or withdrew the consent.
	ConsentDeclined ConsentState = "declined"
	// ConsentOver means that the question has expired or was retracted.
	ConsentOver ConsentState = "over"
)

// ConsentQuestion is the content of a consent page.
type ConsentQuestion struct {
	Controller string
	// Contact is how to reach the controller, with the address of the privacy notice (Art. 13).
	Contact rules.Contact
	State   ConsentState
	// Addresses are the addresses that the consent is about, shown in part: a link may reach somebody else.
	Addresses []string
	// Text is the wording, in Language.
	Text, Language string
}

// ConsentPage writes the page on which a person gives or withdraws a consent: a form with an empty
// checkbox that works without scripts.
func ConsentPage(w io.Writer, lang Language, q ConsentQuestion) error {
	return writePage(w, consentSource, template.FuncMap{"contact": func(c rules.Contact) string {
		return contactOf(Party{Address: c.Address, Email: c.Email, Phone: c.Phone})
	}}, struct {
		Style template.CSS
		Lang  Language
		W     consentWords
		Q     ConsentQuestion
	}{template.CSS(pageStyle), lang, lang.consent(), q}) //nolint:gosec // our own style
}

// consentWords holds the texts of the consent page.
type consentWords struct {
	Title, Lead, Agree, Send, Decline, Unticked, Agreed, Withdraw, Declined, Over, Free, Other string
	Address, Controller, Privacy                                                               string
}

func (l Language) consent() consentWords {
	return consentWords{
		Title:   l.choose("Zgoda", "Consent"),
		Lead:    l.choose("prosi o następującą zgodę:", "asks for the following consent:"),
		Agree:   l.choose("Wyrażam zgodę", "I agree"),
		Send:    l.choose("Zapisz zgodę", "Record my consent"),
		Decline: l.choose("Nie, dziękuję", "No, thank you"),
		Unticked: l.choose(
			"Pole nie jest zaznaczone, dlatego zgoda nie została zapisana. Zaznacz pole, jeśli wyrażasz zgodę.",
			"The box is not ticked, so no consent was recorded. Tick the box if you agree.",
		),
		Agreed: l.choose(
			"Twoja zgoda została zapisana. Możesz ją wycofać w dowolnym momencie, także na tej stronie.",
			"Your consent is recorded. You may withdraw your consent at any time, including on this page.",
		),
		Withdraw: l.choose("Wycofuję zgodę", "I withdraw my consent"),
		Declined: l.choose(
			"Nie mamy od Ciebie tej zgody i nie poprosimy o nią ponownie.",
			"We do not have this consent from you and will not ask for it again.",
		),
		Over: l.choose("To pytanie nie jest już aktualne.", "This question is no longer open."),
		Free: l.choose(
			"Wyrażenie zgody jest dobrowolne. Odmowa nie pociąga za sobą żadnych negatywnych skutków, a zgodę można wycofać w dowolnym momencie. Wycofanie zgody nie wpływa na zgodność z prawem przetwarzania, którego dokonano przed jej wycofaniem.",
			"Consent is voluntary. A refusal has no negative consequences for you, and you may withdraw the consent at any time. The withdrawal does not affect the lawfulness of earlier processing.",
		),
		Other:      l.choose("English", "Polski"),
		Address:    l.choose("Zgoda dotyczy adresu", "The consent is about the address"),
		Controller: l.choose("Administrator danych", "Controller"),
		Privacy:    l.choose("Informacja o przetwarzaniu danych", "Privacy notice"),
	}
}

// Other is the other language.
func (l Language) Other() Language {
	if l == Polish {
		return English
	}
	return Polish
}
