package mail_test

import (
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/mail"
	"github.com/rodopath/rodopath/services/internal/mail/mailtest"
)

func loaded(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Load("", []string{"RODOPATH_MAIL=" + text})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSend_ArrivesAsPlainText(t *testing.T) {
	sink := mailtest.New(t)
	s, err := mail.New(loaded(t, `{smtp: "`+sink.URL+`", from: "Zielona Nitka <sklep@example.com>"}`))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(
		t.Context(),
		mail.Message{To: []string{"ala@example.com"}, Subject: "Kod: zażółć", Text: "Twój kod: 42\n"},
	)
	if err != nil {
		t.Fatal(err)
	}
	got := sink.Next(t)
	if got.To != "ala@example.com" || got.Subject != "Kod: zażółć" || !strings.Contains(got.Text, "Twój kod: 42") {
		t.Errorf("got %+v", got)
	}
}

func TestSend_AnErrorNamesNobody(t *testing.T) {
	sink := mailtest.New(t)
	sink.Refuse("550 no mailbox ala@example.com")
	s, err := mail.New(loaded(t, `{smtp: "`+sink.URL+`", from: "sklep@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), mail.Message{To: []string{"ala@example.com"}, Subject: "s", Text: "t"})
	if err == nil || strings.Contains(err.Error(), "ala") {
		t.Errorf("got %v, want an error without an address", err)
	}
}

func TestNew_SendsInTheClearOnThisMachineAlone(t *testing.T) {
	_, err := mail.New(loaded(t, `{smtp: "smtp+plain://mail.example.com:25", from: "sklep@example.com"}`))
	if err == nil || !strings.Contains(err.Error(), "smtps://") {
		t.Errorf("got %v, want an error with the remedy", err)
	}
	if s, err := mail.New(&config.Config{}); s != nil || err != nil {
		t.Errorf("without a server: got %v, %v", s, err)
	}
}
