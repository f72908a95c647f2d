//nolint:misspell // half of the words are Polish
package consoletest_test

import (
	"net/http"
	"testing"
)

// TestStory_ErasesWithoutARecipient answers a request for erasure of a business without recipients: the letter is
// offered, the certificate says that no recipient was notified, and the list of the gone tells the persons apart.
func TestStory_ErasesWithoutARecipient(t *testing.T) {
	s := newConfiguredShop(t, aloneConfig, "")
	s.facts(s.fact("webinar", "gosia@example.com", 3, object{"ref": "webinar-gosia", "event_at": s.ago(-5)}))
	id := s.subject("gosia@example.com")
	var opened struct{ Ref string }
	s.ask(http.MethodPost, "/v1/requests", object{"person": "gosia@example.com", "right": "erasure"}, &opened)
	s.settle()
	for step, order := range map[string]object{"decide": {"outcome": "granted"}} {
		if status := s.ask(http.MethodPost, "/v1/requests/"+opened.Ref+"/"+step, order, nil); status != http.StatusAccepted {
			t.Fatalf("%s: %d", step, status)
		}
	}
	s.settle()
	s.ask(http.MethodPost, "/v1/requests/"+opened.Ref+"/answer", object{}, nil)
	s.settle()
	b := s.signedIn()
	b.open("/console/people?stage=gone")
	b.sees("osoba bez adresu", id, "usunięto", "adres e-mail i imię", "Wniosek "+opened.Ref)
	b.everywhere("people-gone")
	b.followIn("tbody", "Wniosek")
	b.follow("Zobacz list")
	b.sees("List z dnia odpowiedzi", "wniosku o usunięcie danych")
	b.open("/console/people/" + id)
	b.sees(id, "nie powiadomiono żadnego odbiorcy")
	b.followIn("section[aria-labelledby=gone]", "Zaświadczenie")
	b.sees("nie był ustawiony żaden odbiorca tych danych", "nie potwierdza usunięcia danych z innych systemów", id)
}
