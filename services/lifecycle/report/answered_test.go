//nolint:misspell // half of the words are Polish
package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// given is the letter of an answered request, made on a later day.
func given(t *testing.T, s *scene, lang report.Language, ref, when string) string {
	t.Helper()
	for _, r := range rights.Requests(s.policy, s.subject.Facts, at(t, when)) {
		if r.Ref == ref && r.Answered != nil {
			return written(t, func(w *bytes.Buffer) error {
				return report.Answered(
					w,
					lang,
					s.policy,
					s.subject,
					r,
					s.subject.Addresses(s.policy, report.BeforeAnswer(&r)).Email,
					s.journal,
					at(t, when),
				)
			})
		}
	}
	t.Fatalf("there is no answered request %s", ref)
	return ""
}

// lacks fails for every text that a letter contains.
func lacks(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("the letter says %q:\n%s", part, text)
		}
	}
}

// TestAnswered_IsTheLetterOfItsDay: the letter of an answered request has the date and the data of that day, also when
// recipients answer, new facts come and the subject forgets its deletions later.
func TestAnswered_IsTheLetterOfItsDay(t *testing.T) {
	s := subscriber(t)
	s.tell(t, "2026-06-02 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-9"})
	s.tell(t, "2026-06-05 10:00",
		fact.Fact{Kind: fact.KindReceipt, Ref: s.deletions()[0], Recipient: "letters", Outcome: "done"})
	s.tell(t, "2026-07-01 10:00", fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-9"})
	for _, when := range []string{"2026-07-02 12:00", "2027-03-01 12:00"} {
		s.pass(t, when)
		text := given(t, s, report.Polish, "req-9", when)
		says(t, text, "2 czerwca 2026 r.", "adres e-mail i imię", "danych usuniętych po dniu odpowiedzi może tu brakować",
			"system newslettera: powiadomiono, usunięcia jeszcze nie potwierdzono")
		lacks(t, text, "PROJEKT", "[", "order-9", "dane usunięte (5 czerwca 2026 r.)")
	}
}

// TestAnswered_OfARefusal keeps the refusal with its reason, has no remarks of a draft, and says that a part was
// deleted, which former versions permitted before a refusal.
func TestAnswered_OfARefusal(t *testing.T) {
	s := eraser(t)
	s.tell(t, "2028-06-05 10:00",
		fact.Fact{Kind: fact.KindRequestDecided, Ref: "req-1", Outcome: "refused", Reason: "claim II C 17/28"})
	s.tell(t, "2028-06-06 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-1"})
	text := given(t, s, report.English, "req-1", "2029-01-10 12:00")
	says(t, text, "6 June 2028", "made anew on 10 January 2029", "We grant the request in part: the data that are",
		"Reason: claim II C 17/28", "the rest of the request is refused (Art. 12(4) GDPR)",
		"order and payment, no. order-1: until 31 December 2032. Purpose: legal claims")
	lacks(t, text, "DRAFT", "[", "assumes that the request was granted", "We cannot grant",
		"delivery and access, order order-1 (if there are any)")
}

// TestAnswered_SaysWhatTheLetterBeforeSaid: the answer ends the correspondence, and the letter was written before.
func TestAnswered_SaysWhatTheLetterBeforeSaid(t *testing.T) {
	s := eraser(t)
	s.tell(t, "2028-06-05 10:00",
		fact.Fact{Kind: fact.KindRequestDecided, Ref: "req-1", Outcome: "partly", Reason: "claim II C 17/28"})
	before := answered(t, s, report.Polish, "req-1", "2028-06-06 10:00")
	s.tell(t, "2028-06-06 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-1"})
	after := given(t, s, report.Polish, "req-1", "2028-06-06 10:00")
	body := func(letter string) string {
		_, text, _ := strings.Cut(letter, "Sklep Ani")
		return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), " ["+"odbiorcy nie powiadomiono automatycznie: "+
			"powiadom odbiorcę i uzupełnij odpowiedź]", " odbiorcy nie powiadomiono automatycznie")
	}
	says(t, after, "wniosek osoby i korespondencja", "Adres jest jeszcze częścią korespondencji")
	if got, want := body(after), body(before); got != want {
		t.Errorf("the letter after the answer:\n%s\nwant that before:\n%s", got, want)
	}
}

// TestAnswered_WithoutADecision says that the letter assumes a granted request: the answer was recorded alone.
func TestAnswered_WithoutADecision(t *testing.T) {
	s := customer(t)
	s.tell(t, "2026-06-20 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-1"})
	text := given(t, s, report.English, "req-1", "2026-08-01 12:00")
	says(t, text, "20 June 2026", "No decision was recorded", "We grant the request")
	lacks(t, text, "DRAFT", "[")
}

// TestAnswered_ToASenderWhoWasNotIdentified is the question for the identity, and discloses nothing.
func TestAnswered_ToASenderWhoWasNotIdentified(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-offers"})
	s.tell(t, "2026-03-05 10:00",
		fact.Fact{Kind: fact.KindErasure, Ref: "req-1", Traits: []string{fact.TraitUnverified}})
	s.tell(t, "2026-03-06 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-1"})
	text := given(t, s, report.Polish, "req-1", "2026-03-20 12:00")
	says(t, text, "6 marca 2026 r.", "prosimy o potwierdzenie tożsamości")
	lacks(t, text, "PROJEKT", "adres e-mail i imię", "zakłada uwzględnienie")
}
