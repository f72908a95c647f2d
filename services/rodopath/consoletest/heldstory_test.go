//nolint:misspell // half of the words are Polish
package consoletest_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestStory_ADeletedAddressIsNotShown: once the deletion of the contact data is published, no page, list, document and
// letter shows the address of a person of whom the books keep an invoice, and the page says what became of the address.
func TestStory_ADeletedAddressIsNotShown(t *testing.T) {
	s := newShop(t, "observe: false\n")
	const buyer = "jacek@example.com"
	s.facts(s.sale(buyer, "ebook-jacek", "one_off", 1740))
	id := s.subject(buyer)
	b := s.signedIn()
	s.until(func() bool {
		var list struct{ Decisions []struct{ State string } }
		s.ask(http.MethodPost, "/v1/subjects/decisions", object{"person": "subject:" + id}, &list)
		return len(list.Decisions) > 0
	}, "the deletion of the contact data is published")
	b.find(buyer)
	b.sees("faktura", "osoba bez adresu", "Adres został usunięty i nie jest nikomu pokazywany")
	b.lacks(buyer)
	b.accessible("a person without an address")
	for _, path := range []string{
		"/console/people?stage=past", "/console/people?stage=claims", "/console/deletions?state=open",
		"/console/deletions?state=confirmed", "/console/audience?answer=none",
	} {
		b.open(path)
		b.lacks(buyer)
	}
	for _, form := range []string{"report", "page", "portable"} {
		text := s.text(http.MethodPost, s.Control.API+"/v1/export", `{"person": "subject:`+id+`", "form": "`+form+`"}`)
		if strings.Contains(text, buyer) {
			t.Errorf("the document %q has the address:\n%s", form, text)
		}
	}
	s.facts(s.fact("access_request", buyer, 0, object{"ref": "wniosek-9"}))
	b.open("/console/requests/wniosek-9")
	b.sees(buyer) // the answer needs the address
	b.open("/console/people/" + id)
	b.sees("Adres jest przechowywany już tylko jako część korespondencji w sprawie wniosku")
}
