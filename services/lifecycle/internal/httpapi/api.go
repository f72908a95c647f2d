// Package httpapi lets people and tools ask the lifecycle questions over HTTP.
package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
)

// Store finds subjects.
type Store interface {
	Lookup(ctx context.Context, keys []string) (map[string]string, error)
	Load(ctx context.Context, ids []string) (map[string]lifecycle.Subject, error)
}

// Events reads decisions as they were published, oldest first.
type Events interface {
	Read(ctx context.Context, follow bool, visit func(data []byte) error) error
}

// Options configure an API.
type Options struct {
	Store  Store
	Events Events
	Vault  *identity.Vault
	Policy *lifecycle.Policy
	// Tokens open the interface; at least one, none empty.
	Tokens []string
	// Ready tells whether the service can do its work.
	Ready func(ctx context.Context) error
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// API answers questions.
type API struct {
	opts     Options
	tokens   [][sha256.Size]byte
	validate *validator.Validate
}

// New makes an API.
func New(opts Options) (*API, error) {
	a := &API{opts: opts, validate: validator.New(validator.WithRequiredStructEnabled())}
	if len(opts.Tokens) == 0 {
		return nil, errors.New("the API needs at least one token")
	}
	for _, t := range opts.Tokens {
		if t == "" {
			return nil, errors.New("a token of the API is empty")
		}
		a.tokens = append(a.tokens, sha256.Sum256([]byte(t)))
	}
	if a.opts.Now == nil {
		a.opts.Now = time.Now
	}
	if a.opts.Log == nil {
		a.opts.Log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Register mounts the interface. The answers about health need no token.
func (a *API) Register(e *echo.Echo) {
	e.HTTPErrorHandler = a.fail
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", a.ready)
	v1 := e.Group("/v1", a.authorize)
	v1.POST("/explain", a.explain)
	v1.GET("/events", a.events)
}

func (a *API) ready(c echo.Context) error {
	if err := a.opts.Ready(c.Request().Context()); err != nil {
		return problem.New(http.StatusServiceUnavailable, "not-ready", err.Error())
	}
	return c.String(http.StatusOK, "ready\n")
}

// authorize lets in who shows one of the tokens.
func (a *API) authorize(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		shown, ok := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer ")
		sum := sha256.Sum256([]byte(shown))
		for i := range a.tokens {
			if ok && subtle.ConstantTimeCompare(sum[:], a.tokens[i][:]) == 1 {
				return next(c)
			}
		}
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		return problem.New(http.StatusUnauthorized, "no-token", "Send a token of this interface: Authorization: Bearer TOKEN.")
	}
}

// fail is where errors stop: problems are answered as they are, echo's own get a
// body, and the rest is logged and answered without detail.
func (a *API) fail(err error, c echo.Context) {
	if c.Response().Committed {
		a.opts.Log.Warn("answer broke off", "path", c.Path(), "error", err)
		return
	}
	var p *problem.Problem
	var he *echo.HTTPError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &he):
		p = problem.New(he.Code, "request", http.StatusText(he.Code))
	default:
		a.opts.Log.Error("request failed", "path", c.Path(), "error", err)
		p = problem.New(http.StatusInternalServerError, "internal", "Something went wrong here; the log says what.")
	}
	if err := p.Write(c.Response()); err != nil {
		a.opts.Log.Warn("answer was not taken", "path", c.Path(), "error", err)
	}
}

// explainRequest asks about a person. It is a POST because the address of a
// person must not stand in a URL, where logs would keep it.
type explainRequest struct {
	// Person is an e-mail address or an identity such as "stripe:cus_123".
	Person string `json:"person" validate:"required,max=400"`
	// At is the instant asked about; absent means now.
	At *time.Time `json:"at"`
}

// Explanation is the answer: what may be held, why and until when.
type Explanation struct {
	// Person names the person by every name that is known.
	Person []string `json:"person"`
	lifecycle.Explanation
}

// maxRequest bounds the body of a request.
const maxRequest = 16 << 10

func (a *API) explain(c echo.Context) error {
	var req explainRequest
	dec := json.NewDecoder(io.LimitReader(c.Request().Body, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		return problem.New(http.StatusBadRequest, "unreadable", `Send JSON such as {"person": "ala@example.com", "at": "2026-12-31T23:00:00Z"}.`)
	}
	if err := a.validate.Struct(&req); err != nil {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "person is missing or too long.")
	}
	name, err := identity.Parse(req.Person)
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
	}
	at := a.opts.Now()
	if req.At != nil {
		at = *req.At
	}
	out, err := a.lookUp(c.Request().Context(), name, at)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// lookUp finds the subject of a name. A name may also be a record of the person,
// such as an order or a payment.
func (a *API) lookUp(ctx context.Context, name identity.Identity, at time.Time) (*Explanation, error) {
	keys := []string{a.opts.Vault.Key(name), a.opts.Vault.LocatorKey(name.Kind + ":" + name.Value)}
	owners, err := a.opts.Store.Lookup(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		id, ok := owners[key]
		for ok {
			found, err := a.opts.Store.Load(ctx, []string{id})
			if err != nil {
				return nil, err
			}
			s, stored := found[id]
			if stored && s.MergedInto == "" {
				return a.explanation(s, at)
			}
			id, ok = s.MergedInto, stored
		}
	}
	return nil, problem.New(http.StatusNotFound, "unknown-person", "Nothing is held about this person.")
}

func (a *API) explanation(s lifecycle.Subject, at time.Time) (*Explanation, error) {
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Person: []string{}, Explanation: lifecycle.Explain(a.opts.Policy, s, at)}
	for _, n := range names {
		if n.Kind == identity.KindEmail {
			out.Person = append(out.Person, n.Value)
		} else {
			out.Person = append(out.Person, n.Kind+":"+n.Value)
		}
	}
	return out, nil
}

// events writes decisions as CloudEvents, one JSON object a line. With follow=1
// it goes on as new ones come.
func (a *API) events(c echo.Context) error {
	follow := c.QueryParam("follow")
	if follow != "" && follow != "0" && follow != "1" {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "follow must be 0 or 1.")
	}
	res := c.Response()
	res.Header().Set(echo.HeaderContentType, "application/x-ndjson")
	res.WriteHeader(http.StatusOK)
	res.Flush()
	err := a.opts.Events.Read(c.Request().Context(), follow == "1", func(data []byte) error {
		if _, err := fmt.Fprintf(res, "%s\n", data); err != nil {
			return err
		}
		res.Flush()
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return nil // the reader has left, or the service stops
	}
	return err
}
