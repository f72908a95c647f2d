package console

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// loginData is what the page to sign in shows.
type loginData struct {
	Token string
	// Wrong is the key of what went wrong; empty for nothing.
	Wrong          string
	Password, Team bool
}

// loginPage asks to sign in. A link with a token shows a button: a program that follows links signs nobody in.
func (c *Console) loginPage(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	if r.URL.Path != "/console/login" {
		status = http.StatusUnauthorized
	}
	c.writeLogin(w, r, status, r.URL.Query().Get("token"), "")
}

func (c *Console) writeLogin(w http.ResponseWriter, r *http.Request, status int, token, wrong string) {
	l := languageOf(r)
	c.write(w, r, status, "login", data{
		Lang: l, Title: c.texts[l].say("sign_in"),
		Page: loginData{token, wrong, len(c.opts.Users) > 0, c.opts.Team != nil},
	})
}

// signIn admits a browser with a token.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	key, ok := c.sessions.signIn(r.PostFormValue("token"), r.UserAgent())
	if !ok {
		c.writeLogin(w, r, http.StatusForbidden, "", "wrong_token")
		return
	}
	c.setCookie(w, r, key)
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
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
	v.sessions.end(v.session.number)
	v.setCookie(v.w, v.r, "")
	return v.redirect("/console/login")
}

// endSession ends a session. The owner may end every session, others their own.
func (v *visit) endSession() error {
	number, err := strconv.Atoi(v.r.PostFormValue("number"))
	if err != nil || number <= 0 {
		return errUnknown
	}
	for _, s := range v.sessions.list() {
		if s.number == number && (v.session.role.may(needOwner) || s.name == v.session.name && s.role == v.session.role) {
			v.sessions.end(number)
			return v.redirect("/console/sessions")
		}
	}
	return errUnknown
}

// shownSession is a session as shown to the reader.
type shownSession struct {
	Number      int
	Began, Last time.Time
	Agent, Name string
	Role        Role
	Here        bool
}

func (v *visit) sessionList() error {
	var out []shownSession
	for _, s := range v.sessions.list() {
		if v.session.role.may(needOwner) || s.name == v.session.name && s.role == v.session.role {
			out = append(out, shownSession{
				s.number, s.began, s.last, s.agent, s.name, s.role, s.number == v.session.number,
			})
		}
	}
	v.page(http.StatusOK, "sessions", v.say("sessions"), out)
	return nil
}

// design shows every component.
func (v *visit) design() error {
	v.page(http.StatusOK, "design", v.say("design"), nil)
	return nil
}
