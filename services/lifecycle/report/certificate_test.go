package report_test

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/report"
)

func TestCertificate_ReadsAsTheFilesSay(t *testing.T) {
	c := &certificate.Certificate{
		Type:       certificate.Type,
		Decision:   "dec_aaycdaoyjcrjzxmb3wfrssdy",
		Subject:    "p-7f3a",
		Controller: "Sklep <Ani>",
		Policy:     "4a3db387e610",
		Effective:  at(t, "2026-06-01 00:00"),
		Decided:    at(t, "2026-06-01 10:00"),
		Confirmed:  at(t, "2026-06-03 12:30"),
		Categories: []certificate.Category{
			{Category: "contact"},
			{Category: "order", Records: 2},
		},
		Because: []string{"contract 6(1)(b)"},
		Recipients: []certificate.Recipient{
			{ID: "letters", Outcome: "done", At: at(t, "2026-06-02 10:00")},
			{ID: "crm", Name: "CRM", Outcome: "not_found", At: at(t, "2026-06-03 12:30")},
		},
		Person: []string{"hash-1", "hash-2"},
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	signed, err := certificate.Sign(c, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []report.Language{report.Polish, report.English} {
		var out strings.Builder
		if err := report.Certificate(&out, lang, lifecycletest.Policy(t), c, signed, certificate.PublicKey(key)); err != nil {
			t.Fatal(err)
		}
		golden(t, "certificate-"+string(lang)+".html", out.String())
		if strings.Contains(out.String(), "<Ani>") {
			t.Error("what others wrote is taken for markup")
		}
	}
}

// TestCertificate_WithoutRecipients says that no recipient was notified, and claims nothing about other systems.
func TestCertificate_WithoutRecipients(t *testing.T) {
	c := &certificate.Certificate{
		Type: certificate.Type, Decision: "dec_a", Subject: "p-7f3a", Controller: "Sklep",
		Decided: at(t, "2026-06-01 10:00"), Effective: at(t, "2026-06-01 00:00"),
		Categories: []certificate.Category{{Category: "contact"}},
	}
	signed, err := certificate.Sign(c, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[report.Language]string{
		report.Polish: "nie powiadomiono żadnego odbiorcy", report.English: "No recipient was notified",
	} {
		var out strings.Builder
		if err := report.Certificate(&out, lang, lifecycletest.Policy(t), c, signed, "key"); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{want, "p-7f3a</span>"} {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s: got %s, want %q", lang, out.String(), text)
			}
		}
		for _, claim := range []string{"0001", "Every recipient", "Każdy odbiorca"} {
			if strings.Contains(out.String(), claim) {
				t.Errorf("%s: the certificate says %q without a recipient", lang, claim)
			}
		}
	}
}

func TestConsentPage_ShowsEachStateAndNeverATickedBox(t *testing.T) {
	q := report.ConsentQuestion{Controller: "Sklep <Ani>", Text: "Wyrażam zgodę na <oferty>.", Language: "pl"}
	for state, says := range map[report.ConsentState][2]string{
		report.ConsentOpen:     {"Nie, dziękuję", "No, thank you"},
		report.ConsentUnticked: {"nie jest zaznaczone", "is not ticked"},
		report.ConsentAgreed:   {"Wycofuję zgodę", "I withdraw my consent"},
		report.ConsentDeclined: {"Nie mamy od Ciebie tej zgody", "We do not have this consent"},
		report.ConsentOver:     {"nie jest już aktualne", "no longer open"},
	} {
		q.State = state
		for i, lang := range []report.Language{report.Polish, report.English} {
			var out strings.Builder
			if err := report.ConsentPage(&out, lang, q); err != nil {
				t.Fatal(err)
			}
			page := out.String()
			asks := state == report.ConsentOpen || state == report.ConsentUnticked
			switch {
			case !strings.Contains(page, says[i]):
				t.Errorf("%s in %s does not say %q", state, lang, says[i])
			case strings.Contains(page, `type="checkbox" name`) != asks || strings.Contains(page, "checked"):
				t.Errorf("%s: the box is wrong", state)
			case strings.Contains(page, "<script") || strings.Contains(page, "http"):
				t.Errorf("%s loads something", state)
			case strings.Contains(page, "<Ani>") || strings.Contains(page, "<oferty>"):
				t.Errorf("%s takes text for markup", state)
			}
		}
	}
}

func TestConsentPage_StatesTheEffectOfAWithdrawalBeforeTheConsent(t *testing.T) {
	for lang, want := range map[report.Language]string{
		report.Polish:  "Wycofanie zgody nie wpływa na zgodność z prawem przetwarzania, którego dokonano przed jej wycofaniem.",
		report.English: "The withdrawal does not affect the lawfulness of earlier processing.",
	} {
		var out strings.Builder
		q := report.ConsentQuestion{Controller: "Sklep Ani", State: report.ConsentOpen, Text: "Zgadzam się.", Language: "pl"}
		if err := report.ConsentPage(&out, lang, q); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, want) {
			t.Errorf("got a page in %s without %q:\n%s", lang, want, got)
		}
	}
}
