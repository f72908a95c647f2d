package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/services/internal/display"
)

// Options configure a Console.
type Options struct {
	// API is the address of the interface of the installation, Token a token of all scopes.
	API, Token string
	// PublicURL is the address at which browsers reach the console, where that is not this machine; empty means this
	// machine alone.
	PublicURL string
	// Controller is the name of the business on every page; empty shows none.
	Controller string
	// Users sign in with a password; none means that nobody does.
	Users []User
	// Team is how the accounts of a business sign in (OpenID Connect); nil means not at all.
	Team *Team
	// Now is the current time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Console serves the pages.
type Console struct {
	opts     Options
	api      *api
	sessions *sessions
	works    *works
	doors    *doors
	texts    map[language]words
	pages    pages
	assets   *assets
	place    *place
	hosts    []string
	served   []Route
	handler  http.Handler
}

// New reads the templates.
func New(opts Options) (*Console, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	c := &Console{opts: opts, api: newAPI(opts.API, opts.Token)}
	c.place = &place{api: c.api, now: opts.Now}
	c.doors = newDoors(opts, c.api)
	c.sessions = newSessions(opts.Now, c.api, c.doors.admits)
	c.works = newWorks(c.api, opts.Now, opts.Log)
	for _, address := range []string{opts.API, opts.PublicURL} {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			c.hosts = append(c.hosts, u.Host)
		}
	}
	for _, u := range opts.Users {
		if err := u.check(); err != nil {
			return nil, err
		}
	}
	var err error
	if c.texts, err = readWords(); err != nil {
		return nil, err
	}
	if c.assets, err = readAssets(); err != nil {
		return nil, err
	}
	c.pages = newPages(c.texts, c.assets, c.place)
	c.handler = c.guarded(c.routes())
	return c, nil
}

// SignInPath is the path of a page that signs a browser in once.
func (c *Console) SignInPath() string { return "/console/login?token=" + c.sessions.newToken() }

// Close ends the work that goes on in the background.
func (c *Console) Close() { c.works.close() }

// Handler serves the pages under /console/, and /v1/console/token for a holder of the token of the interface.
func (c *Console) Handler() http.Handler { return c.handler }

// guarded sets the headers of every answer, and refuses other sites: forms from other origins, and names of other hosts
// that lead to this machine.
func (c *Console) guarded(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.refuse(w, r, http.StatusForbidden, "foreign")
	}))
	inner := origins.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), c.isSecure(r))
		if !strings.HasPrefix(r.URL.Path, "/v1/") && !c.isOurHost(r.Host) {
			c.refuse(w, r, http.StatusMisdirectedRequest, "wrong_host")
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// isOurHost reports whether a browser named this machine or the public address: a foreign name that leads to this
// machine (DNS rebinding) is neither.
func (c *Console) isOurHost(host string) bool {
	if slices.Contains(c.hosts, host) {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// isSecure reports whether the browser reaches the console by TLS.
func (c *Console) isSecure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(c.opts.PublicURL, "https://")
}

func setHeaders(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// refuse answers a request outside of a session.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, status int, key string) {
	l := languageOf(r)
	c.write(
		w,
		r,
		status,
		"fault",
		data{Lang: l, Title: c.texts[l].say("fault"), Page: faultPage{Said: c.texts[l].say(key)}},
	)
}

// visit is one request of a browser that signed in.
type visit struct {
	*Console

	w       http.ResponseWriter
	r       *http.Request
	session *session
	lang    language
}

// say returns a text in the language of the visit.
func (v *visit) say(key string, values ...any) string { return v.texts[v.lang].say(key, values...) }

// sayOr returns the text of a key, or another text for a key without one.
func (v *visit) sayOr(key, other string) string {
	if _, ok := v.texts[v.lang][key]; ok {
		return v.say(key)
	}
	return other
}

// actor names the reader in the journal.
func (v *visit) actor() string { return actorOf(v.session) }

// actorOf names the person of a session in the journal.
func actorOf(o *session) string { return strings.TrimSpace(string(o.Role) + " " + o.Name) }

// maxForm bounds a form.
const maxForm = 64 << 10

// formLimit is the maximum size of the form of a request, in bytes.
func formLimit(r *http.Request) int64 {
	if r.PathValue("act") == "upload" {
		return maxUpload
	}
	return maxForm
}

// The rate of one session: more is no person.
const (
	sessionRate  = rate.Limit(20)
	sessionBurst = 80
)

// signedIn admits browsers with a session of a role that permits the route, and sends others to the page that explains
// how to sign in.
func (c *Console) signedIn(route route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formLimit(r))
		s, err := c.sessions.of(r)
		if err != nil {
			c.opts.Log.Error("the sessions of the console cannot be read", "error", err)
			c.refuse(w, r, http.StatusServiceUnavailable, "unavailable")
			return
		}
		if s == nil {
			c.loginPage(w, r)
			return
		}
		c.place.refresh(r.Context())
		l := languageOf(r)
		v := &visit{c, w, r, s, l}
		r = r.WithContext(context.WithValue(r.Context(), actorKey{}, v.actor()))
		v.r = r
		switch {
		case !s.limit.AllowN(c.opts.Now(), 1):
			err = &refusal{Status: http.StatusTooManyRequests, Detail: v.say("too_many")}
		case !s.Role.may(route.need):
			err = &refusal{Status: http.StatusForbidden, Detail: v.say("not_permitted", v.say("role_"+string(s.Role)))}
		default:
			err = route.serve(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// fail shows an error as a sentence. What the interface reports is shown; anything else is logged.
func (v *visit) fail(err error) {
	status, said := http.StatusInternalServerError, v.say("broken")
	var r *refusal
	switch {
	case errors.Is(err, errUnknown):
		status, said = http.StatusNotFound, v.say("unknown")
	case errors.As(err, &r):
		status, said = r.Status, v.sayRefusal(r)
	default:
		v.opts.Log.Error("a page of the console failed", "path", v.r.Pattern, "error", err)
	}
	v.page(status, "fault", v.say("fault"), faultPage{said, v.cameFrom()})
}

// faultPage says what is wrong.
type faultPage struct {
	Said string
	// Back is the page from which the reader came; empty when that is not known.
	Back string
}

// cameFrom is the page of the console from which the browser came; empty for none.
func (v *visit) cameFrom() string {
	from, err := url.Parse(v.r.Referer())
	if err != nil || from.Host != v.r.Host || !strings.HasPrefix(from.Path, "/console/") {
		return ""
	}
	return from.RequestURI()
}

// missing answers for an address without a page.
func (v *visit) missing() error {
	return &refusal{Status: http.StatusNotFound, Detail: v.say("no_page")}
}

// sayRefusal is a problem of the interface in the language of the visit, where the words know the kind of problem; any
// other is told as the interface tells it.
func (v *visit) sayRefusal(r *refusal) string {
	return v.sayOr("problem_"+strings.ReplaceAll(path.Base(r.Type), "-", "_"), r.Detail)
}

// data is what every template gets.
type data struct {
	Lang  language
	Title string
	Here  string
	Query template.URL
	// Again is the page that the choice of a language opens: empty for this one. The answer to a form is no page to open.
	Again    string
	Seal     string
	SignedIn bool
	Who      string
	Role     Role
	// Shop is the name of the business; empty when the configuration names none.
	Shop string
	Page any
}

// May reports whether the role of the reader permits acts, exports or settings.
func (d data) May(n string) bool { return d.Role.may(need(n)) }

// page writes a page.
func (v *visit) page(status int, name, title string, content any) {
	v.write(v.w, v.r, status, name, data{
		Lang: v.lang, Title: title, Seal: v.session.seal, SignedIn: true, Who: v.session.Name, Role: v.session.Role,
		Page: content,
	})
}

func (c *Console) write(w http.ResponseWriter, r *http.Request, status int, name string, d data) {
	d.Here, d.Shop = r.URL.Path, c.opts.Controller
	if r.Method == http.MethodPost {
		d.Again = "/console/login"
	}
	if d.Again != "" && d.SignedIn {
		d.Again = "/console/"
	}
	c.keepLanguage(w, r, d.Lang)
	q := r.URL.Query()
	q.Del("lang")
	d.Query = template.URL(q.Encode()) //nolint:gosec // the values are escaped
	var out bytes.Buffer
	if err := c.pages.execute(&out, d.Lang, name, "layout.html", d); err != nil {
		c.opts.Log.Error("a page of the console failed", "page", name, "error", err)
		http.Error(w, "the page failed; the log has the cause", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, display.Text(out.String())) // the browser has left
}

// keepLanguage remembers the language that a reader chose, also before the reader signs in.
func (c *Console) keepLanguage(w http.ResponseWriter, r *http.Request, l language) {
	if !r.URL.Query().Has("lang") {
		return
	}
	//nolint:gosec // as the cookie of the session
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: string(l), Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: c.isSecure(r), MaxAge: int((365 * 24 * time.Hour).Seconds()),
	})
}

// redirect sends the browser to a page after an act, so that a reload repeats nothing.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// download answers with a document of the interface that the browser stores.
func (v *visit) download(kind, name string, body []byte) error {
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	_, err := v.w.Write(body)
	return ignore(err)
}

// ignore drops an error of a browser that has left.
func ignore(error) error { return nil }

// read records that an auditor reads the data of persons, before the page is shown.
func (v *visit) read(page string, subjects ...string) error {
	subjects = slices.DeleteFunc(subjects, func(id string) bool { return id == "" })
	if v.session.Role != RoleAuditor || len(subjects) == 0 {
		return nil
	}
	slices.Sort(subjects)
	return v.api.post(v.r.Context(), "/v1/reads", map[string]any{
		"subjects": slices.Compact(subjects), "by": "auditor " + v.session.Name, "page": page,
	}, nil)
}
