package report

import (
	"bytes"
	_ "embed" // for the page
	"fmt"
	"html/template"
	"io"
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

// ConsentQuestion is the content of a consent page. The page names no person.
type ConsentQuestion struct {
	Controller string
	State      ConsentState
	// Text is the wording, in Language.
	Text, Language string
}

// ConsentPage writes the page on which a person gives or withdraws a consent: a form with an empty
// checkbox that works without scripts.
func ConsentPage(w io.Writer, lang Language, q ConsentQuestion) error {
	t, err := template.New("consent").Parse(consentSource)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Style template.CSS
		Lang  Language
		W     consentWords
		Q     ConsentQuestion
	}{template.CSS(pageStyle), lang, lang.consent(), q}) //nolint:gosec // our own style
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// consentWords holds the texts of the consent page.
type consentWords struct {
	Title, Lead, Agree, Send, Decline, Unticked, Agreed, Withdraw, Declined, Over, Free, Other string
}

func (l Language) consent() consentWords {
	return consentWords{
		Title:    l.say("Zgoda", "Consent"),
		Lead:     l.say("pyta, czy zgadzasz się na to:", "asks whether you agree to this:"),
		Agree:    l.say("Zgadzam się", "I agree"),
		Send:     l.say("Zapisz moją zgodę", "Save my consent"),
		Decline:  l.say("Nie, dziękuję", "No, thank you"),
		Unticked: l.say("Pole nie jest zaznaczone, więc niczego nie zapisano. Zaznacz je, jeśli się zgadzasz.", "The box is not ticked, so nothing was saved. Tick it if you agree."),
		Agreed:   l.say("Twoja zgoda jest zapisana. Możesz ją wycofać w każdej chwili, także tutaj, pod tym samym adresem.", "Your consent is saved. You may withdraw it at any time, also here, under the same address."),
		Withdraw: l.say("Wycofuję zgodę", "I withdraw my consent"),
		Declined: l.say("Nie mamy Twojej zgody i nie będziemy już o nią pytać.", "We do not have your consent, and will not ask for it again."),
		Over:     l.say("To pytanie nie jest już aktualne.", "This question stands no more."),
		Free:     l.say("Zgoda jest dobrowolna: bez niej nic się dla Ciebie nie zmieni.", "Consent is free: without it nothing changes for you."),
		Other:    l.say("English", "Polski"),
	}
}

// Other is the other language.
func (l Language) Other() Language {
	if l == Polish {
		return English
	}
	return Polish
}
