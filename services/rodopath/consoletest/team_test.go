package consoletest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/rodopath/rodopath/services/internal/freeport"
)

// issuer is a provider of OpenID Connect in this process.
type issuer struct {
	*httptest.Server
	t   testing.TB
	key *rsa.PrivateKey

	mu sync.Mutex
	// claims are those of the next person; wrongKey and nonce spoil the next token.
	claims   map[string]any
	wrongKey bool
	nonce    string
	codes    map[string]url.Values
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"},
		}})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// authorize sends the browser back with a code, as if the person had signed in.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := r.URL.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" {
		i.t.Errorf("a sign-in without PKCE, nonce or state: %v", q)
	}
	code := rand.Text()
	i.codes[code] = q
	back := q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back, http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	q, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	if !ok || r.PostFormValue("code_verifier") == "" {
		http.Error(w, "unknown code", http.StatusBadRequest)
		return
	}
	key := i.key
	if i.wrongKey {
		key, _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key},
		(&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		i.t.Error(err)
		return
	}
	nonce := q.Get("nonce")
	if i.nonce != "" {
		nonce = i.nonce
	}
	claims := map[string]any{
		"iss": i.URL, "sub": "person-1", "aud": "rodopath", "nonce": nonce,
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	maps.Copy(claims, i.claims)
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		i.t.Error(err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": raw})
}

// newOIDCShop is an installation whose console signs in at an issuer.
func newOIDCShop(t *testing.T, i *issuer) *shop {
	t.Helper()
	free, err := freeport.Addresses(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	address := free[0]
	return newShop(
		t,
		"api: {listen: \""+address+"\"}\nconsole:\n  public_url: http://"+address+"\n  oidc: {issuer: \""+i.URL+
			"\", client_id: rodopath, client_secret: \"file:secrets/crm\", owner: [owners], helper: [helpers], auditor: [auditors]}\n",
	)
}

// TestTeam_SignsInWithTheAccountOfTheBusiness follows a browser to the provider and back.
func TestTeam_SignsInWithTheAccountOfTheBusiness(t *testing.T) {
	i := newIssuer(t)
	i.claims = map[string]any{"groups": []string{"staff", "helpers"}, "preferred_username": "basia"}
	s := newOIDCShop(t, i)
	b := newTab(t, s.Control.API)
	b.open("/console/login")
	b.click("main", "Zaloguj przez konto firmowe")
	b.sees("Dziś", "basia, pomoc")
	b.accessible("signed in by the provider")
	b.follow("Sesje")
	b.sees("basia")
}

// TestTeam_RefusesWhatItCannotVerify: a person without a role, another key, another nonce, a state of another browser,
// a code twice, and an address that nobody verified.
func TestTeam_RefusesWhatItCannotVerify(t *testing.T) {
	i := newIssuer(t)
	s := newOIDCShop(t, i)
	begin := func(v *visitor) string {
		res, _ := v.do(http.MethodPost, "/console/team", url.Values{})
		_, address, _ := strings.Cut(res.Header.Get("Refresh"), "url=")
		res, err := v.client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return strings.TrimPrefix(res.Header.Get("Location"), s.Control.API)
	}
	for name, spoil := range map[string]func(){
		"no role":       func() { i.claims = map[string]any{"groups": []string{"staff"}} },
		"no claim":      func() { i.claims = nil },
		"another key":   func() { i.wrongKey = true },
		"another nonce": func() { i.nonce = "chosen" },
		"another client": func() {
			i.claims = map[string]any{"groups": []string{"owners"}, "aud": "somebody"}
		},
		"expired": func() {
			i.claims = map[string]any{"groups": []string{"owners"}, "exp": time.Now().Add(-time.Hour).Unix()}
		},
	} {
		i.mu.Lock()
		i.claims, i.wrongKey, i.nonce = map[string]any{"groups": []string{"owners"}}, false, ""
		spoil()
		i.mu.Unlock()
		v := s.visitor()
		back := begin(v)
		if status, body := v.get(back); status != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403\n%s", name, status, body)
		}
		if status, _ := v.get("/console/"); status != http.StatusUnauthorized {
			t.Errorf("%s: the browser is signed in", name)
		}
	}
	i.mu.Lock()
	i.claims, i.wrongKey, i.nonce = map[string]any{"groups": []string{"owners"}}, false, ""
	i.mu.Unlock()
	victim, attacker := s.visitor(), s.visitor()
	back := begin(attacker)
	if status, _ := victim.get(back); status != http.StatusForbidden {
		t.Errorf("the way back of another browser: got %d, want 403", status)
	}
	back = begin(victim)
	if status, _ := victim.get(back); status != http.StatusOK {
		t.Errorf("the right way back: got %d, want 200", status)
	}
	if status, _ := victim.get("/console/"); status != http.StatusOK {
		t.Errorf("after signing in: got %d, want 200", status)
	}
	if status, _ := victim.get(back); status != http.StatusForbidden {
		t.Errorf("the way back twice: got %d, want 403", status)
	}
}

// TestSignIn_KeepsTheLanguage: the language that was chosen before the sign-in stays after a wrong password, and the
// page that says so can be read in the other language.
func TestSignIn_KeepsTheLanguage(t *testing.T) {
	v := newTeamShop(t, "").visitor()
	v.get("/console/login?lang=en")
	_, page := v.post("/console/password", "name", "basia", "password", "wrong")
	if !strings.Contains(page, "The name or the password is wrong.") {
		t.Errorf("the page is not in the chosen language:\n%s", page)
	}
	if !strings.Contains(page, `href="/console/login?lang=pl"`) {
		t.Errorf("the page leads to no other language:\n%s", page)
	}
}
