package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
)

// Configured returns the options of a console as configured, for the interface at an address with a token.
func Configured(c *config.Config, api, token string, now func() time.Time, log *slog.Logger) (Options, error) {
	out := Options{
		API: api, Token: token, PublicURL: c.Console.PublicURL, Controller: c.Controller, Now: now, Log: log,
	}
	for i, u := range c.Console.Users {
		hash, err := c.Secret(u.Password)
		if err != nil {
			return out, c.At(fmt.Errorf("user %s of the console: %w", u.Name, err), "console", "users", i, "password")
		}
		out.Users = append(out.Users, User{Name: u.Name, Role: Role(u.Role), Hash: hash})
	}
	o := c.Console.OIDC
	if o.Issuer == "" {
		return out, nil
	}
	out.Team = &Team{
		Issuer: o.Issuer, ClientID: o.ClientID, Claim: o.Claim,
		Roles: map[Role][]string{RoleOwner: o.Owner, RoleHelper: o.Helper, RoleAuditor: o.Auditor},
	}
	if o.ClientSecret != "" {
		secret, err := c.Secret(o.ClientSecret)
		if err != nil {
			return out, c.At(fmt.Errorf("the sign-in of the console: %w", err), "console", "oidc", "client_secret")
		}
		out.Team.ClientSecret = secret
	}
	return out, nil
}

// defaultListen is the default address of the console as a service of its own.
const defaultListen = "127.0.0.1:8083"

// The faults of a configuration of the console as a service of its own.
var (
	errNoLifecycle = errors.New(
		"console.lifecycle.url and console.lifecycle.token are missing: the console asks lifecycle",
	)
	errNoDoor = errors.New("nobody can sign in: set console.users or console.oidc")
)

// Program is the console as a service of its own, which asks lifecycle.
func Program() *service.Program {
	return &service.Program{
		Name: "console", WithoutNATS: true,
		Listen: func(c *config.Config) string { return cmp.Or(c.Console.Listen, defaultListen) },
		Check: func(c *config.Config) error {
			switch {
			case c.Console.Lifecycle.URL == "" || lifecycleToken(c) == "":
				return errNoLifecycle
			case len(c.Console.Users) == 0 && c.Console.OIDC.Issuer == "":
				return errNoDoor
			}
			return nil
		},
		New: func(_ context.Context, p service.Parts) (service.App, error) {
			token, err := p.Config.Secret(lifecycleToken(p.Config))
			if err != nil {
				return nil, p.Config.At(err, "console", "lifecycle", "token")
			}
			opts, err := Configured(p.Config, p.Config.Console.Lifecycle.URL, token, nil, p.Log)
			if err != nil {
				return nil, err
			}
			c, err := New(opts)
			if err != nil {
				return nil, err
			}
			return &app{c}, nil
		},
	}
}

// lifecycleToken is a reference to the token for lifecycle: that of the console, or the first token of all scopes.
func lifecycleToken(c *config.Config) string {
	if c.Console.Lifecycle.Token != "" {
		return c.Console.Lifecycle.Token
	}
	for _, t := range c.API.Tokens {
		if len(t.Scopes) == 0 {
			return t.Token
		}
	}
	return ""
}

// app is the console as a running service.
type app struct{ console *Console }

// Start does nothing.
func (*app) Start(context.Context) {}

// Close ends the work of the console.
func (a *app) Close() error {
	a.console.Close()
	return nil
}

// Handler serves the pages, and /healthz and /readyz without a session.
func (a *app) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/console/", a.console.Handler())
	mux.Handle("GET /{$}", http.RedirectHandler("/console/", http.StatusSeeOther))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.ready)
	return mux
}

// ready reports whether lifecycle answers.
func (a *app) ready(w http.ResponseWriter, r *http.Request) {
	if _, err := a.console.api.text(r.Context(), http.MethodGet, "/readyz", nil); err != nil {
		answer(w, http.StatusServiceUnavailable, "lifecycle does not answer")
		return
	}
	answer(w, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the asker has left
}

// Metrics has none: the console counts nothing.
func (*app) Metrics() http.Handler { return http.NotFoundHandler() }
