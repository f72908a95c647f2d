package consoletest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
)

// authenticator gives the tab an authenticator of its own, which knows its person.
func (b *tab) authenticator() webauthn.AuthenticatorID {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	return call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, AutomaticPresenceSimulation: true, IsUserVerified: true,
		},
	}).AuthenticatorID
}

// TestPasskey_SignsInInPlaceOfThePassword: a user registers a passkey, signs in with it, also after a restart, and
// removes it; a passkey of nobody, a wrong signature and a person whom the authenticator does not know are refused.
func TestPasskey_SignsInInPlaceOfThePassword(t *testing.T) {
	s := newTeamShop(t, "")
	b := newTab(t, strings.Replace(s.Control.API, "127.0.0.1", "localhost", 1))
	key := b.authenticator()
	b.open("/console/login")
	b.sees("Zaloguj kluczem dostępu")
	b.everywhere("login-passkey")
	b.click("main", "Zaloguj kluczem dostępu")
	b.sees("nie został przyjęty") // the authenticator has none
	b.fill("#name", "basia")
	b.fill("#password", s.password("basia"))
	b.followIn("form[action$='/password']", "Zaloguj")
	b.follow("Sesje")
	b.sees("Klucze dostępu")
	b.fill("#label", "laptop Basi")
	b.click("main", "Dodaj klucz dostępu")
	b.sees("laptop Basi", "Usuń klucz")
	b.everywhere("passkeys")
	b.follow("Wyloguj")
	b.click("main", "Zaloguj kluczem dostępu")
	b.sees("Dziś", "basia, pomoc")
	b.follow("Sesje")
	b.sees("kluczem dostępu")

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.start()
	b.base = strings.Replace(s.Control.API, "127.0.0.1", "localhost", 1)
	b.open("/console/sessions")
	b.sees("laptop Basi")
	b.follow("Wyloguj")
	call(b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{
		AuthenticatorID: key, IsBogusSignature: new(true),
	})
	b.click("main", "Zaloguj kluczem dostępu")
	b.sees("nie został przyjęty")
	call(b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{
		AuthenticatorID: key, IsBogusSignature: new(false), IsBadUV: new(true),
	})
	b.open("/console/login")
	b.click("main", "Zaloguj kluczem dostępu")
	b.sees("nie został przyjęty")
	call(b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{
		AuthenticatorID: key, IsBogusSignature: new(false), IsBadUV: new(false),
	})
	b.open("/console/login")
	b.click("main", "Zaloguj kluczem dostępu")
	b.sees("Dziś", "basia, pomoc")
	b.follow("Sesje")
	b.followIn("main", "Usuń klucz")
	b.lacks("laptop Basi")
	b.follow("Wyloguj")
	b.click("main", "Zaloguj kluczem dostępu")
	b.sees("nie został przyjęty")
	call(b, webauthn.ClearCredentials, webauthn.ClearCredentialsParams{AuthenticatorID: key})
}

// TestPasskey_RefusesWhatItCannotVerify: answers without an attempt of this browser, attempts without a session, and
// persons who are no users.
func TestPasskey_RefusesWhatItCannotVerify(t *testing.T) {
	s := newTeamShop(t, "")
	v := s.visitor()
	v.base = strings.Replace(s.Control.API, "127.0.0.1", "localhost", 1)
	if status, _ := v.post("/console/passkey/finish", "credential", "{}"); status != http.StatusForbidden {
		t.Errorf("an answer without an attempt: got %d, want 403", status)
	}
	if status, _ := v.post("/console/passkey/begin"); status != http.StatusOK {
		t.Errorf("an attempt: got %d, want 200", status)
	}
	if status, _ := v.post("/console/passkey/finish", "credential", "{}"); status != http.StatusForbidden {
		t.Errorf("an answer that is none: got %d, want 403", status)
	}
	for _, act := range []string{"begin", "finish", "remove"} {
		if status, _ := v.post("/console/passkeys/"+act, "seal", "guess"); status != http.StatusUnauthorized {
			t.Errorf("%s without a session: got %d, want 401", act, status)
		}
	}
	owner := s.visitor()
	owner.signIn(s)
	if status, body := owner.post("/console/passkeys/begin", "seal", owner.seal()); status != http.StatusForbidden ||
		!strings.Contains(body, "console.users") {
		t.Errorf("a session without a user: got %d, want 403 with the reason", status)
	}
	numbered := s.visitor()
	if status, _ := numbered.post("/console/passkey/begin"); status != http.StatusNotFound {
		t.Errorf("at an address of numbers: got %d, want 404", status)
	}
}
