package report

import (
	"reflect"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func TestParseLanguage_KnowsTwo(t *testing.T) {
	for in, want := range map[string]Language{"": English, "en": English, "pl": Polish} {
		if got, err := ParseLanguage(in); err != nil || got != want {
			t.Errorf("%q is %q, %v", in, got, err)
		}
	}
	if _, err := ParseLanguage("de"); err == nil || !strings.Contains(err.Error(), `"de"`) {
		t.Errorf("German: %v", err)
	}
}

func TestNamed_FallsBackOnOneNameAndThenOnTheID(t *testing.T) {
	for _, c := range []struct {
		names map[string]string
		want  Text
	}{
		{map[string]string{"pl": "a", "en": "b"}, Text{"a", "b"}},
		{map[string]string{"": "c", "pl": "a"}, Text{"a", "c"}},
		{map[string]string{"": "c"}, Text{"c", "c"}},
		{nil, Text{"id", "id"}},
	} {
		if got := Named(c.names, "id"); got != c.want {
			t.Errorf("%v is named %v", c.names, got)
		}
	}
}

func TestWords_NothingIsUnsaidAndNothingIsSaidInOneLanguageOnly(t *testing.T) {
	for _, pair := range [][2]any{
		{Polish.explanation(), English.explanation()}, {Polish.letter(), English.letter()}, {Polish.page(), English.page()},
		{Polish.remarks(), English.remarks()}, {Polish.pageEnd(), English.pageEnd()},
	} {
		pl, en := reflect.ValueOf(pair[0]), reflect.ValueOf(pair[1])
		for i := range pl.NumField() {
			a, b := pl.Field(i).String(), en.Field(i).String()
			if !pl.Type().Field(i).Anonymous && (a == "" || b == "" || a == b) {
				t.Errorf("%s.%s says %q and %q", pl.Type(), pl.Type().Field(i).Name, a, b)
			}
		}
	}
	check := func(what, name string, say func(Language) string) {
		// What is not known is said by its own name, in both languages alike.
		if pl, en := say(Polish), say(English); pl == "" || pl == en {
			t.Errorf("%s %s says %q and %q", what, name, pl, en)
		}
	}
	for _, k := range append(fact.Kinds(), fact.KindRequested) {
		check("kind", string(k), func(l Language) string { return l.kind(k) + l.of(string(k)) })
	}
	for _, trait := range fact.Traits() {
		check("trait", trait, func(l Language) string { return l.trait(trait) })
	}
	for _, a := range fact.Accesses() {
		check("access", string(a), func(l Language) string { return l.access(a) })
	}
	for _, s := range states() {
		check("state", string(s), func(l Language) string { return l.state(s) })
	}
	for _, f := range flaws() {
		for i := range 3 {
			check("flaw", string(f), func(l Language) string {
				a, b, c := l.flaw(f)
				return []string{a, b, c}[i]
			})
		}
	}
	for _, s := range []rights.State{
		rights.StateReceived, rights.StateVerified, rights.StateDecided, rights.StateAnswered,
		rights.StateMistaken,
	} {
		check("request", string(s), func(l Language) string { return l.progress(s) })
	}
	for _, o := range []fact.Outcome{fact.OutcomeGranted, fact.OutcomePartly, fact.OutcomeRefused, fact.OutcomeMistaken} {
		check("outcome", string(o), func(l Language) string { return l.outcome(o) })
	}
	for _, o := range []fact.Outcome{"done", "partial", "held", "not_found", "refused"} {
		check("receipt", string(o), func(l Language) string { return l.receipt(o) })
	}
	for _, b := range []rights.UseReason{rights.ReasonRestricted, rights.ReasonObjection, rights.ReasonErasure} {
		check("ban", string(b), func(l Language) string { return l.ban(b) })
	}
	for _, a := range []string{"6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)", "17(3)(a)", "17(3)(b)", "17(3)(c)", "17(3)(d)", "17(3)(e)", "18(1)(b)"} {
		check("article", a, func(l Language) string { return l.articleMeaning(a) })
	}
}

func states() []rules.ConsentState {
	return []rules.ConsentState{
		rules.ConsentNone,
		rules.ConsentAsked,
		rules.ConsentPending,
		rules.ConsentGiven,
		rules.ConsentUnproven,
		rules.ConsentRefused,
		rules.ConsentWithdrawn,
		rules.ConsentObjected,
		rules.ConsentExpired,
		rules.ConsentInvalidated,
	}
}

func flaws() []rules.Flaw {
	return []rules.Flaw{
		rules.FlawWording, rules.FlawTime, rules.FlawTrace, rules.FlawUnconfirmed,
		rules.FlawPreticked, rules.FlawForced, rules.FlawChild, rules.FlawUnproven, rules.FlawAddress,
	}
}

func TestPeriod_IsSaidInWords(t *testing.T) {
	for text, want := range map[string]Text{
		"14 days after performance, next working day": {
			"14 dni od wykonania umowy; jeżeli ostatni dzień jest sobotą lub dniem wolnym od pracy, do następnego dnia roboczego",
			"14 days after the performance of the contract; if the last day is a Saturday, a Sunday or a public holiday, to the next working day",
		},
		"5 years after end_of_year of sale":             {"5 lat od końca roku sprzedaży", "5 years after the end of the year of the sale"},
		"end_of_year of 6 years after sale":             {"do końca roku, w którym minie 6 lat od sprzedaży", "until the end of the year in which 6 years from the sale are over"},
		"end_of_month of 3 months after sale":           {"do końca miesiąca, w którym miną 3 miesiące od sprzedaży", "until the end of the month in which 3 months from the sale are over"},
		"end_of_month of refund":                        {"do końca miesiąca zwrotu pieniędzy", "until the end of the month of the refund"},
		"1 year after end_of_year of complaint_settled": {"1 rok od końca roku rozpatrzenia reklamacji", "1 year after the end of the year of the settlement of the complaint"},
		"5 years after end_of_year of vat_due":          {"5 lat od końca roku, w którym przypada termin zapłaty VAT", "5 years after the end of the year of the day on which VAT is due"},
		"22 weeks after our_term":                       {"22 tygodnie od „our term”", "22 weeks after “our term”"},
		"access_end":                                    {"do końca dostępu", "until the end of access"},
		"6 months after last sale; or, if earlier, 1 day after refund": {
			"6 miesięcy od sprzedaży (decyduje ostatnie zdarzenie); albo, jeśli to wcześniej: 1 dzień od zwrotu pieniędzy",
			"6 months after the sale (the last event counts); or, if earlier: 1 day after the refund",
		},
		"25th of the month after act":      {"do 25. dnia miesiąca następującego po miesiącu ostatniego takiego zdarzenia", "until day 25 of the month after the last such event"},
		"30 April of the year after act":   {"do 30 kwietnia roku następującego po roku ostatniego takiego zdarzenia", "until 30 April of the year after the last such event"},
		"72 hours after 2 days after sale": {"72 godziny od upływu 2 dni od sprzedaży", "72 hours after 2 days after the sale"},
		"10 moons after sale":              {"„10 moons after sale”", "“10 moons after sale”"},
		"no such words":                    {"„no such words”", "“no such words”"},
	} {
		if got := both(func(l Language) string { return l.period(text) }); got != want {
			t.Errorf("%q is said\n %q\n %q", text, got.PL, got.EN)
		}
	}
}

func TestDate_IsWrittenAsInALetter(t *testing.T) {
	if pl, en := Polish.date(
		"2031-12-01",
	), English.date(
		"2031-12-01",
	); pl != "1 grudnia 2031 r." ||
		en != "1 December 2031" {
		t.Errorf("got %q and %q", pl, en)
	}
	if got := Polish.date("never"); got != "never" {
		t.Errorf("what is no date is %q", got)
	}
}

func TestCite_IsWrittenAsLawyersDo(t *testing.T) {
	for in, want := range map[string]Text{
		"6(1)(c)": {"art. 6 ust. 1 lit. c RODO", "Art. 6(1)(c) GDPR"}, "7(3)": {"art. 7 ust. 3 RODO", "Art. 7(3) GDPR"}, "15": {"art. 15 RODO", "Art. 15 GDPR"},
	} {
		if got := both(func(l Language) string { return l.cite(in) }); got != want {
			t.Errorf("%s is cited %q and %q", in, got.PL, got.EN)
		}
	}
}

func TestStateTerm_EveryStateHasOne(t *testing.T) {
	for _, s := range states() {
		if term := stateTerm(
			s,
		); !strings.HasPrefix(term, "dpv:Consent") ||
			(term == "dpv:ConsentGiven") != (s == rules.ConsentGiven) {
			t.Errorf("%s is %s", s, term)
		}
	}
}

func TestAlarm_IsSaidInPolishByItsKind(t *testing.T) {
	for key, want := range map[string]string{
		"overdue:req-1":                          "wniosek req-1 pozostał bez odpowiedzi w terminie (do 2026-07-01), art. 12 ust. 3 RODO",
		"listed:f:letters":                       "platforma letters wykazuje osobę jako aktywnego odbiorcę, mimo że osoba odmówiła zgody lub ją wycofała (2026-07-01): wypisz tam osobę z listy, chyba że ponownie udzieliła zgody; wtedy zapisz dowód zgody",
		"signup:f:":                              "platforma podaje zapis bez własnego dowodu, mimo że osoba odmówiła zgody lub ją wycofała (2026-07-01): wypisz tam osobę z listy, chyba że ponownie udzieliła zgody; wtedy zapisz dowód zgody",
		"hold:f":                                 "blokada usunięcia jest spóźniona albo dotyczy danych, które nie są przechowywane (usunięto 2026-07-01)",
		"refused:dec_1:crm:f":                    "odbiorca crm odmawia wykonania decyzji dec_1: przyczynę podaje „rodopath decisions”",
		"lost:dec_1:crm:contact":                 "odbiorca crm usunął dane (contact, decyzja dec_1, potwierdzenie z 2026-07-01), mimo że podstawa znów obowiązuje: poproś osobę o te dane ponownie",
		"irrevocable:dec_1:crm:f":                "odbiorca crm wykonał decyzję przed jej cofnięciem (dec_1) i nie może wszystkiego przywrócić: przyczynę podaje „rodopath decisions --all”",
		"unconfirmed:dec_1:crm:2026-07-01T00:00": "odbiorca crm nie potwierdził usunięcia na podstawie decyzji dec_1 (termin 2026-07-01): zapytaj odbiorcę albo wyślij decyzję ponownie („replay”)",
		"failed:dec_1:crm:f":                     "decyzji dec_1 nie udało się doręczyć odbiorcy crm: przyczynę podaje „rodopath decisions”; wyślij decyzję ponownie („replay”)",
		"retracted:dec_1:crm:f":                  "odbiorca crm wycofuje potwierdzenie wykonania decyzji dec_1: przyczynę podaje „rodopath decisions”",
		"stranger:dec_1:crm:f":                   "odbiorca crm odpowiada na decyzję dec_1, o której nie został powiadomiony",
		"unfinished:order-1":                     "za order-1 zapłacono 2026-07-01, a wykonania umowy nie odnotowano: zrealizuj lub anuluj zamówienie w sklepie, aby można było usunąć dane",
		"accounts:p-2":                           "platforma przypisuje jedno konto lub jeden adres tej osobie i profilowi p-2, a oba profile były już znane; nie połączono ich: jeżeli to jedna osoba, połącz je poleceniem „rodopath subject join”", //nolint:misspell // Polish
		"other:f":                                "was to be answered by 2026-07-01",
	} {
		e := chain.Entry{Key: key, Text: "was to be answered by 2026-07-01"}
		if got := Polish.alarm(&e); got != want {
			t.Errorf("%s says %q", key, got)
		}
		if got := English.alarm(&e); got != e.Text {
			t.Errorf("%s says %q", key, got)
		}
	}
	for _, key := range []string{"doubt:f", "forced:f", "told:f", "years:r"} {
		if got := Polish.alarm(&chain.Entry{Key: key, Text: "text"}); got == "text" {
			t.Errorf("%s is not said in Polish", key)
		}
	}
}

func TestTable_BreaksBetweenWordsAndMovesNoCursor(t *testing.T) {
	table := Table{Widths: []int{8}}
	table.Row("one two three", "x\x1b[31m\u202e\r\nz")
	table.Row("four", "y")
	var out strings.Builder
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	if want := "one two  x\ufffd[31m\ufffd  z\nthree\nfour     y\n"; out.String() != want {
		t.Errorf("got\n%q", out.String())
	}
}

func TestConsentPage_ShowsNothingThatReordersText(t *testing.T) {
	var out strings.Builder
	q := ConsentQuestion{Controller: "Shop\u202e\x1b[2K", State: ConsentOpen, Text: "Yes\u200b\u2066", Language: "en"}
	if err := ConsentPage(&out, English, q); err != nil {
		t.Fatal(err)
	}
	if page := out.String(); strings.ContainsAny(page, "\u202e\x1b\u200b\u2066") || !strings.Contains(page, "Shop\ufffd") {
		t.Errorf("got %q", page)
	}
}

func TestOtherNames_FollowsEveryLink(t *testing.T) {
	facts := []fact.Fact{
		{Ref: "c", Links: []string{"b"}},
		{Ref: "a", Links: []string{"b"}},
		{Ref: "z"},
		{Links: []string{"a"}},
	}
	if got := strings.Join(otherNames(&rules.Policy{}, facts, "a"), " "); got != "b c" {
		t.Errorf("the other names of a are %q", got)
	}
	if got := otherNames(&rules.Policy{}, facts, ""); got != nil {
		t.Errorf("no record has names: %v", got)
	}
}
