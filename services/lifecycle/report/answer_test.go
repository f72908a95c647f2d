//nolint:misspell // half of the words are Polish
package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

func answered(t *testing.T, s *scene, lang report.Language, ref, when string) string {
	t.Helper()
	for _, r := range rights.Requests(s.policy, s.subject.Facts, at(t, when)) {
		if r.Ref == ref {
			return written(t, func(w *bytes.Buffer) error {
				return report.Answer(w, lang, s.policy, s.subject, r,
					s.subject.Addresses(s.policy, at(t, when)).Email, at(t, when))
			})
		}
	}
	t.Fatalf("there is no request %s", ref)
	return ""
}

func TestAnswer_ReadsAsTheFilesSay(t *testing.T) {
	for _, lang := range languages() {
		golden(t, "answer-buyer-"+string(lang)+".txt", answered(t, eraser(t), lang, "req-1", "2028-06-02 12:00"))
		golden(t, "answer-subscriber-"+string(lang)+".txt", answered(t, subscriber(t), lang, "req-9", "2026-06-01 12:00"))
	}
}

func TestAnswer_SaysEachThing(t *testing.T) {
	s := eraser(t)
	says(
		t,
		answered(t, s, report.English, "req-1", "2028-06-02 12:00"),
		"request for erasure (Art. 17 GDPR), no. req-1, received on 1 June 2028",
		"- e-mail address and name",
		"invoice or receipt, order order-1 (if there are any): until 31 December 2031. Purpose: tax documents. Basis: Art. 6(1)(c) GDPR (a legal obligation). Exception from the right to erasure: Art. 17(3)(b) GDPR",
		"keyed hash",
		"is to prevent the address from being added again and contacted for marketing.",
		"Retention period of the entry: until 1 June 2031.",
		"online shop: data deleted (2 June 2028)",
		"newsletter service: notified, deletion not confirmed yet",
		"payment processor (USA): [the recipient was not notified automatically",
		"Urzędu Ochrony Danych Osobowych",
		"Art. 77 GDPR",
		"Not every recipient has confirmed",
	)
	says(
		t,
		answered(t, s, report.Polish, "req-1", "2028-06-02 12:00"),
		"wniosku o usunięcie danych (art. 17 RODO), nr req-1, z dnia 1 czerwca 2028 r.",
		"- zapis na newsletter",
		"faktura lub paragon, zamówienie order-1 (jeżeli takie dane istnieją): do 31 grudnia 2031 r. Cel: dokumenty podatkowe. Podstawa: art. 6 ust. 1 lit. c RODO (obowiązek prawny). Wyjątek od prawa do usunięcia danych: art. 17 ust. 3 lit. b RODO",
		"skrót kryptograficzny oraz datę",
		"aby adres nie został ponownie dodany",
		"Okres przechowywania wpisu: do 1 czerwca 2031 r. Również",
		"sklep internetowy: dane usunięte (2 czerwca 2028 r.)",
		"system newslettera: powiadomiono, usunięcia jeszcze nie potwierdzono",
		"operator płatności (USA): [odbiorcy nie powiadomiono automatycznie",
		"Prezesa Urzędu Ochrony Danych Osobowych",
		"art. 77 RODO",
		"Nie wszyscy odbiorcy potwierdzili",
	)
}

func TestAnswer_SaysDeletedOnlyWhenEveryRecipientDid(t *testing.T) {
	s := subscriber(t)
	says(
		t,
		answered(t, s, report.English, "req-9", "2026-06-01 12:00"),
		"Data being deleted",
		"We grant the request and delete the data, except for the data that are listed below as retained.",
		"After that, until 1 June 2029, only keyed hashes of the facts",
	)
	s.tell(
		t,
		"2026-06-02 10:00",
		fact.Fact{Kind: fact.KindReceipt, Ref: s.deletions()[0], Recipient: "letters", Outcome: "refused"},
	)
	says(
		t,
		answered(t, s, report.English, "req-9", "2026-06-02 12:00"),
		"Data being deleted",
		"newsletter service: deletion refused",
	)
	s.tell(
		t,
		"2026-06-03 10:00",
		fact.Fact{Kind: fact.KindReceipt, Ref: s.deletions()[0], Recipient: "letters", Outcome: "done"},
	)
	text := answered(t, s, report.English, "req-9", "2026-06-03 12:00")
	says(t, text, "Data deleted since the request", "newsletter service: data deleted (3 June 2026)")
	if strings.Contains(text, "Not every recipient") {
		t.Errorf("everybody has confirmed:\n%s", text)
	}
}

func TestAnswer_OfADecisionThatIsNotSentYetSaysSo(t *testing.T) {
	s := subscriber(t)
	last := s.journal[len(s.journal)-1]
	s.subject.Outbox = []decision.Decision{{ID: last.Decision}}
	says(t, answered(t, s, report.English, "req-9", "2026-06-01 12:00"), "newsletter service: notification pending")
}

func TestAnswer_BeforeTheIdentityIsClearNothingIsDeleted(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-offers"})
	s.tell(
		t,
		"2026-03-05 10:00",
		fact.Fact{Kind: fact.KindErasure, Ref: "req-1", Traits: []string{fact.TraitUnverified}},
	)
	for _, lang := range languages() {
		text := answered(t, s, lang, "req-1", "2026-03-05 12:00")
		golden(t, "answer-unverified-"+string(lang)+".txt", text)
		if strings.Contains(text, "mail i imię") || strings.Contains(text, "mail address and name") {
			t.Errorf("somebody who may be another is told what is held:\n%s", text)
		}
	}
}

func TestAnswer_ARefusalGivesItsReason(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2028-06-01 10:00", fact.Fact{Kind: fact.KindErasure, Source: "forms", Ref: "req-1"})
	s.tell(t, "2028-06-05 10:00",
		fact.Fact{Kind: fact.KindRequestDecided, Ref: "req-1", Outcome: "refused", Reason: "claim II C 17/28"})
	english := answered(t, s, report.English, "req-1", "2028-06-05 12:00")
	says(t, english, "We cannot grant the request (Art. 12(4) GDPR)", "Reason: claim II C 17/28")
	polish := answered(t, s, report.Polish, "req-1", "2028-06-05 12:00")
	says(t, polish, "nie możemy uwzględnić wniosku (art. 12 ust. 4 RODO)", "Uzasadnienie: claim II C 17/28")
	lacks(t, polish, "nie było danych do usunięcia", "usunięte")
}

// TestAnswer_ARefusalAfterADeletionIsOneOfTheRest: former versions permitted to refuse what was granted in part.
func TestAnswer_ARefusalAfterADeletionIsOneOfTheRest(t *testing.T) {
	s := eraser(t)
	s.tell(t, "2028-06-05 10:00",
		fact.Fact{Kind: fact.KindRequestDecided, Ref: "req-1", Outcome: "refused", Reason: "claim II C 17/28"})
	polish := answered(t, s, report.Polish, "req-1", "2028-06-05 12:00")
	says(t, polish, "uwzględniamy wniosek w części: dane wymienione niżej jako usunięte zostały usunięte, a w pozostałym "+
		"zakresie odmawiamy", "- adres e-mail i imię", "Uzasadnienie: claim II C 17/28")
	lacks(t, polish, "nie możemy uwzględnić")
}

// TestAnswer_ListsWhatLapsedBeforeAndIsDeletedSince: the contact of an old order that became known with the request, or
// whose deletion waited, is deleted because somebody asked, although its period had ended before.
func TestAnswer_ListsWhatLapsedBeforeAndIsDeletedSince(t *testing.T) {
	for _, waits := range []bool{false, true} {
		s := newScene(t)
		sale := fact.Fact{
			ID: "sale", Kind: fact.KindSale, Source: "shop", Ref: "order-1", Occurred: at(t, "2026-01-05 10:00"),
			Received: at(t, "2026-05-30 10:00"),
		}
		erasure := fact.Fact{
			ID: "erasure", Kind: fact.KindErasure, Source: "forms", Ref: "req-1", Occurred: at(t, "2026-06-01 10:00"),
			Received: at(t, "2026-06-01 10:00"),
		}
		if waits {
			s.subject, _ = lifecycle.Decide(s.policy, s.subject, []fact.Fact{sale}, sale.Received)
			s.decide(t, erasure.Occurred, erasure)
		} else {
			s.decide(t, erasure.Occurred, sale, erasure)
		}
		text := answered(t, s, report.Polish, "req-1", "2026-06-01 12:00")
		says(t, text, "- adres e-mail i imię", "- dostawa i dostęp", "- numer telefonu")
		if !waits {
			says(t, text, "Adres jest jeszcze częścią korespondencji", "najpóźniej do 31 grudnia 2031 r.")
		}
		lacks(t, text, "r..")
	}
}

// TestAnswer_ARefusalNamesTheReasonAndTheRemedies: a refusal and a partial grant state the reason, the complaint to the
// supervisory authority and the judicial remedy (Art. 12(4), 77, 79), and remind of a reason that is missing.
func TestAnswer_ARefusalNamesTheReasonAndTheRemedies(t *testing.T) {
	for _, right := range []fact.Kind{
		fact.KindAccessRequest, fact.KindRectificationRequest, fact.KindErasure, fact.KindRestriction,
		fact.KindPortabilityRequest, fact.KindObjection,
	} {
		for _, outcome := range []fact.Outcome{fact.OutcomePartly, fact.OutcomeRefused} {
			for _, reason := range []string{"powód-1", ""} {
				s := newScene(t)
				s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1"})
				ask := fact.Fact{Kind: right, Ref: "req-1"}
				if right == fact.KindObjection {
					ask.Purposes = []string{"claims"}
				}
				s.tell(t, "2026-03-06 12:00", ask)
				s.tell(t, "2026-03-07 12:00", fact.Fact{
					Kind: fact.KindRequestDecided, Ref: "req-1", Outcome: outcome, Reason: reason,
				})
				english := answered(t, s, report.English, "req-1", "2026-03-08 12:00")
				polish := answered(t, s, report.Polish, "req-1", "2026-03-08 12:00")
				says(t, english, "lodge a complaint", "Art. 77 GDPR", "effective judicial remedy (Art. 79 GDPR)")
				says(t, polish, "wniesienia skargi do Prezesa Urzędu Ochrony Danych Osobowych", "art. 77 RODO",
					"skutecznego środka ochrony prawnej przed sądem (art. 79 RODO)")
				if reason != "" {
					says(t, english, "Reason: powód-1")
					says(t, polish, "Uzasadnienie: powód-1")
					continue
				}
				says(t, english, "[Give the reason")
				says(t, polish, "[Podaj uzasadnienie")
			}
		}
	}
}

func TestAnswer_AfterTheMemoryOfDeletionsItPointsAtTheJournal(t *testing.T) {
	s := subscriber(t)
	s.pass(t, "2026-08-20 10:00")
	s.subject.Announced = nil
	says(
		t,
		answered(t, s, report.English, "req-9", "2026-08-20 12:00"),
		"The deleted data are now listed in the journal of decisions only",
	)
}

func TestAnswer_NobodyIsSaidToBeNotifiedBeforeTheDelivery(t *testing.T) {
	s := subscriber(t)
	for i := range s.subject.Notices {
		for j := range s.subject.Notices[i].Notifications {
			s.subject.Notices[i].Notifications[j].Sent = nil
		}
	}
	text := answered(t, s, report.Polish, "req-9", "2026-06-01 12:00")
	says(t, text, "system newslettera: powiadomienie oczekuje na wysłanie")
	if strings.Contains(text, "powiadomiono,") {
		t.Errorf("nobody was notified:\n%s", text)
	}
}

// TestAnswer_EveryRightHasItsLetter writes a letter for each right and outcome.
func TestAnswer_EveryRightHasItsLetter(t *testing.T) {
	for _, lang := range languages() {
		var out strings.Builder
		for _, right := range []fact.Kind{
			fact.KindAccessRequest, fact.KindRectificationRequest, fact.KindRestriction, fact.KindPortabilityRequest,
			fact.KindObjection,
		} {
			for _, outcome := range []fact.Outcome{"", fact.OutcomeGranted, fact.OutcomePartly, fact.OutcomeRefused} {
				s := newScene(t)
				s.tell(
					t,
					"2026-03-05 12:00",
					fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1", Phone: fact.PresenceNone},
				)
				ask := fact.Fact{Kind: right, Ref: "req-1"}
				if right == fact.KindObjection {
					ask.Purposes = []string{"claims"}
				}
				s.tell(t, "2026-03-06 12:00", ask)
				if outcome != "" {
					s.tell(
						t,
						"2026-03-07 12:00",
						fact.Fact{Kind: fact.KindRequestDecided, Ref: "req-1", Outcome: outcome, Reason: "powód-1"},
					)
				}
				out.WriteString(
					"==== " + string(right) + " " + string(outcome) + "\n" + answered(t, s, lang, "req-1", "2026-03-08 12:00"),
				)
			}
		}
		golden(t, "answer-rights-"+string(lang)+".txt", out.String())
	}
}

func TestAnswer_AnObjectionToMarketingIsNeverRefused(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "f"})
	s.tell(t, "2026-03-06 12:00", fact.Fact{Kind: fact.KindObjection, Ref: "req-1", Purposes: []string{"offers"}})
	for _, r := range rights.Requests(s.policy, s.subject.Facts, at(t, "2026-03-07 12:00")) {
		if r.Ref == "req-1" {
			says(
				t,
				answered(t, s, report.Polish, "req-1", "2026-03-07 12:00"),
				"nie przetwarzamy już danych do celów marketingu",
			)
		}
	}
}

// TestAnswer_HasNoFixedLineEndsAndNoCommand: a letter is read on a telephone, by persons without a shell.
func TestAnswer_HasNoFixedLineEndsAndNoCommand(t *testing.T) {
	files, err := filepath.Glob("testdata/answer-*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no letters: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`rodopath [a-z]`).Match(data) {
			t.Errorf("%s names a command", file)
		}
		for line := range strings.Lines(string(data)) {
			if open := strings.Count(line, "("); open != strings.Count(line, ")") {
				t.Errorf("%s breaks a sentence: %s", file, line)
			}
		}
	}
}
