//nolint:misspell // half of the words are Polish
package report

import (
	_ "embed" // for the page
	"html/template"
	"io"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

//go:embed request.html
var requestSource string

// FormState is the state of the form for requests.
type FormState string

// The states of the form.
const (
	FormAsk FormState = "ask"
	// FormInvalid: a field is missing or not valid. FormTooMany: too many codes were asked for. FormUnsent: the code could
	// not be mailed.
	FormInvalid FormState = "invalid"
	FormTooMany FormState = "too_many"
	FormUnsent  FormState = "unsent"
	// FormCode: a code was mailed. FormWrong: another code came back. FormExpired: the code is too old.
	FormCode    FormState = "code"
	FormWrong   FormState = "wrong"
	FormExpired FormState = "expired"
	FormDone    FormState = "done"
)

// RequestForm is the content of a page of the form.
type RequestForm struct {
	Controller string
	Contact    rules.Contact
	State      FormState
	// Right, Email and Words are what the person wrote.
	Right, Email, Words string
	// Ticket travels with the browser.
	Ticket string
	// Ref and LastDay are the name of the request, and the last day for the answer; LastDay is empty for an objection to
	// marketing, which needs no decision.
	Ref, LastDay string
}

// FormRights are the rights that the form offers, as rights.KindOf names them.
func FormRights() []string {
	return []string{"access", "erasure", "objection", "rectification", "portability"}
}

// formRight is what a person asks for.
func (l Language) formRight(right string) string {
	switch right {
	case "access":
		return l.choose("Chcę wiedzieć, jakie moje dane są przetwarzane (art. 15 RODO)",
			"I want to know which data of mine are processed (Art. 15 GDPR)")
	case "erasure":
		return l.choose("Chcę, aby moje dane zostały usunięte (art. 17 RODO)", "I want my data to be erased (Art. 17 GDPR)")
	case "objection":
		return l.choose("Nie chcę otrzymywać ofert ani newslettera (art. 21 RODO)",
			"I want no offers and no newsletter (Art. 21 GDPR)")
	case "rectification":
		return l.choose("Chcę poprawić lub uzupełnić moje dane (art. 16 RODO)",
			"I want to correct or complete my data (Art. 16 GDPR)")
	}
	return l.choose("Chcę otrzymać moje dane w pliku (art. 20 RODO)", "I want to receive my data as a file (Art. 20 GDPR)")
}

// RequestPage writes a page of the form by which a person asserts a right. The form works without scripts.
func RequestPage(w io.Writer, lang Language, f RequestForm) error {
	return writePage(w, requestSource, template.FuncMap{
		"contact": func(c rules.Contact) string {
			return contactOf(Party{Address: c.Address, Email: c.Email, Phone: c.Phone})
		},
		"right": func(r string) string { return unbroken(lang.formRight(r)) }, "rights": FormRights, "date": lang.pageDate,
	}, struct {
		Style template.CSS
		Lang  Language
		W     formWords
		F     RequestForm
	}{template.CSS(pageStyle), lang, lang.form(), f}) //nolint:gosec // our own style
}

// formWords are the texts of the form.
type formWords struct {
	Title, Lead, Right, Email, EmailWhy, Words, WordsWhy, Send string
	Code, CodeLead, CodeLabel, Verify, Again                   string
	Invalid, TooMany, Unsent, Wrong, Expired                   string
	Done, DoneRef, DoneDay, DoneNow                            string
	Controller, Privacy, Other, Trap                           string
}

func (l Language) form() formWords {
	return formWords{
		Title: l.choose("Wniosek w sprawie danych osobowych", "Request about your personal data"),
		Lead: l.choose("Tutaj możesz skorzystać ze swoich praw wobec administratora danych.",
			"Here you can assert your rights against the controller."),
		Right: l.choose("Czego dotyczy wniosek?", "What do you ask for?"),
		Email: l.choose("Twój adres e-mail", "Your e-mail address"),
		EmailWhy: l.choose(
			"Podaj adres, którego dotyczą dane. Wyślemy na niego kod, aby potwierdzić, że wniosek pochodzi od Ciebie (art. 12 ust. 6 RODO).",
			"Give the address that the data are about. We send a code to it, to verify that the request comes from you (Art. 12(6) GDPR).",
		),
		Words: l.choose("Wiadomość (nieobowiązkowo)", "Message (optional)"),
		WordsWhy: l.choose("Na przykład numer zamówienia albo dane, które trzeba poprawić.",
			"For example the number of an order, or the data to correct."),
		Send:  l.choose("Wyślij kod", "Send the code"),
		Code:  l.choose("Podaj kod", "Enter the code"),
		Trap:  l.choose("Zostaw to pole puste", "Leave this field empty"),
		Again: l.choose("Zacznij od nowa", "Begin again"),
		CodeLead: l.choose(
			"Wysłaliśmy kod na podany adres. Kod jest ważny przez 30 minut. Zajrzyj także do folderu ze spamem.",
			"We sent a code to the address. The code is valid for 30 minutes. Look into the spam folder as well.",
		),
		CodeLabel: l.choose("Kod z wiadomości", "Code from the message"),
		Verify:    l.choose("Złóż wniosek", "Submit the request"),
		Invalid: l.choose("Wybierz, czego dotyczy wniosek, i podaj poprawny adres e-mail.",
			"Choose what you ask for, and give a valid e-mail address."),
		TooMany: l.choose(
			"W ostatniej godzinie wysłano już zbyt wiele kodów. Spróbuj ponownie za godzinę albo napisz bezpośrednio do administratora.",
			"Too many codes were sent in the last hour. Try again in an hour, or write to the controller directly.",
		),
		Unsent: l.choose("Nie udało się wysłać kodu. Spróbuj ponownie później albo napisz bezpośrednio do administratora.",
			"The code could not be sent. Try again later, or write to the controller directly."),
		Wrong: l.choose("Kod jest nieprawidłowy. Sprawdź go w wiadomości i wpisz jeszcze raz.",
			"The code is wrong. Check the code in the message and enter the code again."),
		Expired: l.choose("Kod stracił ważność. Zacznij od nowa, a wyślemy nowy.",
			"The code has expired. Begin again, and we send a new one."),
		Done: l.choose("Twój wniosek został złożony. Potwierdzenie wysłaliśmy na Twój adres e-mail.",
			"Your request is submitted. We sent a confirmation to your e-mail address."),
		DoneRef: l.choose("Numer wniosku", "Reference of the request"),
		DoneDay: l.choose("Odpowiedź otrzymasz najpóźniej", "You will have the answer by"),
		DoneNow: l.choose("Sprzeciw obowiązuje od razu: nie wyślemy Ci więcej ofert ani newslettera.",
			"The objection takes effect at once: we send you no more offers and no newsletter."),
		Controller: l.choose("Administrator danych", "Controller"),
		Privacy:    l.choose("Informacja o przetwarzaniu danych", "Privacy notice"),
		Other:      l.choose("English", "Polski"),
	}
}

// CodeMail is the message with the code of a request.
func CodeMail(l Language, controller, right, code string) (subject, text string) {
	shown := code[:len(code)/2] + "-" + code[len(code)/2:]
	subject = l.choose("Kod do wniosku: ", "Code for your request: ") + shown
	return subject, strings.Join([]string{
		l.choose("Ktoś, prawdopodobnie Ty, składa wniosek w sprawie danych osobowych przetwarzanych przez ",
			"Somebody, probably you, submits a request about personal data processed by ") + controller + ":",
		l.formRight(right) + ".",
		l.choose(
			"Kod: ",
			"Code: ",
		) + shown + "\n" + l.choose(
			"Kod jest ważny przez 30 minut.",
			"The code is valid for 30 minutes.",
		),
		l.choose("Jeśli to nie Ty, zignoruj tę wiadomość i nikomu nie podawaj kodu: bez kodu wniosek nie zostanie złożony.",
			"If this was not you, ignore this message and give the code to nobody: without the code no request is submitted."),
	}, "\n\n") + "\n"
}

// ReceiptMail is the message that confirms the receipt of a request.
func ReceiptMail(l Language, controller, right string, r rights.Request) (subject, text string) {
	subject = l.choose("Potwierdzenie wniosku ", "Confirmation of the request ") + r.Ref
	answer := l.choose("Sprzeciw obowiązuje od razu: nie otrzymasz więcej ofert ani newslettera.",
		"The objection takes effect at once: you will receive no more offers and no newsletter.")
	if r.LastDay != "" {
		answer = l.choose("Odpowiedź otrzymasz bez zbędnej zwłoki, najpóźniej "+l.date(r.LastDay)+" (art. 12 ust. 3 RODO).",
			"You will have the answer without undue delay, and by "+l.date(r.LastDay)+" at the latest (Art. 12(3) GDPR).")
	}
	return subject, strings.Join([]string{
		l.choose("Otrzymaliśmy Twój wniosek do: ", "We received your request to: ") + fullStop(controller),
		l.formRight(right) + ".",
		l.choose("Numer wniosku: ", "Reference: ") + r.Ref,
		answer,
	}, "\n\n") + "\n"
}
