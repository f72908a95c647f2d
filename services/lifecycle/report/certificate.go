//nolint:misspell // half of the words are Polish
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
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

//go:embed certificate.html
var certificateSource string

// Certificate writes a certificate of erasure as a printable page with its signature and the public
// key. The page names no person.
func Certificate(
	w io.Writer,
	lang Language,
	p *rules.Policy,
	c *certificate.Certificate,
	s *certificate.Signed,
	key string,
) error {
	t, err := template.New("certificate").Funcs(template.FuncMap{
		"at": func(t time.Time) string {
			return lang.pageDate(day(t, p.Place)) + ", " + t.In(p.Place.Zone).Format("15:04")
		},
		"lastday":   func(t time.Time) string { return lang.pageDate(day(t.Add(-time.Nanosecond), p.Place)) },
		"category":  func(id string) string { return CategoryOf(p, id).Name.In(lang) },
		"recipient": func(r certificate.Recipient) string { return RecipientOf(p, r.ID).Name.In(lang) },
		"answer":    func(o string) string { return lang.receipt(fact.Outcome(o)) },
		"reason":    func(r string) string { return lang.reasonText(p, r) },
	}).Parse(certificateSource)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	counted := slices.ContainsFunc(c.Categories, func(c certificate.Category) bool { return c.Records > 0 })
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Style template.CSS
		Lang  Language
		W     certificateWords
		C     *certificate.Certificate
		S     *certificate.Signed
		Key   string
		// Records reports whether some category has a count of records.
		Records bool
		Zone    string
	}{
		template.CSS(pageStyle), //nolint:gosec // our own style
		lang, lang.certificate(), c, s, key, counted, p.Place.Zone.String(),
	})
	if err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	return show(w, &out)
}

// certificateWords holds the texts of the certificate page.
type certificateWords struct {
	Title, Lead, Controller, Decision, Person, PersonNote, Decided, Due, Confirmed string
	Deleted, Data, Records, Bases, Receipts, System, Answer, When                  string
	Check, CheckNote, Key, Signature, Foot                                         string
	// LeadAlone, Alone and PersonAlone are of a deletion of which no recipient was notified.
	LeadAlone, Alone, PersonAlone string
}

func (l Language) certificate() certificateWords {
	return certificateWords{
		Title: l.choose("Zaświadczenie o usunięciu danych", "Certificate of erasure"),
		Lead: l.choose(
			"Decyzja dotyczy wymienionych niżej danych jednej osoby. Każdy odbiorca, którego powiadomiono o decyzji, potwierdził, że usunął te dane albo że ich nie posiada.",
			"The decision concerns the data of one person listed below. Every recipient notified of the decision has confirmed that the data are deleted, or that the recipient holds no such data.",
		),
		Controller: l.choose("Administrator danych", "Controller"),
		Decision:   l.choose("Decyzja", "Decision"),
		Person:     l.choose("Osoba", "Person"),
		PersonNote: l.choose(
			"Zaświadczenie nie wskazuje osoby z imienia, nazwiska ani adresu. Posiadacz klucza, który zna adres, może sprawdzić, czy zaświadczenie dotyczy tego adresu.",
			"The certificate does not name the person. A holder of the key who knows the address can verify whether the certificate concerns the address.",
		),
		Decided:   l.choose("Data decyzji", "Date of the decision"),
		Due:       l.choose("Podstawa prawna istniała do", "Last day of the legal basis"),
		Confirmed: l.choose("Ostatnie potwierdzenie", "Last confirmation"),
		Deleted:   l.choose("Dane objęte decyzją", "Data covered by the decision"),
		Data:      l.choose("Dane", "Data"),
		Records:   l.choose("Liczba dokumentów", "Records"),
		Bases:     l.choose("Podstawy, które ustały", "Lapsed bases"),
		Receipts:  l.choose("Potwierdzenia odbiorców (art. 19 RODO)", "Receipts of the recipients (Art. 19 GDPR)"),
		System:    l.choose("Odbiorca", "Recipient"),
		Answer:    l.choose("Odpowiedź", "Answer"),
		When:      l.choose("Kiedy", "When"),
		Check:     l.choose("Weryfikacja", "Verification"),
		CheckNote: l.choose(
			"Ta strona jest wydrukiem. Podpis obejmuje plik JSON zaświadczenia; „rodopath certificate verify” weryfikuje plik bez połączenia z administratorem.",
			"This page is a printout. The signature covers the JSON file of the certificate; “rodopath certificate verify” verifies the file without a connection to the controller.",
		),
		Key:       l.choose("Klucz publiczny (Ed25519)", "Public key (Ed25519)"),
		Signature: l.choose("Podpis", "Signature"),
		Foot:      l.choose("Wersja polityki", "Policy revision"),
		LeadAlone: l.choose(
			"Decyzja dotyczy wymienionych niżej danych jednej osoby, które Rodopath przechowywał dla administratora i usunął.",
			"The decision concerns the data of one person listed below, which Rodopath held for the controller and erased.",
		),
		Alone: l.choose(
			"O decyzji nie powiadomiono żadnego odbiorcy, ponieważ w Rodopath nie był ustawiony żaden odbiorca tych danych. Zaświadczenie nie potwierdza usunięcia danych z innych systemów.",
			"No recipient was notified of the decision, because no recipient of these data was set up in Rodopath. The certificate does not confirm an erasure in other systems.",
		),
		PersonAlone: l.choose(
			"Zaświadczenie wskazuje osobę wyłącznie przez identyfikator nadany w Rodopath: ",
			"The certificate refers to the person only by the id that Rodopath assigned: ",
		),
	}
}

// reasonText translates a reason of the journal, such as "tax_documents 6(1)(c)".
func (l Language) reasonText(p *rules.Policy, said string) string {
	purpose, article := reason(said)
	return PurposeOf(p, purpose).Name.In(l) + ": " + l.BasisIn(article)
}
