package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

//go:embed templates/*.html console.css
var files embed.FS

// Options configure a Console.
type Options struct {
	// API is the address of the interface of the installation, Token a token of all scopes.
	API, Token string
	// Now is the current time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Console serves the pages.
type Console struct {
	opts     Options
	api      *api
	sessions *sessions
	pages    map[string]*template.Template
	style    template.CSS
	mux      *http.ServeMux
}

// New reads the templates.
func New(opts Options) (*Console, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	style, err := files.ReadFile("console.css")
	if err != nil {
		return nil, fmt.Errorf("read the style of the console: %w", err)
	}
	c := &Console{
		opts:     opts,
		api:      newAPI(opts.API, opts.Token),
		sessions: newSessions(opts.Now),
		pages:    map[string]*template.Template{},
		style:    template.CSS(style), //nolint:gosec // our own style
		mux:      http.NewServeMux(),
	}
	for _, name := range []string{"login", "today", "people", "person", "deletions", "path", "setup", "sessions", "fault"} {
		t, err := template.New("layout.html").
			Funcs(funcs()).
			ParseFS(files, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read the page %s of the console: %w", name, err)
		}
		c.pages[name] = t
	}
	c.routes()
	return c, nil
}

// SignInPath is the path of a page that signs a browser in once.
func (c *Console) SignInPath() string { return "/console/login?token=" + c.sessions.token() }

// Handler serves the pages under /console/, and /v1/console/token for a holder of the token of the interface.
func (c *Console) Handler() http.Handler { return c.mux }

func (c *Console) routes() {
	c.mux.HandleFunc("GET /console/login", c.loginPage)
	c.mux.HandleFunc("POST /console/login", c.signIn)
	c.mux.HandleFunc("POST /v1/console/token", c.newToken)
	for path, page := range map[string]func(*visit) error{
		"GET /console/{$}": (*visit).today, "GET /console/people": (*visit).people, "GET /console/people/{id}": (*visit).person,
		"GET /console/deletions": (*visit).deletions, "GET /console/path": (*visit).path, "GET /console/setup": (*visit).setup,
		"GET /console/sessions": (*visit).sessionList,
	} {
		c.mux.HandleFunc(path, c.signedIn(page))
	}
	for path, act := range map[string]func(*visit) error{
		"POST /console/people/find": (*visit).find, "POST /console/deletions/retract": (*visit).retract,
		"POST /console/setup/live": (*visit).goLive, "POST /console/setup/covered": (*visit).cover,
		"POST /console/setup/brake": (*visit).releaseBrake, "POST /console/people/{id}/hold": (*visit).hold,
		"POST /console/people/{id}/request": (*visit).request, "POST /console/logout": (*visit).logout,
		"POST /console/sessions/end": (*visit).endSession,
	} {
		c.mux.HandleFunc(path, c.signedIn(func(v *visit) error {
			if !v.session.isSealed(v.r) {
				return &refusal{Status: http.StatusForbidden, Detail: v.words().Stale}
			}
			return act(v)
		}))
	}
}

// visit is one request of a browser that signed in.
type visit struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	session *session
	lang    language
}

// maxForm bounds a form.
const maxForm = 64 << 10

// signedIn admits browsers with a session, and sends others to the page that explains how to sign in.
func (c *Console) signedIn(serve func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		s := c.sessions.of(r)
		if s == nil {
			c.loginPage(w, r)
			return
		}
		v := &visit{c, w, r, s, languageOf(r)}
		if err := serve(v); err != nil {
			v.fail(err)
		}
	}
}

// fail shows an error as a sentence. What the interface reports is shown; anything else is logged.
func (v *visit) fail(err error) {
	status, said := http.StatusInternalServerError, v.words().Broken
	var r *refusal
	switch {
	case errors.Is(err, errUnknown):
		status, said = http.StatusNotFound, v.words().Unknown
	case errors.As(err, &r):
		status, said = r.Status, r.Detail
	default:
		v.opts.Log.Error("a page of the console failed", "path", v.r.URL.Path, "error", err)
	}
	v.page(status, "fault", v.words().Fault, said)
}

// data is what every template gets.
type data struct {
	Style    template.CSS
	Lang     language
	W        words
	Title    string
	Here     string
	Seal     string
	SignedIn bool
	Page     any
}

// page writes a page.
func (v *visit) page(status int, name, title string, content any) {
	v.write(v.w, v.r, status, name, data{
		Lang: v.lang, Title: title, Seal: v.session.sealText, SignedIn: true, Page: content,
	})
}

func (c *Console) write(w http.ResponseWriter, r *http.Request, status int, name string, d data) {
	d.Style, d.W, d.Here = c.style, wordsOf(d.Lang), r.URL.Path
	var out bytes.Buffer
	if err := c.pages[name].Execute(&out, d); err != nil {
		c.opts.Log.Error("a page of the console failed", "page", name, "error", err)
		http.Error(w, "the page failed; the log has the cause", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the browser has left
}

// redirect sends the browser to a page after an act, so that a reload repeats nothing.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// loginPage asks to sign in. A link with a token shows a button: a program that follows links signs nobody in.
func (c *Console) loginPage(w http.ResponseWriter, r *http.Request) {
	lang := languageOf(r)
	status := http.StatusOK
	if r.URL.Path != "/console/login" {
		status = http.StatusUnauthorized
	}
	c.write(w, r, status, "login", data{Lang: lang, Title: wordsOf(lang).SignIn, Page: struct {
		Token string
		Wrong bool
	}{r.URL.Query().Get("token"), false}})
}

// signIn admits a browser with a token.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	key, ok := c.sessions.signIn(r.PostFormValue("token"), r.UserAgent())
	if !ok {
		lang := languageOf(r)
		c.write(w, r, http.StatusForbidden, "login", data{Lang: lang, Title: wordsOf(lang).SignIn, Page: struct {
			Token string
			Wrong bool
		}{"", true}})
		return
	}
	//nolint:gosec // the loopback address of the interface has no TLS
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: key, Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil, MaxAge: int(sessionMost.Seconds()),
	})
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
}

// newToken returns a path that signs a browser in, for the holder of the token of the interface.
func (c *Console) newToken(w http.ResponseWriter, r *http.Request) {
	shown := hashOf(r.Header.Get("Authorization"))
	if shown != hashOf("Bearer "+c.opts.Token) {
		http.Error(w, "the token is unknown", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"path": %q}`+"\n", c.SignInPath())
}

func (v *visit) logout() error {
	v.sessions.end(v.session.number)
	//nolint:gosec // the loopback address of the interface has no TLS
	http.SetCookie(v.w, &http.Cookie{
		Name: cookieName, Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: v.r.TLS != nil, MaxAge: -1,
	})
	return v.redirect("/console/login")
}

func (v *visit) endSession() error {
	number, err := strconv.Atoi(v.r.PostFormValue("number"))
	if err != nil || number <= 0 {
		return errUnknown
	}
	v.sessions.end(number)
	return v.redirect("/console/sessions")
}

// shownSession is a session as shown to the owner.
type shownSession struct {
	Number      int
	Began, Last time.Time
	Agent       string
	Here        bool
}

func (v *visit) sessionList() error {
	var out []shownSession
	for _, s := range v.sessions.list() {
		out = append(out, shownSession{s.number, s.began, s.last, s.agent, s.number == v.session.number})
	}
	v.page(http.StatusOK, "sessions", v.words().Sessions, out)
	return nil
}
