// Package httpapi shows the status of recipients and enables disabled ones.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/problem"
)

// Recipient is a recipient as shown by the interface.
type Recipient struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// By is the way of delivery; Carried reports whether this service delivers.
	By      string `json:"by"`
	Carried bool   `json:"carried"`
	// Holds are the configured categories of the recipient, Takes the accepted kinds of decisions.
	Holds []string `json:"holds"`
	Takes []string `json:"takes"`
	// State is ok, waiting, circuit_open or disabled; Since is absent while ok.
	State string     `json:"state"`
	Since *time.Time `json:"since,omitempty"`
	// Waiting counts the queued decisions; absent without a queue.
	Waiting     *int       `json:"waiting,omitempty"`
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at,omitempty"`
	// AnswerDays is the time to answer, in days.
	AnswerDays int `json:"answer_days"`
	// DryRun reports whether calls are logged and not made.
	DryRun bool `json:"dry_run,omitempty"`
}

// Recipients knows the recipients.
type Recipients interface {
	Recipients(ctx context.Context) ([]Recipient, error)
	// Enable returns nil once the enabling is durable, and ErrUnknown for an unknown recipient.
	Enable(ctx context.Context, id string) error
}

// ErrUnknown means that this service delivers to no recipient of the id.
var ErrUnknown = errors.New("no such recipient")

// Scope is the required scope of a token.
const Scope = "decisions"

// Options configure an API.
type Options struct {
	Recipients Recipients
	// Tokens authorise requests. Without tokens the interface answers about health alone.
	Tokens []access.Token
	// Ready reports whether the service is ready.
	Ready func() error
	Log   *slog.Logger
}

// API answers questions.
type API struct {
	opts  Options
	guard *access.Guard
}

// New makes an API.
func New(opts Options) (*API, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	guard, err := access.New(opts.Tokens)
	if err != nil {
		return nil, err
	}
	return &API{opts, guard}, nil
}

// Register mounts the interface. The answers about health need no token.
func (a *API) Register(e *echo.Echo) {
	e.HTTPErrorHandler = a.fail
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", func(c echo.Context) error {
		if err := a.opts.Ready(); err != nil {
			return problem.New(http.StatusServiceUnavailable, "not-ready", err.Error())
		}
		return c.String(http.StatusOK, "ready\n")
	})
	v1 := e.Group("/v1/recipients", a.guarded)
	v1.GET("", a.list)
	v1.POST("/:id/enable", a.enable)
}

func (a *API) guarded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := a.guard.Check(c.Request(), Scope); err != nil {
			return err
		}
		return next(c)
	}
}

func (a *API) list(c echo.Context) error {
	all, err := a.opts.Recipients.Recipients(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string][]Recipient{"recipients": all})
}

func (a *API) enable(c echo.Context) error {
	err := a.opts.Recipients.Enable(c.Request().Context(), c.Param("id"))
	if errors.Is(err, ErrUnknown) {
		return problem.New(
			http.StatusNotFound,
			"no-recipient",
			"No recipient with deliveries has this id; GET /v1/recipients lists the recipients.",
		)
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// fail answers errors: problems unchanged, errors of echo with a body; other errors are logged and
// answered without detail.
func (a *API) fail(err error, c echo.Context) {
	var p *problem.Problem
	var he *echo.HTTPError
	switch {
	case errors.As(err, &p):
		if p.Status == http.StatusUnauthorized {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		}
	case errors.As(err, &he):
		p = problem.New(he.Code, "request", http.StatusText(he.Code))
	default:
		a.opts.Log.Error("request failed", "path", c.Path(), "error", err)
		p = problem.New(http.StatusInternalServerError, "internal", "Internal error; the log has the details.")
	}
	if c.Response().Committed {
		return
	}
	if err := p.Write(c.Response()); err != nil {
		a.opts.Log.Debug("answer not written", "path", c.Path(), "error", err)
	}
}
