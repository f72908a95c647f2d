package standalone_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/internal/mail/mailtest"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// formed is a machine with the form for requests, whose mail arrives in a sink.
func formed(t *testing.T, more string) (*machine, *mailtest.Sink) {
	t.Helper()
	sink := mailtest.New(t)
	m := start(t, withRecipients(t, fmt.Sprintf(`contact: {address: "ul. Długa 1, Warszawa", email: kontakt@example.com}
public_url: https://hooks.example.com
privacy_notice: https://shop.example.com/privacy
request_form: true
mail: {smtp: %q, from: "Zielona Nitka <kontakt@example.com>"}
%s`, sink.URL, more)), nil)
	return m, sink
}

// submit sends a form of the public address, and follows to the page that answers.
func (m *machine) fillIn(path string, form url.Values) (status int, page, at string) {
	m.t.Helper()
	res, err := http.PostForm(m.Control.Webhooks+path, form)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Request.URL.String()
}

var (
	hiddenTicket = regexp.MustCompile(`name="t" value="([^"]+)"`)
	mailedCode   = regexp.MustCompile(`: ([2-9A-Z]{4}-[2-9A-Z]{4})`)
)

// asked sends the form and returns the ticket of the page and the code of the mail.
func (m *machine) asked(sink *mailtest.Sink, form url.Values) (ticket, code string) {
	m.t.Helper()
	status, page, _ := m.fillIn("/request", form)
	found := hiddenTicket.FindStringSubmatch(page)
	if status != http.StatusOK || found == nil {
		m.t.Fatalf("the form: got %d\n%s", status, page)
	}
	got := sink.Next(m.t)
	for strings.Contains(got.Subject, "podsumowanie") { // of the week, to the owner, at any time
		got = sink.Next(m.t)
	}
	if got.To != form.Get("email") {
		m.t.Errorf("the code went to %s, want %s", got.To, form.Get("email"))
	}
	sent := mailedCode.FindStringSubmatch(got.Text)
	if sent == nil {
		m.t.Fatalf("the mail has no code:\n%s", got.Text)
	}
	return found[1], sent[1]
}

func (m *machine) openRequests() []string {
	m.t.Helper()
	var list struct {
		Requests []struct {
			Ref, Right, State string
			Person            []string
		}
	}
	m.get("/v1/requests", &list)
	var out []string
	for _, r := range list.Requests {
		out = append(out, fmt.Sprint(r.Right, " ", r.State, " ", r.Person))
	}
	return out
}

// TestForm_ARequestNeedsTheCodeOfTheMailbox goes from the form to the open request, with the confirmation to the person
// and the words to the owner, and records a request once.
func TestForm_ARequestNeedsTheCodeOfTheMailbox(t *testing.T) {
	m, sink := formed(t, "notify: {to: [anna@example.com]}\n")
	defer m.stop()
	ticket, code := m.asked(sink, url.Values{
		"right": {"access"}, "email": {"ala@example.com"}, "words": {"Zamówienie 17, proszę o kopię."},
	})
	if got := m.openRequests(); len(got) != 0 {
		t.Errorf("before the code: got %q, want none", got)
	}
	status, page, _ := m.fillIn("/request/code", url.Values{"t": {ticket}, "code": {"2222-2222"}})
	if status != http.StatusForbidden || !strings.Contains(page, "Kod jest nieprawidłowy") {
		t.Errorf("a wrong code: got %d\n%s", status, page)
	}
	status, page, at := m.fillIn("/request/code", url.Values{"t": {ticket}, "code": {strings.ToLower(code)}})
	if status != http.StatusOK || !strings.Contains(page, "Twój wniosek został złożony") || strings.Contains(at, "ala") {
		t.Fatalf("the right code: got %d at %s\n%s", status, at, page)
	}
	m.settle()
	if got := m.openRequests(); len(got) != 1 || got[0] != "access_request verified [ala@example.com]" {
		t.Errorf("got %q, want the verified request", got)
	}
	mails := map[string]string{}
	for len(mails) < 2 {
		got := sink.Next(t)
		if !strings.Contains(got.Subject, "podsumowanie") {
			mails[got.To] = got.Subject + "\n" + got.Text
		}
	}
	if got := mails["ala@example.com"]; !strings.Contains(got, "Otrzymaliśmy Twój wniosek") ||
		!strings.Contains(got, "art. 12 ust. 3") {
		t.Errorf("the confirmation: %s", got)
	}
	if got := mails["anna@example.com"]; !strings.Contains(got, "Nowy wniosek form-") ||
		!strings.Contains(got, "Zamówienie 17") ||
		strings.Contains(got, "ala@") {
		t.Errorf("the notification: %s", got)
	}
	if status, _, _ := m.fillIn("/request/code", url.Values{"t": {ticket}, "code": {code}}); status != http.StatusOK {
		t.Errorf("the same code again: got %d, want the same page", status)
	}
	m.settle()
	if got := m.openRequests(); len(got) != 1 || sink.Waiting() > 1 {
		t.Errorf("the same code again: got %q and %d mails, want one request", got, sink.Waiting())
	}
}

// TestForm_SaysNothingOfWhomItKnows: the pages about a customer and about a stranger differ in nothing.
func TestForm_SaysNothingOfWhomItKnows(t *testing.T) {
	m, sink := formed(t, "")
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ala@example.com", m.openedAt()))
	m.settle()
	pages := map[string]string{}
	for _, email := range []string{"ala@example.com", "stranger@example.com"} {
		_, page, _ := m.fillIn("/request", url.Values{"right": {"erasure"}, "email": {email}})
		pages[email] = hiddenTicket.ReplaceAllString(page, "")
		pages[email] = regexp.MustCompile(`t=[^&"]+`).ReplaceAllString(pages[email], "")
		sink.Next(t)
	}
	if pages["ala@example.com"] != pages["stranger@example.com"] {
		t.Errorf("the pages differ:\n%s\n%s", pages["ala@example.com"], pages["stranger@example.com"])
	}
}

// TestForm_RefusesWhatNobodyWrites: fields that are missing, programs that fill the trap, tickets of others.
func TestForm_RefusesWhatNobodyWrites(t *testing.T) {
	m, sink := formed(t, "")
	defer m.stop()
	for name, form := range map[string]url.Values{
		"no right":        {"email": {"ala@example.com"}},
		"an unknown one":  {"right": {"everything"}, "email": {"ala@example.com"}},
		"no address":      {"right": {"erasure"}, "email": {"stripe:cus_1"}},
		"two addresses":   {"right": {"erasure"}, "email": {"ala@example.com, ola@example.com"}},
		"a header inside": {"right": {"erasure"}, "email": {"ala@example.com\r\nBcc: ola@example.com"}},
		"the trap":        {"right": {"erasure"}, "email": {"ala@example.com"}, "website": {"https://spam.example"}},
		"long words":      {"right": {"erasure"}, "email": {"ala@example.com"}, "words": {strings.Repeat("a", 2001)}},
	} {
		if status, page, _ := m.fillIn("/request", form); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d, want 422\n%s", name, status, page)
		}
	}
	if n := sink.Waiting(); n != 0 {
		t.Errorf("got %d mails, want none", n)
	}
	for _, ticket := range []string{"", "abc", "AAAA"} {
		if status, _, _ := m.fillIn(
			"/request/code",
			url.Values{"t": {ticket}, "code": {"2222-2222"}},
		); status != http.StatusGone {
			t.Errorf("the ticket %q: got %d, want 410", ticket, status)
		}
	}
	_, code := m.asked(sink, url.Values{"right": {"erasure"}, "email": {"eve@example.com"}})
	victim, _ := m.asked(sink, url.Values{"right": {"erasure"}, "email": {"ala@example.com"}})
	if status, _, _ := m.fillIn(
		"/request/code",
		url.Values{"t": {victim}, "code": {code}},
	); status != http.StatusForbidden {
		t.Errorf("the code of another mailbox: got %d, want 403", status)
	}
}

// TestForm_SendsNoFloodToAMailbox stops after three codes in an hour.
func TestForm_SendsNoFloodToAMailbox(t *testing.T) {
	m, sink := formed(t, "")
	defer m.stop()
	got := map[int]int{}
	for range 10 {
		status, _, _ := m.fillIn("/request", url.Values{"right": {"erasure"}, "email": {"ala@example.com"}})
		got[status]++
	}
	if got[http.StatusOK] != 3 || got[http.StatusTooManyRequests] != 7 || sink.Waiting() != 3 {
		t.Errorf("got %v and %d mails, want 3 of 10", got, sink.Waiting())
	}
}

// TestForm_AServerThatRefusesIsSaid to the person, and logged without the address.
func TestForm_AServerThatRefusesIsSaid(t *testing.T) {
	m, sink := formed(t, "")
	defer m.stop()
	sink.Refuse("550 no mailbox")
	status, page, _ := m.fillIn("/request", url.Values{"right": {"erasure"}, "email": {"ala@example.com"}})
	if status != http.StatusServiceUnavailable || !strings.Contains(page, "kontakt@example.com") {
		t.Errorf("got %d, want 503 with another way\n%s", status, page)
	}
	if log := m.log.String(); !strings.Contains(log, "the code of a request was not sent") ||
		strings.Contains(log, "ala@") {
		t.Errorf("the log: %s", log)
	}
}

// ownerHook is the webhook of the owner: a data directory that names it, and what it was told. While away, it refuses.
func ownerHook(t *testing.T, away *atomic.Bool) (dir string, told chan string) {
	t.Helper()
	told = make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Webhook-Signature") == "" {
			t.Error("the notification is not signed")
		}
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		told <- string(body)
	}))
	t.Cleanup(hook.Close)
	t.Setenv("RODOPATH_TEST_NOTIFY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	return withRecipients(t, fmt.Sprintf("notify: {webhook: %q, secret: \"env:RODOPATH_TEST_NOTIFY\"}\n", hook.URL)), told
}

// owned is a machine whose clock stands on a Wednesday until it is told to pass.
func owned() (*clock, func(*standalone.Options)) {
	c := newClock(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	return c, func(o *standalone.Options) { o.Now = c.now }
}

// TestNotify_TheWebhookOfTheOwnerIsSigned and tells each thing once, also after a restart.
func TestNotify_TheWebhookOfTheOwnerIsSigned(t *testing.T) {
	dir, told := ownerHook(t, &atomic.Bool{})
	_, withClock := owned()
	m := start(t, dir, withClock)
	var n struct{ Type, Kind, Text string }
	if err := json.Unmarshal([]byte(<-told), &n); err != nil || n.Kind != "summary" ||
		!strings.Contains(n.Text, "Otwarte wnioski: 0") {
		t.Errorf("got %+v (%v), want the summary of the week", n, err)
	}
	m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "access", "ref": "w-1"}, "")
	m.stop()
	m = start(t, dir, withClock)
	defer m.stop()
	if err := json.Unmarshal([]byte(<-told), &n); err != nil || n.Kind != "requests" ||
		!strings.Contains(n.Text, "Wniosek w-1") {
		t.Errorf("got %+v (%v), want the request, and no summary again", n, err)
	}
}

// TestNotify_WhatWasNotSentIsSentLater: a notification that the webhook of the owner refuses is sent again, also after
// a restart, and once.
func TestNotify_WhatWasNotSentIsSentLater(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	dir, told := ownerHook(t, &away)
	c, withClock := owned()
	m := start(t, dir, withClock)
	first := <-told
	m.stop()
	away.Store(false)
	c.pass(5 * time.Minute)
	m = start(t, dir, withClock)
	if again := <-told; !strings.Contains(again, `"kind":"summary"`) || !strings.Contains(first, `"kind":"summary"`) {
		t.Errorf("got %s after %s, want the summary of the week again", again, first)
	}
	m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "access", "ref": "w-1"}, "")
	m.stop()
	c.pass(5 * time.Minute)
	m = start(t, dir, withClock)
	defer m.stop()
	if next := <-told; !strings.Contains(next, `"kind":"requests"`) {
		t.Errorf("got %s, want the request, and no summary once more", next)
	}
}

func (m *machine) openedAt() time.Time { return time.Now().Add(-time.Hour) }
