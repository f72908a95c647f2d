package console

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Team is how the accounts of a business sign in, by OpenID Connect.
type Team struct {
	// Issuer is the address of the provider, ClientID and ClientSecret are those that the provider gave the console.
	Issuer, ClientID, ClientSecret string
	// Claim is the claim of the ID token with the groups or the name of the person, such as "groups" or "email"; empty
	// means "groups".
	Claim string
	// Roles are the values of the claim that give a role. A person with values of several roles gets the first of owner,
	// helper, auditor.
	Roles map[Role][]string
}

// teamLife is how long a sign-in at the provider may take.
const teamLife = 10 * time.Minute

// teamCookie binds a sign-in at the provider to the browser. Its mode is Lax, because the way back is a link of another
// site.
const teamCookie = "rodopath_console_team"

// attempt is a sign-in at the provider that goes on. The browser keeps it sealed in a cookie, so that the way back may
// lead to any replica.
type attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// teamDoor signs in by OpenID Connect: with code, PKCE, state and nonce.
type teamDoor struct {
	team *Team
	now  func() time.Time
	back string

	api *api

	mu       sync.Mutex
	provider *oidc.Provider
}

func newTeamDoor(opts Options, a *api) *teamDoor {
	return &teamDoor{
		team: opts.Team, now: opts.Now, back: strings.TrimSuffix(opts.PublicURL, "/") + "/console/team/back", api: a,
	}
}

// config discovers the provider, once.
func (d *teamDoor) config(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.provider == nil {
		// The provider keeps the context for its keys, which are read later.
		p, err := oidc.NewProvider(context.WithoutCancel(ctx), d.team.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("reach the provider of sign-ins: %w", err)
		}
		d.provider = p
	}
	return &oauth2.Config{
		ClientID: d.team.ClientID, ClientSecret: d.team.ClientSecret, Endpoint: d.provider.Endpoint(), RedirectURL: d.back,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, d.provider, nil
}

// begin begins an attempt, and returns it sealed, with the address of the provider.
func (d *teamDoor) begin(ctx context.Context) (sealed, address string, err error) {
	config, _, err := d.config(ctx)
	if err != nil {
		return "", "", err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	sealed, err = d.api.seal(ctx, byTeam, a, d.now().Add(teamLife))
	return sealed, config.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), err
}

// The errors of a sign-in at the provider.
var (
	errNoToken = errors.New("the provider sent no ID token")
	errNonce   = errors.New("the ID token belongs to another sign-in")
	errNoRole  = errors.New("the account has no role in the console")
)

// finish verifies what the provider sent and returns the name and the role of the person.
func (d *teamDoor) finish(ctx context.Context, sealed, state, code string) (name string, role Role, err error) {
	var a attempt
	if err := d.api.unseal(ctx, byTeam, sealed, d.now(), &a); err != nil {
		return "", "", err
	}
	if state == "" || hashOf(a.State) != hashOf(state) {
		return "", "", errBox
	}
	config, provider, err := d.config(ctx)
	if err != nil {
		return "", "", err
	}
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return "", "", fmt.Errorf("exchange the code: %w", err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return "", "", errNoToken
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: d.team.ClientID, Now: d.now}).Verify(ctx, raw)
	if err != nil {
		return "", "", fmt.Errorf("verify the ID token: %w", err)
	}
	if token.Nonce != a.Nonce {
		return "", "", errNonce
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return "", "", fmt.Errorf("read the ID token: %w", err)
	}
	if role, ok = d.team.roleOf(claims); !ok {
		return "", "", errNoRole
	}
	return nameOf(claims, token.Subject), role, nil
}

// roleOf returns the role of claims. An e-mail address counts only once the provider verified it.
func (t *Team) roleOf(claims map[string]any) (Role, bool) {
	claim := t.Claim
	if claim == "" {
		claim = "groups"
	}
	if verified, ok := claims["email_verified"].(bool); claim == "email" && (!ok || !verified) {
		return "", false
	}
	var values []string
	switch c := claims[claim].(type) {
	case string:
		values = []string{c}
	case []any:
		for _, v := range c {
			if s, ok := v.(string); ok {
				values = append(values, s)
			}
		}
	}
	for _, role := range Roles() {
		if slices.ContainsFunc(t.Roles[role], func(v string) bool { return slices.Contains(values, v) }) {
			return role, true
		}
	}
	return "", false
}

// nameOf is the name of a person for the list of sessions and the journal: never an address.
func nameOf(claims map[string]any, subject string) string {
	for _, claim := range []string{"preferred_username", "name"} {
		if s, ok := claims[claim].(string); ok && s != "" && !strings.Contains(s, "@") {
			return s[:min(len(s), 60)]
		}
	}
	if strings.Contains(subject, "@") {
		return "account"
	}
	return subject[:min(len(subject), 60)]
}

// teamBegin sends the browser to the provider.
func (c *Console) teamBegin(w http.ResponseWriter, r *http.Request) {
	if c.opts.Team == nil {
		http.NotFound(w, r)
		return
	}
	sealed, address, err := c.doors.team.begin(r.Context())
	if err != nil {
		c.opts.Log.Error("the provider of sign-ins cannot be used", "error", err)
		c.writeLogin(w, r, http.StatusBadGateway, loginData{Wrong: "team_failed"})
		return
	}
	//nolint:gosec // as the cookie of the session
	http.SetCookie(w, &http.Cookie{
		Name: teamCookie, Value: sealed, Path: "/console/team/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: c.isSecure(r), MaxAge: int(teamLife.Seconds()),
	})
	// The policy of the page permits forms to this site alone, so the way to the provider is a page with a link.
	l := languageOf(r)
	w.Header().Set("Refresh", "0; url="+address)
	c.write(w, r, http.StatusOK, "continue", data{Lang: l, Title: c.texts[l].say("sign_in"), Page: address})
}

// teamBack admits a browser that comes back from the provider. The answer is a page and no redirect: a browser sends a
// strict cookie only on a way that begins here.
func (c *Console) teamBack(w http.ResponseWriter, r *http.Request) {
	if c.opts.Team == nil {
		http.NotFound(w, r)
		return
	}
	cookie, err := r.Cookie(teamCookie)
	if err != nil {
		c.writeLogin(w, r, http.StatusForbidden, loginData{Wrong: "team_failed"})
		return
	}
	//nolint:gosec // as the cookie of the session
	http.SetCookie(w, &http.Cookie{
		Name: teamCookie, Path: "/console/team/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.isSecure(r),
		MaxAge: -1,
	})
	name, role, err := c.doors.team.finish(
		r.Context(), cookie.Value, r.URL.Query().Get("state"), r.URL.Query().Get("code"))
	if err != nil {
		key := "team_failed"
		if errors.Is(err, errNoRole) {
			key = "team_refused"
		}
		c.opts.Log.Warn("a sign-in with the account of the business failed", "error", err)
		c.signInFailed(r, byTeam, "")
		c.writeLogin(w, r, http.StatusForbidden, loginData{Wrong: key})
		return
	}
	if !c.admit(w, r, session{Name: name, Role: role, By: byTeam}) {
		return
	}
	l := languageOf(r)
	w.Header().Set("Refresh", "0; url=/console/")
	c.write(w, r, http.StatusOK, "continue", data{Lang: l, Title: c.texts[l].say("signed_in"), Page: "/console/"})
}
