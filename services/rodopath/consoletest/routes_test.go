package consoletest_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/console"
)

// The roles that a route permits.
const (
	forAll     = "owner helper auditor"
	forActs    = "owner helper"
	forExports = "owner auditor"
	forOwner   = "owner"
	// forNobody is a route before a session: everybody may ask.
	forNobody = ""
)

// access is the roles that each route permits, written down apart from the console, and a path of the route. A new
// route fails the tests until it stands here.
func access() map[string]struct{ roles, path string } {
	return map[string]struct{ roles, path string }{
		"GET /console/{$}":                          {forAll, "/console/"},
		"GET /console/path":                         {forAll, "/console/path"},
		"GET /console/people":                       {forAll, "/console/people"},
		"GET /console/people.csv":                   {forOwner, "/console/people.csv?label=alarm"},
		"GET /console/people/{id}":                  {forAll, "/console/people/ID"},
		"GET /console/people/{id}/export":           {forExports, "/console/people/ID/export?form=portable"},
		"GET /console/audience":                     {forAll, "/console/audience"},
		"GET /console/audience.csv":                 {forOwner, "/console/audience.csv"},
		"GET /console/requests":                     {forAll, "/console/requests"},
		"GET /console/requests/{ref}":               {forAll, "/console/requests/wniosek-3"},
		"GET /console/requests/{ref}/letter":        {forAll, "/console/requests/wniosek-1/letter"},
		"GET /console/deletions":                    {forAll, "/console/deletions"},
		"GET /console/decisions/{id}":               {forAll, "/console/decisions/x"},
		"GET /console/deletions/{id}/certificate":   {forAll, "/console/deletions/x/certificate"},
		"GET /console/setup":                        {forAll, "/console/setup"},
		"GET /console/setup/{source}":               {forAll, "/console/setup/shop"},
		"GET /console/setup/{source}/import":        {forAll, "/console/setup/shop/import"},
		"GET /console/setup/{source}/import/events": {forAll, "/console/setup/shop/import/events"},
		"GET /console/events":                       {forAll, "/console/events?source=none"},
		"GET /console/rules":                        {forAll, "/console/rules"},
		"GET /console/rules/simulations/{work}":     {forOwner, "/console/rules/simulations/x"},
		"GET /console/rules/record":                 {forExports, "/console/rules/record?format=csv"},
		"GET /console/rules/retention":              {forAll, "/console/rules/retention"},
		"GET /console/journal":                      {forAll, "/console/journal"},
		"GET /console/journal/reports/{work}":       {forExports, "/console/journal/reports/x"},
		"GET /console/sessions":                     {forAll, "/console/sessions"},
		"GET /console/design":                       {forAll, "/console/design"},
		"GET /console/{missing...}":                 {forAll, "/console/nowhere"},
		"POST /console/people/find":                 {forAll, "/console/people/find"},
		"POST /console/people/{id}/hold":            {forActs, "/console/people/ID/hold"},
		"POST /console/people/{id}/release":         {forActs, "/console/people/ID/release"},
		"POST /console/people/{id}/request":         {forActs, "/console/people/ID/request"},
		"POST /console/people/{id}/consent":         {forActs, "/console/people/ID/consent"},
		"POST /console/people/{id}/split":           {forActs, "/console/people/ID/split"},
		"POST /console/people/{id}/join":            {forActs, "/console/people/ID/join"},
		"POST /console/people/{id}/seen":            {forActs, "/console/people/ID/seen"},
		"POST /console/requests/{ref}/{step}":       {forActs, "/console/requests/wniosek-3/decide"},
		"POST /console/requests/{ref}/mistake":      {forOwner, "/console/requests/wniosek-3/mistake"},
		"POST /console/deletions/retract":           {forActs, "/console/deletions/retract"},
		"POST /console/deletions/repeat":            {forOwner, "/console/deletions/repeat"},
		"POST /console/deletions/receipt":           {forActs, "/console/deletions/receipt"},
		"POST /console/setup/{source}/import/{act}": {forOwner, "/console/setup/shop/import/none"},
		"POST /console/setup/live":                  {forOwner, "/console/setup/live"},
		"POST /console/setup/covered":               {forOwner, "/console/setup/covered"},
		"POST /console/setup/brake":                 {forOwner, "/console/setup/brake"},
		"POST /console/setup/product":               {forOwner, "/console/setup/product"},
		"POST /console/setup/quarantine":            {forOwner, "/console/setup/quarantine"},
		"POST /console/rules/simulate":              {forOwner, "/console/rules/simulate"},
		"POST /console/rules/order":                 {forOwner, "/console/rules/order"},
		"POST /console/journal/report":              {forExports, "/console/journal/report"},
		"POST /console/sessions/end":                {forAll, "/console/sessions/end"},
		"POST /console/passkeys/{act}":              {forAll, "/console/passkeys/begin"},
		"POST /console/logout":                      {forAll, "/console/logout"},
		"GET /console/assets/{file}":                {forNobody, "/console/assets/x"},
		"GET /console/login":                        {forNobody, "/console/login"},
		"POST /console/login":                       {forNobody, "/console/login"},
		"POST /console/password":                    {forNobody, "/console/password"},
		"POST /console/passkey/begin":               {forNobody, "/console/passkey/begin"},
		"POST /console/passkey/finish":              {forNobody, "/console/passkey/finish"},
		"POST /console/team":                        {forNobody, "/console/team"},
		"GET /console/team/back":                    {forNobody, "/console/team/back"},
		"POST /v1/console/token":                    {forNobody, "/v1/console/token"},
	}
}

// routesOf are the paths of the routes with a session of a method, in a fixed order.
func routesOf(method string) []string {
	var out []string
	for pattern, r := range access() {
		if strings.HasPrefix(pattern, method+" ") && r.roles != forNobody {
			out = append(out, r.path)
		}
	}
	slices.Sort(out)
	return out
}

func pages() []string { return routesOf(http.MethodGet) }

func acts() []string { return routesOf(http.MethodPost) }

// TestRoutes_AreAllWrittenDown: a route that the router has and these tests do not know fails, and the reverse.
func TestRoutes_AreAllWrittenDown(t *testing.T) {
	c, err := console.New(console.Options{API: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	known := access()
	for _, r := range c.Routes() {
		is, ok := known[r.Pattern]
		if !ok {
			t.Errorf("%s is not written down: state in access() which roles may ask", r.Pattern)
		}
		if r.Signed != (is.roles != forNobody) {
			t.Errorf("%s needs a session: got %v", r.Pattern, r.Signed)
		}
		delete(known, r.Pattern)
	}
	for pattern := range known {
		t.Errorf("%s is written down, and the router does not have the route", pattern)
	}
}

// signInBy signs in with a password.
func (v *visitor) signInBy(s *shop, name string) {
	v.t.Helper()
	if status, _ := v.post(
		"/console/password",
		"name",
		name,
		"password",
		s.password(name),
	); status != http.StatusSeeOther {
		v.t.Fatalf("%s cannot sign in: %d", name, status)
	}
}

// TestRoutes_PermitTheirRolesAlone asks every route in every role, with the seal of the session.
func TestRoutes_PermitTheirRolesAlone(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	id := s.subject("ala@example.com")
	for name, role := range map[string]string{"basia": "helper", "cezary": "auditor", "anna": "owner"} {
		v := s.visitor()
		v.signInBy(s, name)
		asked := 0
		for _, pattern := range slices.Sorted(maps.Keys(access())) {
			r := access()[pattern]
			method, _, _ := strings.Cut(pattern, " ")
			if r.roles == forNobody || strings.HasSuffix(pattern, "/events") || pattern == "POST /console/logout" {
				continue // an answer that does not end, and the end of the session
			}
			if asked++; asked%30 == 0 { // a session has a rate
				v = s.visitor()
				v.signInBy(s, name)
			}
			form := url.Values(nil)
			if method == http.MethodPost {
				form = url.Values{"seal": {v.seal()}}
			}
			res, _ := v.do(method, strings.ReplaceAll(r.path, "ID", id), form)
			permitted := slices.Contains(strings.Fields(r.roles), role)
			if (res.StatusCode != http.StatusForbidden) != permitted || res.StatusCode == http.StatusUnauthorized ||
				res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusInternalServerError {
				t.Errorf("%s, %s: got %d, permitted %v", role, pattern, res.StatusCode, permitted)
			}
		}
	}
	var live struct{ Observing bool }
	if s.ask(http.MethodGet, "/v1/live", nil, &live); !live.Observing {
		t.Error("an empty form of the owner went live")
	}
}

// TestRoutes_OfOthersAreNotFound: work and sessions of another person, and the letter as a file for a helper.
func TestRoutes_OfOthersAreNotFound(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	anna, basia, other := s.visitor(), s.visitor(), s.visitor()
	anna.signInBy(s, "anna")
	basia.signInBy(s, "basia")
	other.signIn(s) // an owner too
	res, body := anna.do(http.MethodPost, "/console/rules/simulate", url.Values{
		"seal": {anna.seal()}, "choice:claims": {"strict"},
	})
	work := res.Header.Get("Location")
	if work == "" {
		t.Fatalf("no simulation begins: %d %s", res.StatusCode, body)
	}
	if status, _ := anna.get(work); status != http.StatusOK {
		t.Errorf("the own simulation: got %d, want 200", status)
	}
	if status, _ := other.get(work); status != http.StatusNotFound {
		t.Errorf("the simulation of another owner: got %d, want 404", status)
	}
	_, sessions := anna.get("/console/sessions")
	_, rest, _ := strings.Cut(sessions, `name="session" value="`) // the first is that of an owner, the latest
	latest, _, _ := strings.Cut(rest, `"`)
	if status, _ := basia.post("/console/sessions/end", "seal", basia.seal(), "session", latest); latest == "" ||
		status != http.StatusNotFound {
		t.Errorf("a helper ends the session %q of another: got %d, want 404", latest, status)
	}
	if status, _ := other.get("/console/"); status != http.StatusOK {
		t.Errorf("the session of the owner after that: got %d, want 200", status)
	}
	if status, _ := basia.get("/console/requests/wniosek-1/letter?form=download"); status != http.StatusForbidden {
		t.Errorf("a helper takes a letter out: got %d, want 403", status)
	}
}

// TestRoutes_TellBrowsersToKeepNothing: no page and no document is stored by a browser, shown in the frame of another
// site, or sniffed for another type.
func TestRoutes_TellBrowsersToKeepNothing(t *testing.T) {
	s := newTeamShop(t, "")
	s.populate()
	id := s.subject("ala@example.com")
	v := s.visitor()
	v.signIn(s)
	for pattern, r := range access() {
		method, _, _ := strings.Cut(pattern, " ")
		if method != http.MethodGet || strings.HasSuffix(pattern, "/events") || strings.Contains(pattern, "/assets/") {
			continue
		}
		path := strings.ReplaceAll(r.path, "ID", id)
		for _, v := range []*visitor{v, s.visitor()} {
			res, _ := v.do(method, path, nil)
			policy := res.Header.Get("Content-Security-Policy")
			if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "form-action 'self'") {
				t.Errorf("%s: %d with the headers %v", path, res.StatusCode, res.Header)
			}
		}
	}
}

// TestRoutes_BeforeASessionRefuseOtherSites: the forms to sign in, which carry no seal.
func TestRoutes_BeforeASessionRefuseOtherSites(t *testing.T) {
	s := newTeamShop(t, "")
	_, token, _ := strings.Cut(s.ConsoleURL(), "token=")
	for pattern, r := range access() {
		method, _, _ := strings.Cut(pattern, " ")
		if method != http.MethodPost || r.roles != forNobody {
			continue
		}
		for name, header := range map[string]http.Header{
			"another site": {"Sec-Fetch-Site": {"cross-site"}}, "another origin": {"Origin": {"https://evil.example"}},
		} {
			v := s.visitor()
			v.header = header
			res, _ := v.do(method, r.path, url.Values{
				"token": {token}, "name": {"anna"}, "password": {s.password("anna")},
			})
			if res.StatusCode < http.StatusBadRequest || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %s: got %d with the cookie %q", pattern, name, res.StatusCode, res.Header.Get("Set-Cookie"))
			}
		}
	}
	v := s.visitor() // nothing used the token up
	res, _ := v.do(http.MethodPost, "/console/login?next=https://evil.example/&back=//evil.example", url.Values{
		"token": {token}, "next": {"https://evil.example/"}, "back": {"//evil.example"},
	})
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || to != "/console/" {
		t.Errorf("after signing in: got %d to %q, want 303 to /console/", res.StatusCode, to)
	}
}

// TestSessions_OfABrowserAreRenewedBySigningIn: the cookie before is no session after, and cookies are for TLS alone
// where the address is.
func TestSessions_OfABrowserAreRenewedBySigningIn(t *testing.T) {
	s := newTeamShop(t, "")
	v := s.visitor()
	v.signInBy(s, "basia")
	at, err := url.Parse(v.base + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	before := v.client.Jar.Cookies(at)
	v.signInBy(s, "anna")
	after := v.client.Jar.Cookies(at)
	if len(before) == 0 || len(after) == 0 || before[0].Value == after[0].Value {
		t.Errorf("signing in again keeps the cookie: %v, %v", before, after)
	}
	c, err := console.New(console.Options{
		API: s.Control.API, Token: s.Control.Token, PublicURL: "https://console.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, token, _ := strings.Cut(c.SignInPath(), "token=")
	res := answered(t, c, token)
	cookie := res.Header.Get("Set-Cookie")
	for _, want := range []string{"Secure", "HttpOnly", "SameSite=Strict", "Path=/console/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %s", cookie, want)
		}
	}
	if res.Header.Get("Strict-Transport-Security") == "" {
		t.Error("an address with TLS asks for no TLS in future")
	}
}

// answered is the answer of a console to the form of a token, at its public address.
func answered(t *testing.T, c *console.Console, token string) *http.Response {
	t.Helper()
	form := url.Values{"token": {token}}
	req := httptest.NewRequestWithContext(
		t.Context(), http.MethodPost, "https://console.example.com/console/login", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, req)
	return w.Result()
}
