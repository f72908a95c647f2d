package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/report"
)

func explained(t *testing.T, s *scene, lang report.Language, person []string, when string) string {
	t.Helper()
	return written(t, func(w *bytes.Buffer) error {
		return report.Explain(w, lang, s.policy, person, lifecycle.Explain(s.policy, s.subject, at(t, when)), s.journal)
	})
}

func languages() []report.Language { return []report.Language{report.Polish, report.English} }

// says fails where a text does not say something, whatever its lines are broken like.
func says(t *testing.T, text string, wants ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, want := range wants {
		if !strings.Contains(flat, want) {
			t.Errorf("nothing says %q in:\n%s", want, text)
		}
	}
}

func TestExplain_ReadsAsTheFilesSay(t *testing.T) {
	for _, lang := range languages() {
		s := customer(t)
		golden(
			t,
			"explain-customer-"+string(lang)+".txt",
			explained(t, s, lang, []string{"ala@example.com", "stripe:cus_1"}, "2026-07-20 12:00"),
		)
		e := eraser(t)
		golden(t, "explain-eraser-"+string(lang)+".txt", explained(t, e, lang, nil, "2028-06-02 12:00"))
	}
}

func TestExplain_StaysWithinAHundredColumns(t *testing.T) {
	for _, lang := range languages() {
		for line := range strings.Lines(explained(t, customer(t), lang, []string{"ala@example.com"}, "2026-07-20 12:00")) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 100 {
				t.Errorf("%s: %d columns: %s", lang, n, line)
			}
		}
	}
}

func TestExplain_SaysEachThing(t *testing.T) {
	s := customer(t)
	text := map[report.Language]string{}
	for _, lang := range languages() {
		text[lang] = explained(t, s, lang, []string{"ala@example.com"}, "2026-07-20 12:00")
	}
	says(
		t,
		text[report.English],
		"MAY BE HELD LAST DAY RETENTION END BASIS SINCE FACTS",
		"tax: tax documents, Art. 6(1)(c) GDPR (a legal obligation)",
		"law Ordynacja podatkowa art. 70",
		"exception Art. 17(3)(b) GDPR",
		"[5 years after end_of_year of sale]",
		"place the default policy, line",
		"[2] sale 2026-03-05 order-1 → last day 2031-12-31",
		"CONSENTS newsletter by e-mail given since 2026-03-01 provable: newsletter-editorial",
		"OVERDUE: answer was due by",
		"RECEIPTS",
		"newsletter service deletion withheld,",
		"QUESTIONS FOR CONSENT",
		"MAY NO LONGER BE HELD phone number basis lapsed 2026-03-20 00:00",
		"DELETED DATA AND REASONS (journal) 2026-03-20 00:00 phone number lapsed: contract 6(1)(b) revision "+s.policy.Revision,
		"ALARMS 2026-07-02 00:00 access_request req-1 was to be answered by 2026-07-01",
	)
	says(
		t,
		text[report.Polish],
		"WOLNO PRZECHOWYWAĆ OSTATNI DZIEŃ KONIEC OKRESU PODSTAWA OD ZDARZENIA",
		"tax: dokumenty podatkowe, art. 6 ust. 1 lit. c RODO (obowiązek prawny)",
		"przepis Ordynacja podatkowa art. 70",
		"wyjątek art. 17 ust. 3 lit. b RODO",
		"5 lat od końca roku sprzedaży",
		"miejsce polityka domyślna, wiersz",
		"[2] sprzedaż 2026-03-05 order-1 → ostatni dzień 2031-12-31",
		"ZGODY newsletter, e-mail udzielona od 2026-03-01 możliwa do wykazania: newsletter-editorial",
		"PO TERMINIE: termin odpowiedzi",
		"POTWIERDZENIA ODBIORCÓW",
		"system newslettera usunięcie wstrzymane,",
		"PYTANIA O ZGODĘ",
		"NIE WOLNO JUŻ PRZECHOWYWAĆ numer telefonu podstawa ustała 2026-03-20 00:00",
		"USUNIĘTE DANE I PRZYCZYNY (dziennik) 2026-03-20 00:00 numer telefonu ustały: wykonanie umowy, wersja "+s.policy.Revision,
		"ALARMY 2026-07-02 00:00 wniosek req-1 pozostał bez odpowiedzi w terminie (do 2026-07-01)",
	)
}

func TestExplain_SaysWhatMayNotBeUsed(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1"})
	s.tell(
		t,
		"2026-03-10 12:00",
		fact.Fact{Kind: fact.KindRestriction, Ref: "req-1", Traits: []string{fact.TraitForClaims}},
	)
	s.tell(
		t,
		"2026-03-11 12:00",
		fact.Fact{Kind: fact.KindObjection, Ref: "req-2", Purposes: []string{"claims"}},
	)
	says(
		t,
		explained(t, s, report.English, nil, "2026-03-12 12:00"),
		"a person whose address is deleted",
		"RESTRICTIONS ON USE any use restriction of processing",
		"(Art. 18(2) GDPR)",
		"since 2026-03-10",
		"claims an objection not decided",
		"the person needs the data for claims",
	)
	says(
		t,
		explained(t, s, report.Polish, nil, "2026-03-12 12:00"),
		"został już usunięty",
		"OGRANICZENIA WYKORZYSTANIA każde wykorzystanie ograniczenie przetwarzania",
		"(art. 18 ust. 2 RODO)",
		"ustalenie, dochodzenie lub nierozstrzygnięty sprzeciw",
		"do zniesienia ograniczenia",
	)
}

func TestExplain_SaysWhatStaysOfADeletedPerson(t *testing.T) {
	s := newScene(t)
	s.tell(
		t,
		"2026-03-01 10:00",
		fact.Fact{Kind: fact.KindSignup, Source: "letters", Wording: "newsletter-offers"},
	)
	s.tell(t, "2026-04-01 10:00", fact.Fact{Kind: fact.KindUnsubscribe, Source: "letters"})
	s.pass(t, "2026-05-10 10:00")
	mark := func(ref string) string { return "hash-of-" + ref }
	again := chain.NewDecisionEntry(&decision.Decision{
		At: at(t, "2026-05-11 10:00"),
		Decision: stream.Decision{Kind: stream.KindDelete, Delete: &stream.Delete{
			Again: true, Items: []stream.Item{{Category: "order", Ref: "order-1"}},
		}},
	}, mark)
	forgotten := chain.NewNoteEntry(&chain.Note{Kind: chain.KindClosed, At: at(t, "2026-05-12 10:00")}, mark)
	absorbed := chain.NewNoteEntry(
		&chain.Note{Kind: chain.KindMerged, Text: "p-other", At: at(t, "2026-05-12 11:00")},
		mark,
	)
	later := chain.NewNoteEntry(
		&chain.Note{Kind: chain.KindAlarm, Text: "of tomorrow", At: at(t, "2026-05-14 11:00")},
		mark,
	)
	s.journal = append(s.journal, again, forgotten, absorbed, later)
	english := explained(t, s, report.English, nil, "2026-05-13 10:00")
	says(t, english,
		"2026-04-01 10:00 e-mail address and name,",
		"2026-05-11 10:00 again: order and payment", "#hash-of-", "no data left, the subject was removed",
		"merged with subject p-other", "TOMBSTONE", "Until 2029-04-01 only the time of the full erasure is kept",
		"All data of the person were deleted on 2026-04-01", "newsletter by e-mail withdrawn since 2026-04-01")
	if strings.Contains(english, "of tomorrow") {
		t.Error("the journal tells of what is later than the instant asked about")
	}
	says(
		t,
		explained(t, s, report.Polish, nil, "2026-05-13 10:00"),
		"ponownie: zamówienie i",
		"#hash-of-",
		"nie ma już danych, profil usunięto",
		"połączono z profilem p-other",
		"ZNACZNIK USUNIĘCIA",
		"Wszystkie dane osoby usunięto 2026-04-01",
	)
}

func TestExplain_OfNobodySaysThatNothingMayBeHeld(t *testing.T) {
	s := newScene(t)
	says(t, explained(t, s, report.Polish, nil, "2026-05-13 10:00"), "Nie ma danych, które wolno przechowywać.")
	says(t, explained(t, s, report.English, nil, "2026-05-13 10:00"), "No data may be held.")
}

func TestExplain_NamesFromOutsideMoveNoCursor(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order\x1b[2J\t1"})
	if text := explained(
		t,
		s,
		report.English,
		[]string{"a\x1b[31m@example.com"},
		"2026-03-06 12:00",
	); strings.ContainsAny(
		text,
		"\x1b\t",
	) {
		t.Errorf("control characters are written: %q", text)
	}
}

func TestExplain_ShowsWhatWasSentOnceMoreAndWhatIsConfirmed(t *testing.T) {
	s := subscriber(t)
	note := chain.Entry{
		At:       at(t, "2026-07-21 12:00"),
		Kind:     chain.KindReplay,
		Decision: "dec_1",
		Text:     chain.SentAgainTo + "crm",
	}
	toAll := note
	toAll.Text = chain.SentAgainTo + chain.AllNotified
	done := chain.Entry{
		At:       at(t, "2026-07-22 12:00"),
		Kind:     chain.KindConfirmed,
		Decision: "dec_1",
		Text:     string(notice.StateConfirmed),
	}
	s.journal = append(s.journal, note, toAll, done)
	says(
		t,
		explained(t, s, report.English, nil, "2026-08-20 12:00"),
		"replay for crm dec_1",
		"replay for all recipients dec_1",
		"deletion confirmed dec_1",
	)
	says(
		t,
		explained(t, s, report.Polish, nil, "2026-08-20 12:00"),
		"ponowienie dla: crm dec_1",
		"usunięcie potwierdzone dec_1",
	)
	if got := report.Of(
		s.policy,
		nil,
		s.subject,
		at(t, "2026-08-20 12:00"),
		s.journal,
	); len(
		got.Deleted,
	) != len(
		report.Of(s.policy, nil, s.subject, at(t, "2026-07-20 12:00"), s.journal).Deleted,
	) {
		t.Error("the export takes what was sent once more for another deletion")
	}
}

func TestExplain_WithoutRecipientsNobodyWasTold(t *testing.T) {
	s := newScene(t)
	s.policy.Connected = nil
	s.tell(
		t,
		"2026-03-05 12:00",
		fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1", Phone: fact.PresenceGiven},
	)
	s.pass(t, "2026-03-21 00:00")
	for lang, want := range map[report.Language]string{
		report.English: "nobody was told", report.Polish: "nikogo nie powiadomiono",
	} {
		text := explained(t, s, lang, nil, "2026-03-21 12:00")
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("got\n%s\nwant %q", text, want)
		}
	}
}
