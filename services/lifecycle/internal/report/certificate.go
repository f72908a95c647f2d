package report

import (
	"bytes"
	_ "embed" // for the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/services/lifecycle"
)

//go:embed certificate.html
var certificateSource string

// Certificate writes a certificate of erasure as a printable page. The page names no person.
func Certificate(w io.Writer, lang Language, p *lifecycle.Policy, c *certificate.Certificate, s *certificate.Signed) error {
	t, err := template.New("certificate").Funcs(template.FuncMap{
		"at": func(t time.Time) string {
			return lang.pageDate(day(t, p.Place)) + ", " + t.In(p.Place.Zone).Format("15:04")
		},
		"lastday":  func(t time.Time) string { return lang.pageDate(day(t.Add(-time.Nanosecond), p.Place)) },
		"category": func(id string) string { return CategoryOf(p, id).Name.In(lang) },
		"receiver": func(r certificate.Recipient) string { return RecipientOf(p, r.ID).Name.In(lang) },
		"answer":   func(o string) string { return lang.receipt(lifecycle.Outcome(o)) },
		"reason":   func(r string) string { return lang.reasonOf(p, r) },
	}).Parse(certificateSource)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Style template.CSS
		Lang  Language
		W     certificateWords
		C     *certificate.Certificate
		S     *certificate.Signed
		// Records reports whether some category has a count of records.
		Records bool
		Zone    string
	}{template.CSS(pageStyle), lang, lang.certificate(), c, s, slices.ContainsFunc(c.Categories, func(c certificate.Category) bool { return c.Records > 0 }), p.Place.Zone.String()}) //nolint:gosec // our own style
	if err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// certificateWords holds the texts of the certificate page.
type certificateWords struct {
	Title, Lead, Controller, Decision, Person, PersonNote, Decided, Due, Confirmed string
	What, Data, Records, Why, Who, System, Answer, When                            string
	Check, CheckNote, Key, Signature, Foot                                         string
}

func (l Language) certificate() certificateWords {
	return certificateWords{
		Title:      l.say("Zaświadczenie o usunięciu danych", "Certificate of erasure"),
		Lead:       l.say("Wymienione niżej dane jednej osoby zostały usunięte: potwierdził to każdy system, który je miał.", "The data of one person that are listed below were deleted: every system that held them has confirmed it."),
		Controller: l.say("Administrator", "Controller"),
		Decision:   l.say("Decyzja", "Decision"),
		Person:     l.say("Osoba", "Person"),
		PersonNote: l.say("To zaświadczenie nikogo nie wymienia. Kto ma klucz i wie, o kogo pyta, sprawdzi, czy o tę osobę chodzi.", "This certificate names nobody. Who has the key and knows the address can check whether it is meant."),
		Decided:    l.say("Postanowiono", "Decided"),
		Due:        l.say("Ostatni dzień podstawy", "Last day of the basis"),
		Confirmed:  l.say("Ostatnie potwierdzenie", "Last confirmation"),
		What:       l.say("Co usunięto", "What was deleted"),
		Data:       l.say("Dane", "Data"),
		Records:    l.say("Liczba zapisów", "Records"),
		Why:        l.say("Podstawy, które się skończyły", "The bases that had ended"),
		Who:        l.say("Kto potwierdził (art. 19 RODO)", "Who confirmed it (Art. 19 GDPR)"),
		System:     l.say("System", "System"),
		Answer:     l.say("Odpowiedź", "Answer"),
		When:       l.say("Kiedy", "When"),
		Check:      l.say("Sprawdzenie", "How to check it"),
		CheckNote: l.say("Ta strona jest wydrukiem. Podpisany jest plik JSON tego zaświadczenia; sprawdza go „rodopath certificate verify” bez łączenia się z nami.",
			"This page is a print. What is signed is the JSON file of this certificate; “rodopath certificate verify” checks it without asking us."),
		Key:       l.say("Klucz publiczny (Ed25519)", "Public key (Ed25519)"),
		Signature: l.say("Podpis", "Signature"),
		Foot:      l.say("Rewizja zasad", "Revision of the rules"),
	}
}

// reasonText translates a reason of the journal, such as "tax_documents 6(1)(c)".
func (l Language) reasonOf(p *lifecycle.Policy, said string) string {
	purpose, article := reason(said)
	return PurposeOf(p, purpose).Name.In(l) + ": " + l.Article(article)
}
