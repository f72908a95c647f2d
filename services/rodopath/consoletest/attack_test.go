package consoletest_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/console"
)

// visitor is a program that keeps cookies and follows no redirects.
type visitor struct {
	t      testing.TB
	base   string
	client *http.Client
	header http.Header
}

func (s *shop) visitor() *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{s.t, s.Control.API, &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, http.Header{}}
}

// do sends a request and returns the answer and its body.
func (v *visitor) do(method, path string, form url.Values) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header = v.header.Clone()
	req.Host = v.header.Get("Host")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(body)
}

func (v *visitor) get(path string) (int, string) {
	v.t.Helper()
	res, body := v.do(http.MethodGet, path, nil)
	return res.StatusCode, body
}

func (v *visitor) post(path string, pairs ...string) (int, string) {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	res, body := v.do(http.MethodPost, path, form)
	return res.StatusCode, body
}

// signIn signs in with an address of the program.
func (v *visitor) signIn(s *shop) {
	v.t.Helper()
	_, token, _ := strings.Cut(s.ConsoleURL(), "token=")
	if status, body := v.post("/console/login", "token", token); status != http.StatusSeeOther {
		v.t.Fatalf("signing in: %d %s", status, body)
	}
}

// seal is what proves that a form was written for the session.
func (v *visitor) seal() string {
	v.t.Helper()
	_, page := v.get("/console/")
	m := regexp.MustCompile(`name="seal" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		v.t.Fatalf("no form on the page:\n%s", page)
	}
	return m[1]
}

// TestAttack_NothingWithoutASession: no page and no act.
func TestAttack_NothingWithoutASession(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	v := s.visitor()
	for _, path := range pages() {
		if status, body := v.get(path); status != http.StatusUnauthorized || strings.Contains(body, "@example.com") {
			t.Errorf("%s: got %d, want 401 without data", path, status)
		}
	}
	for _, path := range acts() {
		if status, _ := v.post(path, "seal", "guess"); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", path, status)
		}
	}
	res, _ := v.do(http.MethodGet, "/console/", nil)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'",
		"Cache-Control":           "no-store", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := res.Header.Get(name); !strings.HasPrefix(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestAttack_ForeignForms: forms without the seal of the session, with that of another, from another site, by a link.
func TestAttack_ForeignForms(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	v, other := s.visitor(), s.visitor()
	v.signIn(s)
	other.signIn(s)
	stolen := other.seal()
	for _, seal := range []string{"", "guess", stolen} {
		one := s.visitor() // each session has a limit of requests
		one.signIn(s)
		for _, path := range acts() {
			if status, _ := one.post(path, "seal", seal); status != http.StatusForbidden {
				t.Errorf("%s with the seal %q: got %d, want 403", path, seal, status)
			}
		}
	}
	for _, path := range acts() {
		if status, _ := v.get(path); status == http.StatusOK && path != "/console/people/find" {
			t.Errorf("a link to %s: got %d", path, status)
		}
	}
	seal := v.seal()
	for name, header := range map[string]http.Header{
		"another site":   {"Sec-Fetch-Site": {"cross-site"}},
		"another origin": {"Origin": {"https://evil.example"}},
		"a sibling":      {"Sec-Fetch-Site": {"same-site"}},
	} {
		v.header = header
		if status, _ := v.post("/console/setup/live", "seal", seal, "act", "live"); status != http.StatusForbidden {
			t.Errorf("a form from %s: got %d, want 403", name, status)
		}
	}
	v.header = http.Header{"Host": {"evil.example"}}
	if status, body := v.get(
		"/console/",
	); status != http.StatusMisdirectedRequest ||
		strings.Contains(body, "@example.com") {
		t.Errorf("a foreign name of this machine: got %d, want 421", status)
	}
	v.header = http.Header{}
	var live struct{ Observing bool }
	s.ask(http.MethodGet, "/v1/live", nil, &live)
	if !live.Observing {
		t.Error("a foreign form went live")
	}
	if status, _ := v.post(
		"/console/deletions/retract",
		"seal",
		seal,
		"decision",
		"../../subjects/split",
		"reason",
		"x",
	); status < 400 {
		t.Errorf("a decision that is a path: got %d", status)
	}
	v.signIn(s) // a session has a rate
	seal = v.seal()
	for _, back := range []string{"https://evil.example/", "//evil.example", "/\\evil.example"} {
		res, _ := v.do(
			http.MethodPost,
			"/console/setup/covered",
			url.Values{"seal": {seal}, "source": {"shop"}, "back": {back}},
		)
		if to := res.Header.Get("Location"); to != "/console/setup" {
			t.Errorf("back to %q: got %q, want /console/setup", back, to)
		}
	}
}

// TestAttack_Sessions: cookies, guesses, used tokens, and a session that was ended.
func TestAttack_Sessions(t *testing.T) {
	s := newShop(t, "")
	v := s.visitor()
	_, token, _ := strings.Cut(s.ConsoleURL(), "token=")
	if status, _ := v.get("/console/login?token=" + token); status != http.StatusOK {
		t.Error("the link does not open")
	}
	if status, _ := v.get("/console/"); status != http.StatusUnauthorized {
		t.Error("a program that follows the link is signed in")
	}
	if _, page := v.get("/console/login?token=" + token); !strings.Contains(page, "token="+token+"&amp;lang=en") {
		t.Error("the choice of the language loses the token")
	}
	res, _ := v.do(http.MethodPost, "/console/login", url.Values{"token": {token}})
	cookie := res.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/console/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %s", cookie, want)
		}
	}
	if status, _ := s.visitor().post("/console/login", "token", token); status != http.StatusForbidden {
		t.Errorf("a used token: got %d, want 403", status)
	}
	status, page := s.visitor().get("/console/login?token=" + token)
	if status != http.StatusForbidden || strings.Contains(page, `name="token"`) ||
		!strings.Contains(page, `role="alert"`) {
		t.Errorf("the page of a used token: got %d, want 403, a reason, and no button:\n%s", status, page)
	}
	fixed := s.visitor()
	u, err := url.Parse(s.Control.API + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	fixed.client.Jar.SetCookies(u, []*http.Cookie{{Name: "rodopath_console", Value: "chosen", Path: "/console/"}})
	fixed.signIn(s)
	for _, c := range fixed.client.Jar.Cookies(u) {
		if c.Name == "rodopath_console" && c.Value == "chosen" {
			t.Error("the session takes the cookie that somebody chose before")
		}
	}
	kept := v.client.Jar.Cookies(u)
	if status, _ := v.post("/console/logout", "seal", v.seal()); status != http.StatusSeeOther {
		t.Errorf("signing out: %d", status)
	}
	v.client.Jar.SetCookies(u, kept)
	if status, _ := v.get("/console/"); status != http.StatusUnauthorized {
		t.Errorf("the cookie after signing out: got %d, want 401", status)
	}
}

// TestAttack_Flood stops the clock: a session has so many pages at once, and no more.
func TestAttack_Flood(t *testing.T) {
	now, s := time.Now(), newShop(t, "")
	c, err := console.New(console.Options{
		API: s.Control.API, Token: s.Control.Token, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	_, token, _ := strings.Cut(c.SignInPath(), "token=")
	res, err := browser.PostForm(server.URL+"/console/login", url.Values{"token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	seen := map[int]int{}
	for range 120 {
		res, err := browser.Get(server.URL + "/console/design")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		seen[res.StatusCode]++
	}
	if want := map[int]int{http.StatusOK: 80, http.StatusTooManyRequests: 40}; !maps.Equal(seen, want) {
		t.Errorf("120 pages at once: got %v, want %v", seen, want)
	}
}

// TestAttack_ScriptsInNames: names and reasons from outside are no markup in any page, and run nothing in a browser.
func TestAttack_ScriptsInNames(t *testing.T) {
	s := newShop(t, "")
	evil := `"><img src=x onerror=window.hit=1><script>window.hit=1</script>`
	s.facts(
		s.sale("ala@example.com", "<img/src=x/onerror=window.hit=1>", "course", 3),
		s.fact("hold", "ala@example.com", 2, object{"reason": evil}),
	)
	b := s.signedIn()
	b.find("ala@example.com")
	b.click("main", "Pokaż")
	b.sees("<img/src=x/onerror=window.hit=1>")
	for _, path := range []string{
		b.path(), "/console/people?label=" + url.QueryEscape(evil), "/console/audience?purpose=offers&answer=" + url.QueryEscape(evil),
		"/console/deletions?state=" + url.QueryEscape(evil), "/console/people/" + url.PathEscape(evil),
		"/console/requests/" + url.PathEscape(evil), "/console/setup/" + url.PathEscape(evil),
		"/console/?lang=" + url.QueryEscape(evil), "/console/login?token=" + url.QueryEscape(evil),
	} {
		b.open(path)
		if eval[bool](b, `window.hit === 1 || !!document.querySelector("main img, main script")`) {
			t.Errorf("%s runs what came from outside", path)
		}
	}
	b.run(`document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.hit=1'>")`)
	b.run(
		`(() => { const e = document.createElement("script"); e.textContent = "window.hit=1"; document.body.append(e); })()`,
	)
	b.mu.Lock()
	b.faults = nil // the browser reports that the policy forbids both
	b.mu.Unlock()
	if eval[bool](b, `window.hit === 1`) {
		t.Error("the policy of the page lets an injected script run")
	}
}

// users is a configuration with one user of each role, whose passwords are known.
func (s *shop) password(name string) string { return "hasło dla " + name + " 2026" }

func newTeamShop(t testing.TB, more string) *shop {
	t.Helper()
	config := more + "console:\n  users:\n"
	for name, role := range map[string]string{"anna": "owner", "basia": "helper", "cezary": "auditor"} {
		config += "    - {name: " + name + ", role: " + role + ", password: \"file:secrets/console-" + name + "\"}\n"
	}
	for _, name := range []string{"anna", "basia", "cezary"} {
		hash, err := console.HashPassword((&shop{}).password(name))
		if err != nil {
			t.Fatal(err)
		}
		secretFiles[name] = hash
	}
	return newShop(t, config)
}

// secretFiles are the hashes that newShop stores.
var secretFiles = map[string]string{}

func (s *shop) writeSecrets() {
	s.t.Helper()
	for name, hash := range secretFiles {
		if err := os.WriteFile(filepath.Join(s.dir, "secrets", "console-"+name), []byte(hash), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestRoles_PermitWhatTheyNeed asks every page and every act in every role.
func TestRoles_PermitWhatTheyNeed(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	id := s.subject("ala@example.com")
	for name, want := range map[string]struct{ export, act, own bool }{
		"anna": {true, true, true}, "basia": {false, true, false}, "cezary": {true, false, false},
	} {
		v := s.visitor()
		if status, _ := v.post(
			"/console/password",
			"name",
			name,
			"password",
			s.password(name),
		); status != http.StatusSeeOther {
			t.Fatalf("%s cannot sign in: %d", name, status)
		}
		check := func(what string, status int, permitted bool) {
			t.Helper()
			if (status != http.StatusForbidden) != permitted {
				t.Errorf("%s, %s: got %d, permitted %v", name, what, status, permitted)
			}
		}
		status, page := v.get("/console/people/" + id)
		check("a person", status, true)
		if strings.Contains(page, "/hold\"") != want.act || strings.Contains(page, "form=portable") != want.export {
			t.Errorf("%s: the page of a person offers what the role does not permit, or not what it permits", name)
		}
		status, _ = v.get("/console/people/" + id + "/export?form=portable")
		check("an export", status, want.export)
		seal := v.seal()
		status, _ = v.post("/console/people/"+id+"/hold", "seal", seal, "reason", "spór", "record", "")
		check("a hold", status, want.act)
		status, _ = v.post("/console/setup/covered", "seal", seal, "source", "letters")
		check("a statement about a source", status, want.own)
		status, _ = v.post("/console/setup/live", "seal", seal, "act", "observe")
		check("an order about recipients", status, want.own)
		status, _ = v.post("/console/people/find", "seal", seal, "name", "ala@example.com")
		check("a search", status, true)
	}
}

// TestRoles_AnAuditorLeavesATrace: everything that an auditor reads is in the journal of the person.
func TestRoles_AnAuditorLeavesATrace(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	read := func() []string {
		s.settle()
		var journal struct {
			Entries []struct{ What, Text string }
		}
		s.ask(http.MethodPost, "/v1/journal", object{"person": "ala@example.com"}, &journal)
		var out []string
		for _, e := range journal.Entries {
			if e.What == "read" {
				out = append(out, e.Text)
			}
		}
		return out
	}
	owner := s.visitor()
	owner.signIn(s)
	owner.get("/console/people/" + s.subject("ala@example.com"))
	if got := read(); len(got) != 0 {
		t.Errorf("the owner left %v", got)
	}
	auditor := s.visitor()
	auditor.post("/console/password", "name", "cezary", "password", s.password("cezary"))
	auditor.get("/console/people/" + s.subject("ala@example.com"))
	auditor.get("/console/audience")
	got := read()
	for _, want := range []string{"auditor cezary: person", "auditor cezary: whom may be addressed"} {
		if !slices.Contains(got, want) {
			t.Errorf("the journal has %v, want %q", got, want)
		}
	}
	var verified struct{ Faults []any }
	if status := s.ask(
		http.MethodGet,
		"/v1/journal/verify",
		nil,
		&verified,
	); status != http.StatusOK ||
		len(verified.Faults) > 0 {
		t.Errorf("the journal does not verify: %d %v", status, verified.Faults)
	}
}

// TestPassword_LocksAfterGuesses locks a name, also for the right password, and no other name.
func TestPassword_LocksAfterGuesses(t *testing.T) {
	s := newTeamShop(t, "")
	v := s.visitor()
	for i := range 5 {
		if status, _ := v.post("/console/password", "name", "anna", "password", "guess"); status != http.StatusForbidden {
			t.Errorf("guess %d: got %d, want 403", i, status)
		}
	}
	if status, _ := v.post(
		"/console/password",
		"name",
		"anna",
		"password",
		s.password("anna"),
	); status != http.StatusTooManyRequests {
		t.Errorf("the right password of a locked name: got %d, want 429", status)
	}
	if status, _ := v.post(
		"/console/password",
		"name",
		"basia",
		"password",
		s.password("basia"),
	); status != http.StatusSeeOther {
		t.Errorf("another name: got %d, want 303", status)
	}
	for _, name := range []string{"", "nobody"} {
		if status, _ := v.post("/console/password", "name", name, "password", ""); status != http.StatusForbidden {
			t.Errorf("the name %q: got %d, want 403", name, status)
		}
	}
	if strings.Contains(s.log.String(), "guess") {
		t.Error("the log has a password")
	}
}
