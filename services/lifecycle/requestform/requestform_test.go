package requestform_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/requestform"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// plain seals nothing, for tests of what the ticket itself holds.
type plain struct{}

func (plain) SealText(text string) ([]byte, error)   { return []byte(text), nil }
func (plain) OpenText(sealed []byte) (string, error) { return string(sealed), nil }

func issued(t *testing.T, code string) string {
	t.Helper()
	text, err := requestform.Issue(plain{}, requestform.Ticket{Email: "ala@example.com", Right: "erasure", At: now}, code)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTicket_TakesItsCodeAlone(t *testing.T) {
	code := requestform.NewCode()
	ticket, err := requestform.Open(plain{}, issued(t, code), now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{code, strings.ToLower(code), " " + code[:4] + "-" + code[4:] + " "} {
		if err := ticket.Check(written); err != nil {
			t.Errorf("%q: got %v, want it to pass", written, err)
		}
	}
	for _, wrong := range []string{"", requestform.NewCode(), code[:7]} {
		if err := ticket.Check(wrong); !errors.Is(err, requestform.ErrCode) {
			t.Errorf("%q: got %v, want %v", wrong, err, requestform.ErrCode)
		}
	}
}

// TestTicket_TheCodeIsOfItsMailbox: a code for one's own mailbox opens no ticket for another.
func TestTicket_TheCodeIsOfItsMailbox(t *testing.T) {
	code := requestform.NewCode()
	mine, err := base64.RawURLEncoding.DecodeString(issued(t, code))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(mine), "ala@example.com", "ola@example.com", 1)
	ticket, err := requestform.Open(plain{}, base64.RawURLEncoding.EncodeToString([]byte(other)), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Check(code); !errors.Is(err, requestform.ErrCode) {
		t.Errorf("got %v, want %v", err, requestform.ErrCode)
	}
}

func TestOpen_RefusesWhatIsOldOrForeign(t *testing.T) {
	text := issued(t, requestform.NewCode())
	for name, c := range map[string]struct {
		text string
		at   time.Time
	}{
		"old": {text, now.Add(requestform.Life + time.Second)}, "of the future": {text, now.Add(-time.Second)},
		"no base64": {"%", now}, "no JSON": {"abcd", now}, "empty": {"", now},
	} {
		if _, err := requestform.Open(plain{}, c.text, c.at); !errors.Is(err, requestform.ErrExpired) {
			t.Errorf("%s: got %v, want %v", name, err, requestform.ErrExpired)
		}
	}
}

func TestQuota_BoundsMailsToAMailboxAndOfASender(t *testing.T) {
	q := requestform.NewQuota()
	sent := func(mailbox, sender string, at time.Time) bool { return q.Allow(mailbox, sender, at) }
	for i := range 4 {
		if got, want := sent("ala@example.com", fmt.Sprint("sender", i), now), i < 3; got != want {
			t.Errorf("mail %d to one mailbox: got %v, want %v", i+1, got, want)
		}
	}
	n := 0
	for i := range 30 {
		if sent(fmt.Sprintf("victim%d@example.com", i), "one", now) {
			n++
		}
	}
	if n != 10 {
		t.Errorf("mails of one sender: got %d, want 10", n)
	}
	for i := range 500 {
		if sent(fmt.Sprintf("m%d@example.com", i), fmt.Sprint("bot", i), now) {
			n++
		}
	}
	if n != 197 {
		t.Errorf("mails in all: got %d, want 200 with the three to Ala", n)
	}
	if !sent("late@example.com", "late", now.Add(time.Hour)) {
		t.Error("the quota does not come back")
	}
}
