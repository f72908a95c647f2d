package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
)

// maxActor bounds the name of an actor.
const maxActor = 80

// unnamed is the actor of a client that names nobody.
const unnamed = "token"

// actorOf is who acts: the name that the client gives, without an address.
func actorOf(c echo.Context) string {
	name := strings.TrimSpace(c.Request().Header.Get(access.HeaderActor))
	switch {
	case name == "":
		return unnamed
	case len(name) > maxActor || !isPlain(name) || address.Looks(name):
		return "unreadable name"
	}
	return name
}

// The keys under which a handler says more about its act.
const (
	// actAbout is the id of the subject, decision, request or source of the act.
	actAbout = "act-about"
	// actNone means that the request changed nothing, as a preview.
	actNone = "act-none"
)

// concern says what an act is about: an id, never a name.
func concern(c echo.Context, id string) { c.Set(actAbout, id) }

// act records a request that succeeded as an act of the controller. The name of the act is that of the route, or the
// parameter :step.
func (a *API) act(name string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// An answer that ends early has taken data out.
			err := next(c)
			if err != nil && !c.Response().Committed || c.Get(actNone) != nil {
				return err
			}
			about, _ := c.Get(actAbout).(string)
			if about == "" {
				about = cmp.Or(c.Param("ref"), c.Param("decision"), c.Param("number"), c.Param("recipient"))
			}
			a.note(c, strings.Replace(name, ":step", c.Param("step"), 1), about)
			return err
		}
	}
}

// actIf is act for a request whose query has one of some values: the others change nothing and take nothing out.
func (a *API) actIf(name, parameter string, values ...string) echo.MiddlewareFunc {
	act := a.act(name)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		noted := act(next)
		return func(c echo.Context) error {
			if slices.Contains(values, c.QueryParam(parameter)) {
				return noted(c)
			}
			return next(c)
		}
	}
}

// note records an act that is done.
func (a *API) note(c echo.Context, name, about string) {
	if a.opts.Acts == nil {
		return
	}
	if len(about) > maxAbout || !isPlain(about) {
		about = ""
	}
	done := journal.Act{At: a.opts.Now(), By: actorOf(c), What: name, About: about}
	ctx := context.WithoutCancel(c.Request().Context())
	if err := a.opts.Acts.Note(ctx, done); err != nil { // the act is done, and the answer is written
		a.opts.Log.Error("an act of the controller is missing in the journal", "act", done.What, "error", err)
	}
}

// maxAbout bounds what an act is about.
const maxAbout = 160

// consoleAct is an act in the console that no other route sees.
type consoleAct struct {
	Act   string `json:"act"   validate:"required,oneof=sign-in sign-in-failed sign-in-locked sign-out session-end passkey-added passkey-removed"`
	About string `json:"about" validate:"max=80,plain"`
}

const consoleActExample = `{"act": "sign-in", "about": "password"}`

// noteConsoleAct records who signed in to the console, and the like.
func (a *API) noteConsoleAct(c echo.Context) error {
	var req consoleAct
	if err := a.read(c, &req, consoleActExample); err != nil {
		return err
	}
	a.note(c, req.Act, req.About)
	return c.NoContent(http.StatusNoContent)
}

// actsAnswer lists acts, the newest first.
type actsAnswer struct {
	Acts []listedAct `json:"acts"`
	// Next is the position before which the list goes on; absent at the end.
	Next int64 `json:"next,omitempty"`
}

type listedAct struct {
	Seq   int64           `json:"seq"`
	At    time.Time       `json:"at"`
	By    string          `json:"by"`
	Act   string          `json:"act"`
	Kind  journal.ActKind `json:"kind"`
	About string          `json:"about,omitempty"`
}

// maxActs bounds a page of acts.
const maxActs = 100

// actFilter reads which acts are asked for.
func (a *API) actFilter(c echo.Context) (f journal.Filter, err error) {
	f = journal.Filter{Kind: journal.ActKind(c.QueryParam("kind")), By: c.QueryParam("by")}
	if f.Kind != "" && !slices.Contains(journal.ActKinds(), f.Kind) {
		return f, problem.New(http.StatusUnprocessableEntity, "impossible",
			"kind must be sign-in, export, request, person, deletion, history or settings.")
	}
	zone := a.opts.Policy.Place.Zone
	for name, into := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		text := c.QueryParam(name)
		if text == "" {
			continue
		}
		if *into, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
			return f, problem.New(http.StatusUnprocessableEntity, "impossible", name+" must be a day such as 2026-12-31.")
		}
	}
	if !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1)
	}
	return f, nil
}

// acts lists the acts of the controller that a filter selects, the newest first.
func (a *API) acts(c echo.Context) error {
	var before int64
	if text := c.QueryParam("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return problem.New(http.StatusUnprocessableEntity, "impossible", "before must be the seq of an act.")
		}
		before = n
	}
	out := actsAnswer{Acts: []listedAct{}}
	if a.opts.Acts == nil {
		return c.JSON(http.StatusOK, out)
	}
	filter, err := a.actFilter(c)
	if err != nil {
		return err
	}
	entries, next, err := a.opts.Acts.Find(c.Request().Context(), filter, before, maxActs)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		out.Acts = append(out.Acts, listedAct{e.Seq, e.At, e.By, e.Text, journal.KindOfAct(e.Text), e.About})
	}
	out.Next = next
	return c.JSON(http.StatusOK, out)
}
