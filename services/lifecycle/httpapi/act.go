package httpapi

import (
	"cmp"
	"context"
	"net/http"
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
			if err := next(c); err != nil || a.opts.Acts == nil || c.Get(actNone) != nil {
				return err
			}
			about, _ := c.Get(actAbout).(string)
			if about == "" {
				about = cmp.Or(c.Param("ref"), c.Param("decision"), c.Param("number"), c.Param("recipient"))
			}
			done := journal.Act{
				At: a.opts.Now(), By: actorOf(c), What: strings.Replace(name, ":step", c.Param("step"), 1), About: about,
			}
			ctx := context.WithoutCancel(c.Request().Context())
			if err := a.opts.Acts.Note(ctx, done); err != nil { // the act is done, and the answer is written
				a.opts.Log.Error("an act of the controller is missing in the journal", "act", done.What, "error", err)
			}
			return nil
		}
	}
}

// actsAnswer lists acts, the newest first.
type actsAnswer struct {
	Acts []listedAct `json:"acts"`
	// Next is the position before which the list goes on; absent at the end.
	Next int64 `json:"next,omitempty"`
}

type listedAct struct {
	Seq   int64     `json:"seq"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Act   string    `json:"act"`
	About string    `json:"about,omitempty"`
}

// maxActs bounds a page of acts.
const maxActs = 100

// acts lists the acts of the controller, the newest first.
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
	entries, err := a.opts.Acts.List(c.Request().Context(), before, maxActs)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		out.Acts = append(out.Acts, listedAct{e.Seq, e.At, e.By, e.Text, e.About})
	}
	if len(entries) == maxActs && entries[maxActs-1].Seq > 1 {
		out.Next = entries[maxActs-1].Seq
	}
	return c.JSON(http.StatusOK, out)
}
