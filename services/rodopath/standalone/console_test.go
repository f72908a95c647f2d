package standalone_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser is a browser that keeps cookies and follows redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (m *machine) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, m.Control.API, &http.Client{Jar: jar}}
}

// get loads a page and returns the status, the path at the end of the redirects, and the page.
func (b *browser) get(path string) (status int, at, page string) {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

func (b *browser) post(path string, form url.Values) (status int, at, page string) {
	b.t.Helper()
	return b.do(http.MethodPost, path, form)
}

func (b *browser) do(method, path string, form url.Values) (status int, at, page string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if policy := res.Header.Get(
		"Content-Security-Policy",
	); res.StatusCode < 300 &&
		!strings.Contains(policy, "default-src 'none'") {
		b.t.Errorf("%s may load things: %q", path, policy)
	}
	return res.StatusCode, res.Request.URL.Path, string(body)
}

// seal is what proves that a form was written for the session.
func (b *browser) seal(page string) string {
	b.t.Helper()
	m := regexp.MustCompile(`name="seal" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		b.t.Fatalf("no form on the page:\n%s", page)
	}
	return m[1]
}

// signIn signs in with the address that the program prints, and returns the first page.
func (b *browser) signIn(m *machine) string {
	b.t.Helper()
	_, token, _ := strings.Cut(m.ConsoleURL(), "token=")
	status, at, page := b.post("/console/login", url.Values{"token": {token}})
	if status != http.StatusOK || at != "/console/" {
		b.t.Fatalf("signing in: %d at %s", status, at)
	}
	if status, _, _ := b.post("/console/login", url.Values{"token": {token}}); status != http.StatusForbidden {
		b.t.Errorf("the token again: got %d, want 403", status)
	}
	return page
}

// TestConsole_TheOwnerSeesStopsAndGoesLive follows the owner from the address that the program prints to the first
// notification.
func TestConsole_TheOwnerSeesStopsAndGoesLive(t *testing.T) {
	sink, address := newCRM(t)
	m := start(t, observingWith(t, strings.ReplaceAll(oneRecipient, "URL", address)), nil)
	defer m.stop()
	now := time.Now()
	for _, name := range []string{"left@example.com", "kept@example.com"} {
		m.taken("letters", subscriber("created", "active", name, now.Add(-time.Hour)))
		m.taken("letters", subscriber("unsubscribed", "unsubscribed", name, now.Add(-time.Minute)))
	}
	m.settle()
	b := m.browser(t)
	if status, _, page := b.get("/"); status != http.StatusUnauthorized || strings.Contains(page, "@example.com") {
		t.Errorf("before signing in: %d %s", status, page)
	}
	today := b.signIn(m)
	if !strings.Contains(today, "Instalacja tylko obserwuje") {
		t.Errorf("the first page does not say that the installation observes:\n%s", today)
	}
	seal := b.seal(today)
	status, at, page := b.post("/console/people/find", url.Values{"seal": {seal}, "name": {"kept@example.com"}})
	if status != http.StatusOK || !strings.Contains(page, "kept@example.com") || strings.Contains(at, "@") ||
		regexp.MustCompile(`<title>[^<]*@`).MatchString(page) {
		t.Errorf("the person: %d at %s\n%s", status, at, page)
	}
	_, _, page = b.get("/console/deletions")
	row := regexp.MustCompile(`(?s)kept@example\.com.*?name="decision" value="(dec_[a-z0-9]+)"`).FindStringSubmatch(page)
	if row == nil {
		t.Fatalf("no deletion of kept@example.com waits:\n%s", page)
	}
	for range 3 { // one decision for each instant of lapse
		_, _, page = b.get("/console/deletions")
		if row = regexp.MustCompile(`(?s)>kept@example\.com[^<]*</a>.*?name="decision" value="(dec_[a-z0-9]+)"`).
			FindStringSubmatch(page); row == nil {
			break
		}
		if status, _, page := b.post(
			"/console/deletions/retract",
			url.Values{"seal": {seal}, "decision": {row[1]}, "reason": {"she called"}},
		); status != http.StatusOK {
			t.Fatalf("stopping: %d %s", status, page)
		}
	}
	if status, _, page := b.post(
		"/console/setup/live",
		url.Values{"seal": {seal}, "act": {"live"}},
	); status != http.StatusOK {
		t.Fatalf("going live: %d %s", status, page)
	}
	if e := sink.next(); e.Data.Person.Emails[0] != "left@example.com" {
		t.Errorf("told of %v, want left@example.com alone", e.Data.Person.Emails)
	}
}

// TestConsole_NothingWithoutASessionAndASealedForm: other pages, other browsers and guesses.
func TestConsole_NothingWithoutASessionAndASealedForm(t *testing.T) {
	m := start(t, observingWith(t, "recipients: [{id: books, holds: [\"*\"], by: hand}]\n"), nil)
	defer m.stop()
	m.taken(
		"forms",
		`{"kind": "sale", "at": "2026-01-05T10:00:00Z", "ref": "<script>alert(1)</script>", "person": {"email": "ala@example.com"}}`,
	)
	m.settle()
	b := m.browser(t)
	for _, path := range []string{"/console/", "/console/people", "/console/deletions", "/console/setup", "/console/path", "/console/sessions", "/console/people/x"} {
		if status, _, _ := b.get(path); status != http.StatusUnauthorized {
			t.Errorf("%s without a session: got %d, want 401", path, status)
		}
	}
	today := b.signIn(m)
	seal := b.seal(today)
	for _, c := range []struct {
		path string
		form url.Values
	}{
		{"/console/setup/live", url.Values{"act": {"live"}}},
		{"/console/setup/live", url.Values{"act": {"live"}, "seal": {"guess"}}},
		{"/console/setup/covered", url.Values{"source": {"shop"}, "seal": {""}}},
		{"/console/logout", url.Values{}},
	} {
		if status, _, _ := b.post(c.path, c.form); status != http.StatusForbidden {
			t.Errorf("%s %v: got %d, want 403", c.path, c.form, status)
		}
	}
	if status, _, page := b.post(
		"/console/people/find",
		url.Values{"seal": {seal}, "name": {"nobody@example.com"}},
	); status != http.StatusNotFound ||
		strings.Contains(page, "nobody@") {
		t.Errorf("an unknown person: %d %s", status, page)
	}
	_, _, page := b.post("/console/people/find", url.Values{"seal": {seal}, "name": {"ala@example.com"}})
	if strings.Contains(page, "<script>alert") {
		t.Errorf("a name from outside is markup:\n%s", page)
	}
	other := m.browser(t)
	other.signIn(m)
	if status, _, _ := other.post(
		"/console/setup/live",
		url.Values{"act": {"live"}, "seal": {seal}},
	); status != http.StatusForbidden {
		t.Errorf("the form of another session: got %d, want 403", status)
	}
	for range 12 {
		if status, _, _ := other.post("/console/login", url.Values{"token": {"guess"}}); status != http.StatusForbidden {
			t.Fatal("a guess signs in")
		}
	}
	_, token, _ := strings.Cut(m.ConsoleURL(), "token=")
	if status, _, _ := m.browser(t).post("/console/login", url.Values{"token": {token}}); status != http.StatusForbidden {
		t.Errorf("a token right after many guesses: got %d, want 403 for a minute", status)
	}
	if status, at, _ := b.post(
		"/console/logout",
		url.Values{"seal": {seal}},
	); status != http.StatusOK ||
		at != "/console/login" {
		t.Errorf("signing out: %d at %s", status, at)
	}
	if status, _, _ := b.get("/console/"); status != http.StatusUnauthorized {
		t.Errorf("after signing out: got %d, want 401", status)
	}
}
