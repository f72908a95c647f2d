package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

const (
	// passkeyLife is how long a person may take at the authenticator.
	passkeyLife = 5 * time.Minute
	// maxPasskeys bounds the passkeys of one user.
	maxPasskeys = 10
	// passkeyCookie binds a sign-in or a registration to the browser.
	passkeyCookie = "rodopath_console_passkey"
	// handleSize is the size of the random id by which an authenticator knows a user, in bytes.
	handleSize = 32
)

// passkey is a passkey of a user: a public key, which signs nobody in.
type passkey struct {
	Label string    `json:"label"`
	Added time.Time `json:"added"`
	Used  time.Time `json:"used,omitzero"`
	// Site is the name of the site for which the authenticator made the passkey.
	Site string `json:"site"`
	// Mark is the fingerprint of the password with which the user is configured: a passkey ends with the password.
	Mark       string              `json:"mark"`
	Credential webauthn.Credential `json:"credential"`
}

// ID names a passkey on a page.
func (p *passkey) ID() string { return hex.EncodeToString(p.Credential.ID) }

// holder is a user with passkeys, as the library asks for one.
type holder struct {
	Handle []byte    `json:"handle"`
	Keys   []passkey `json:"keys"`

	name, site, mark string
}

var _ webauthn.User = (*holder)(nil)

// WebAuthnID implements webauthn.User.
func (h *holder) WebAuthnID() []byte { return h.Handle }

// WebAuthnName implements webauthn.User.
func (h *holder) WebAuthnName() string { return h.name }

// WebAuthnDisplayName implements webauthn.User.
func (h *holder) WebAuthnDisplayName() string { return h.name }

// WebAuthnCredentials implements webauthn.User.
func (h *holder) WebAuthnCredentials() []webauthn.Credential {
	var out []webauthn.Credential
	for i := range h.Keys {
		if h.Keys[i].Site == h.site && h.Keys[i].Mark == h.mark {
			out = append(out, h.Keys[i].Credential)
		}
	}
	return out
}

// holders are the passkeys of all users, by name.
type holders map[string]*holder

// passkeys reads the passkeys, which are in the database of the installation and in its backups.
func (a *api) passkeys(ctx context.Context) (holders, error) {
	all, _, err := a.storedPasskeys(ctx)
	return all, err
}

// storedPasskeys reads the passkeys, also as the text that is stored.
func (a *api) storedPasskeys(ctx context.Context) (holders, string, error) {
	var doc struct {
		Passkeys string `json:"passkeys"`
	}
	out := holders{}
	if err := a.get(ctx, "/v1/console/passkeys", &doc); err != nil || doc.Passkeys == "" {
		return out, "", err
	}
	if err := json.Unmarshal([]byte(doc.Passkeys), &out); err != nil {
		return out, "", fmt.Errorf("decode the passkeys: %w", err)
	}
	return out, doc.Passkeys, nil
}

// changePasskeys changes the passkeys of a user on those that the change has seen, so that two users, or one user with
// two devices, overwrite nothing of each other. The change sees the stored handle of the user, or a new one.
func (a *api) changePasskeys(ctx context.Context, user string, change func(*holder)) error {
	return untilKept(func() error {
		all, former, err := a.storedPasskeys(ctx)
		if err != nil {
			return err
		}
		if all[user] == nil {
			if all[user], err = newHolder(); err != nil {
				return err
			}
		}
		change(all[user])
		data, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("encode the passkeys: %w", err)
		}
		return a.put(ctx, "/v1/console/passkeys", map[string]string{"passkeys": string(data), "former": former}, nil)
	})
}

// newHolder is a user without passkeys, with a new handle.
func newHolder() (*holder, error) {
	h := &holder{Handle: make([]byte, handleSize)}
	if _, err := rand.Read(h.Handle); err != nil {
		return nil, fmt.Errorf("make the id of a user: %w", err)
	}
	return h, nil
}

// errNoSite means that passkeys do not work at the address: an authenticator knows names of sites and no numbers.
var errNoSite = errors.New("passkeys need a name: console.public_url, or http://localhost on this machine")

// relying is the library for the address of a request.
func (c *Console) relying(r *http.Request) (*webauthn.WebAuthn, error) {
	origin := strings.TrimSuffix(c.opts.PublicURL, "/")
	if name, _, _ := strings.Cut(r.Host, ":"); name == "localhost" {
		origin = "http://" + r.Host
	}
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Hostname(), "0123456789.:") == "" {
		return nil, errNoSite
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Rodopath", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// keepAttempt seals what a ceremony needs later in a cookie, and answers with what the authenticator is asked.
func (c *Console) keepAttempt(
	w http.ResponseWriter,
	r *http.Request,
	purpose string,
	s *webauthn.SessionData,
	options any,
) error {
	sealed, err := c.api.seal(r.Context(), purpose, s, c.opts.Now().Add(passkeyLife))
	if err != nil {
		return err
	}
	//nolint:gosec // as the cookie of the session
	http.SetCookie(w, &http.Cookie{
		Name: passkeyCookie, Value: sealed, Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: c.isSecure(r), MaxAge: int(passkeyLife.Seconds()),
	})
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(options)
}

// attempt opens the cookie of a ceremony, and lets the browser forget it.
func (c *Console) attempt(w http.ResponseWriter, r *http.Request, purpose string) (s webauthn.SessionData, err error) {
	cookie, err := r.Cookie(passkeyCookie)
	if err != nil {
		return s, errBox
	}
	//nolint:gosec // as the cookie of the session
	http.SetCookie(w, &http.Cookie{
		Name: passkeyCookie, Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.isSecure(r),
		MaxAge: -1,
	})
	err = c.api.unseal(r.Context(), purpose, cookie.Value, c.opts.Now(), &s)
	return s, err
}

// The purposes of sealed attempts.
const (
	toSignIn   = "passkey sign-in"
	toRegister = "passkey registration"
)

// passkeyBegin asks the browser for a passkey of this site.
func (c *Console) passkeyBegin(w http.ResponseWriter, r *http.Request) {
	if err := c.beginSignIn(w, r); err != nil {
		c.opts.Log.Warn("a sign-in with a passkey cannot begin", "error", err)
		http.Error(w, "passkeys are not available here", http.StatusNotFound)
	}
}

func (c *Console) beginSignIn(w http.ResponseWriter, r *http.Request) error {
	if len(c.opts.Users) == 0 {
		return errNoUser
	}
	library, err := c.relying(r)
	if err != nil {
		return err
	}
	options, s, err := library.BeginDiscoverableLogin()
	if err != nil {
		return fmt.Errorf("begin a sign-in with a passkey: %w", err)
	}
	return c.keepAttempt(w, r, toSignIn, s, options)
}

// passkeyFinish admits a browser with a passkey.
func (c *Console) passkeyFinish(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	u, err := c.passkeyUser(w, r)
	if err != nil {
		c.opts.Log.Warn("a sign-in with a passkey failed", "error", err)
		c.signInFailed(r, byPasskey, "")
		http.Error(w, "the passkey was not accepted", http.StatusForbidden)
		return
	}
	if c.admit(w, r, session{Name: u.Name, Role: u.Role, By: byPasskey, Mark: u.mark()}) {
		w.WriteHeader(http.StatusNoContent)
	}
}

var (
	errNoUser = errors.New("nobody has this passkey")
	errCloned = errors.New("the passkey was used on another device meanwhile: it may be a copy")
)

// passkeyUser verifies the answer of an authenticator, and returns the user of the configuration.
func (c *Console) passkeyUser(w http.ResponseWriter, r *http.Request) (User, error) {
	library, err := c.relying(r)
	if err != nil {
		return User{}, err
	}
	s, err := c.attempt(w, r, toSignIn)
	if err != nil {
		return User{}, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(r.PostFormValue("credential")))
	if err != nil {
		return User{}, fmt.Errorf("read the answer of the authenticator: %w", err)
	}
	all, err := c.api.passkeys(r.Context())
	if err != nil {
		return User{}, err
	}
	var user User
	find := func(_, handle []byte) (webauthn.User, error) {
		for name, h := range all {
			if u, ok := c.doors.users[name]; ok && len(handle) > 0 && bytes.Equal(h.Handle, handle) {
				h.name, h.site, h.mark, user = name, library.Config.RPID, u.mark(), u
				return h, nil
			}
		}
		return nil, errNoUser
	}
	used, err := library.ValidateDiscoverableLogin(find, s, answer)
	if err != nil {
		return User{}, fmt.Errorf("verify the passkey: %w", err)
	}
	if used.Authenticator.CloneWarning {
		return User{}, errCloned
	}
	return user, c.api.changePasskeys(r.Context(), user.Name, func(h *holder) {
		for i := range h.Keys {
			if k := &h.Keys[i]; bytes.Equal(k.Credential.ID, used.ID) {
				k.Credential.Authenticator, k.Credential.Flags, k.Used = used.Authenticator, used.Flags, c.opts.Now().UTC()
			}
		}
	})
}

// mayRegister reports whether the reader is a user of the configuration.
func (v *visit) mayRegister() bool {
	_, ok := v.doors.users[v.session.Name]
	return ok && (v.session.By == byPassword || v.session.By == byPasskey)
}

// ownPasskeys returns the passkeys of the reader.
func (v *visit) ownPasskeys() (*holder, error) {
	if !v.mayRegister() {
		return nil, &refusal{Status: http.StatusForbidden, Detail: v.say("passkey_users")}
	}
	all, err := v.api.passkeys(v.r.Context())
	if err != nil {
		return nil, err
	}
	h := all[v.session.Name]
	if h == nil {
		h = &holder{}
	}
	v.own(h)
	return h, nil
}

// own completes the passkeys of the reader with the configuration of the user, and drops those of a former password.
func (v *visit) own(h *holder) {
	h.name, h.mark = v.session.Name, v.doors.users[v.session.Name].mark()
	h.Keys = slices.DeleteFunc(h.Keys, func(k passkey) bool { return k.Mark != h.mark })
}

// passkeyAct registers and removes passkeys of the reader.
func (v *visit) passkeyAct() error {
	h, err := v.ownPasskeys()
	if err != nil {
		return err
	}
	switch v.r.PathValue("act") {
	case "remove":
		id := v.r.PostFormValue("passkey")
		err := v.api.changePasskeys(v.r.Context(), v.session.Name, func(h *holder) {
			h.Keys = slices.DeleteFunc(h.Keys, func(k passkey) bool { return k.ID() == id })
		})
		if err != nil {
			return err
		}
		v.note(v.r.Context(), v.actor(), actPasskeyRemoved, "")
		return v.redirect("/console/sessions")
	case "begin":
		return v.beginPasskey(h)
	case "finish":
		return v.finishPasskey(h)
	}
	return errUnknown
}

// freshFor is how long after signing in a passkey may be added, so that an open browser alone does not suffice.
const freshFor = 15 * time.Minute

// isFresh reports whether the reader signed in lately.
func (v *visit) isFresh() bool { return v.opts.Now().Sub(v.session.Began) < freshFor }

// beginPasskey asks the browser to make a passkey. The id of the user is stored first, because the authenticator stores
// it as well.
func (v *visit) beginPasskey(h *holder) error {
	library, err := v.relying(v.r)
	if err != nil {
		return &refusal{Status: http.StatusConflict, Detail: v.say("passkey_site")}
	}
	if !v.isFresh() {
		return &refusal{Status: http.StatusForbidden, Detail: v.say("passkey_fresh")}
	}
	if len(h.Keys) >= maxPasskeys {
		return &refusal{Status: http.StatusConflict, Detail: v.say("passkey_many")}
	}
	err = v.api.changePasskeys(v.r.Context(), v.session.Name, func(stored *holder) {
		v.own(stored)
		h = stored
	})
	if err != nil {
		return err
	}
	h.site = library.Config.RPID
	options, s, err := library.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return fmt.Errorf("begin a passkey: %w", err)
	}
	return v.keepAttempt(v.w, v.r, toRegister+" of "+v.session.ID, s, options)
}

// finishPasskey verifies and stores a new passkey.
func (v *visit) finishPasskey(h *holder) error {
	refused := &refusal{Status: http.StatusForbidden, Detail: v.say("passkey_refused")}
	library, err := v.relying(v.r)
	if err != nil {
		return &refusal{Status: http.StatusConflict, Detail: v.say("passkey_site")}
	}
	s, err := v.attempt(v.w, v.r, toRegister+" of "+v.session.ID)
	if err != nil {
		return refused
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(v.r.PostFormValue("credential")))
	if err != nil {
		return refused
	}
	made, err := library.CreateCredential(h, s, answer)
	if err != nil {
		v.opts.Log.Warn("a passkey was not accepted", "error", err)
		return refused
	}
	made.Attestation = webauthn.CredentialAttestation{} // of the maker, and asked for by nobody
	const most = 60
	label := strings.TrimSpace(v.r.PostFormValue("label"))
	if label = string([]rune(label)[:min(len([]rune(label)), most)]); label == "" {
		label = library.Config.RPID
	}
	key := passkey{Label: label, Added: v.opts.Now().UTC(), Site: library.Config.RPID, Mark: h.mark, Credential: *made}
	err = v.api.changePasskeys(
		v.r.Context(),
		v.session.Name,
		func(stored *holder) { stored.Keys = append(stored.Keys, key) },
	)
	if err != nil {
		return err
	}
	v.note(v.r.Context(), v.actor(), actPasskeyAdded, "")
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}
