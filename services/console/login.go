package console

import (
	"fmt"
	"net/http"
)

// loginData is what the page to sign in shows.
type loginData struct {
	// Token is shown as a button while it admits a browser, for so many Minutes.
	Token   string
	Minutes int
	// Wrong is the key of what went wrong; empty for nothing.
	Wrong          string
	Password, Team bool
	// Passkey reports whether passkeys work at the address.
	Passkey bool
}

// loginPage asks to sign in. A link with a token shows a button: a program that follows links signs nobody in. A token
// that admits nobody shows why.
func (c *Console) loginPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/console/login" {
		c.writeLogin(w, r, http.StatusUnauthorized, loginData{})
		return
	}
	token := r.URL.Query().Get("token")
	if token == "" {
		c.writeLogin(w, r, http.StatusOK, loginData{})
		return
	}
	state, minutes := c.sessions.lookUp(token)
	if state != tokenGood {
		c.writeLogin(w, r, http.StatusForbidden, loginData{Wrong: string(state)})
		return
	}
	c.writeLogin(w, r, http.StatusOK, loginData{Token: token, Minutes: minutes})
}

// writeLogin writes the page to sign in with the ways that are configured.
func (c *Console) writeLogin(w http.ResponseWriter, r *http.Request, status int, d loginData) {
	l := languageOf(r)
	_, noSite := c.relying(r)
	d.Password, d.Team = len(c.opts.Users) > 0, c.opts.Team != nil
	d.Passkey = d.Password && noSite == nil
	c.write(w, r, status, "login", data{Lang: l, Title: c.texts[l].say("sign_in"), Page: d})
}

// signIn admits a browser with a token.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if state := c.sessions.take(r.PostFormValue("token")); state != tokenGood {
		c.signInFailed(r, byToken, "")
		c.writeLogin(w, r, http.StatusForbidden, loginData{Wrong: string(state)})
		return
	}
	if c.admit(w, r, session{Role: RoleOwner, By: byToken}) {
		http.Redirect(w, r, "/console/", http.StatusSeeOther)
	}
}

// admit begins a session of a person and sets its cookie; false after an answer that says why not.
func (c *Console) admit(w http.ResponseWriter, r *http.Request, o session) bool {
	o.Agent = r.UserAgent()
	key, err := c.sessions.begin(r.Context(), o)
	if err != nil {
		c.opts.Log.Error("a session of the console cannot be stored", "error", err)
		c.refuse(w, r, http.StatusServiceUnavailable, "unavailable")
		return false
	}
	c.setCookie(w, r, key)
	c.note(r.Context(), actorOf(&o), actSignIn, o.By)
	return true
}

func (c *Console) setCookie(w http.ResponseWriter, r *http.Request, key string) {
	age := int(sessionMost.Seconds())
	if key == "" {
		age = -1
	}
	//nolint:gosec // the loopback address of the interface has no TLS
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: key, Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: c.isSecure(r), MaxAge: age,
	})
}

// newToken returns a path that signs a browser in, for the holder of the token of the interface.
func (c *Console) newToken(w http.ResponseWriter, r *http.Request) {
	if hashOf(r.Header.Get("Authorization")) != hashOf("Bearer "+c.opts.Token) {
		http.Error(w, "the token is unknown", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"path": %q}`+"\n", c.SignInPath())
}

func (v *visit) logout() error {
	if err := v.sessions.end(v.r.Context(), v.session.ID); err != nil {
		return err
	}
	v.note(v.r.Context(), v.actor(), actSignOut, "")
	v.setCookie(v.w, v.r, "")
	return v.redirect("/console/login")
}

// maySee reports whether the reader may see and end a session: the owner every one, others their own.
func (v *visit) maySee(o *session) bool {
	return v.session.Role.may(needOwner) || o.Name == v.session.Name && o.Role == v.session.Role
}

// endSession ends a session.
func (v *visit) endSession() error {
	id := v.r.PostFormValue("session")
	list, err := v.sessions.list(v.r.Context())
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].ID == id && v.maySee(&list[i]) {
			if err := v.sessions.end(v.r.Context(), id); err != nil {
				return err
			}
			v.note(v.r.Context(), v.actor(), actSessionEnd, actorOf(&list[i]))
			return v.redirect("/console/sessions")
		}
	}
	return errUnknown
}

// sessionsPage is the page of sessions and of the passkeys of the reader.
type sessionsPage struct {
	Sessions []shownSession
	// Passkeys are those of the reader; May reports whether the reader may have any, and Site whether passkeys work at the
	// address.
	Passkeys  []passkey
	May, Site bool
	// Fresh reports whether the reader signed in lately enough to add a passkey.
	Fresh bool
}

// shownSession is a session as shown to the reader.
type shownSession struct {
	session

	Here bool
}

func (v *visit) sessionList() error {
	list, err := v.sessions.list(v.r.Context())
	if err != nil {
		return err
	}
	var p sessionsPage
	for i := range list {
		if v.maySee(&list[i]) {
			p.Sessions = append(p.Sessions, shownSession{list[i], list[i].ID == v.session.ID})
		}
	}
	_, noSite := v.relying(v.r)
	if p.May, p.Site = v.mayRegister(), noSite == nil; p.May {
		h, err := v.ownPasskeys()
		if err != nil {
			return err
		}
		p.Passkeys, p.Fresh = h.Keys, v.isFresh()
	}
	v.page(http.StatusOK, "sessions", v.say("sessions"), p)
	return nil
}

// design shows every component.
func (v *visit) design() error {
	v.page(http.StatusOK, "design", v.say("design"), nil)
	return nil
}
