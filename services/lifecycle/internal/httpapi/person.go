package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/identity"
)

// kindSubject is how a person is named by the id of the subject, as lists show it.
const kindSubject = "subject"

// personRequest asks about a person. It is a POST because the address of a
// person must not stand in a URL, where logs would keep it.
type personRequest struct {
	// Person is an e-mail address, an identity such as "stripe:cus_123", or
	// "subject:ID".
	Person string `json:"person" validate:"required,max=400"`
	// At is the instant asked about; absent means now.
	At *time.Time `json:"at"`
}

const personExample = `{"person": "ala@example.com", "at": "2026-12-31T23:00:00Z"}`

// found is a person of a request. Of somebody who is not known the subject has no ID.
type found struct {
	subject lifecycle.Subject
	name    identity.Identity
	names   []identity.Identity
	at      time.Time
}

// person reads a request about a person and finds them.
func (a *API) person(c echo.Context) (*found, error) {
	var req personRequest
	if err := a.read(c, &req, personExample); err != nil {
		return nil, err
	}
	return a.find(c.Request().Context(), req)
}

// find finds a person, or says that nothing is held.
func (a *API) find(ctx context.Context, req personRequest) (*found, error) {
	f, err := a.asker(ctx, req)
	if err == nil && f.subject.ID == "" {
		return nil, problem.New(http.StatusNotFound, "unknown-person", "Nothing is held about this person.")
	}
	return f, err
}

// asker finds a person, or takes somebody who is not known by the name given.
func (a *API) asker(ctx context.Context, req personRequest) (*found, error) {
	name, err := identity.Parse(req.Person)
	if err != nil {
		return nil, problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
	}
	f := &found{name: name, at: a.opts.Now()}
	if req.At != nil {
		f.at = *req.At
	}
	s, err := a.lookUp(ctx, name)
	if err != nil || s == nil {
		return f, err
	}
	f.subject = *s
	f.names, err = a.opts.Vault.Open(s.ID, s.Sealed)
	return f, err
}

// lookUp finds the subject of a name, or nil. A name may also be a record of the
// person, such as an order or a payment.
func (a *API) lookUp(ctx context.Context, name identity.Identity) (*lifecycle.Subject, error) {
	if name.Kind == kindSubject {
		return a.opts.Directory.Subject(ctx, name.Value)
	}
	return a.opts.Directory.Name(ctx, name)
}

// described are the names of a person as people write them.
func described(names []identity.Identity) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.String()
	}
	return out
}

// subjectAnswer is what is known of who somebody is.
type subjectAnswer struct {
	Subject string `json:"subject"`
	// Person are the names that are known; none when the address is deleted.
	Person []string `json:"person"`
	// Known tells that something personal may be held.
	Known bool `json:"known"`
	// ReviewAt is when time alone will next change something.
	ReviewAt *time.Time `json:"review_at,omitempty"`
	// RequestDue is when the most urgent open request must be answered.
	RequestDue *time.Time `json:"request_due,omitempty"`
	Facts      int        `json:"facts"`
	// Absorbed are the ids that the person was known by before.
	Absorbed []string `json:"absorbed,omitempty"`
}

func (a *API) subject(c echo.Context) error {
	f, err := a.person(c)
	if err != nil {
		return err
	}
	s := &f.subject
	return c.JSON(http.StatusOK, subjectAnswer{
		Subject: s.ID, Person: described(f.names), Known: s.HoldsPersonal, ReviewAt: s.ReviewAt, RequestDue: s.RequestDue,
		Facts: len(s.Facts), Absorbed: s.MergedFrom,
	})
}

// basesAnswer lists all bases of a person, past and future ones too.
type basesAnswer struct {
	Subject string            `json:"subject"`
	Bases   []lifecycle.Basis `json:"bases"`
}

func (a *API) bases(c echo.Context) error {
	f, err := a.person(c)
	if err != nil {
		return err
	}
	bases := lifecycle.Bases(a.opts.Policy, f.subject.Facts)
	if bases == nil {
		bases = []lifecycle.Basis{}
	}
	return c.JSON(http.StatusOK, basesAnswer{f.subject.ID, bases})
}

// useRequest asks whether a person's data may be used.
type useRequest struct {
	personRequest
	Purpose string `json:"purpose" validate:"required,max=64"`
	// Channel is how the person would be reached.
	Channel string `json:"channel" validate:"max=64"`
	// Controller is the business that wants it; empty means this one.
	Controller string `json:"controller" validate:"max=200"`
}

const useExample = `{"person": "ala@example.com", "purpose": "offers", "channel": "email"}`

// use answers a campaign that asks before it sends. Where the person is named by an
// e-mail address, a consent must have been given for that address. Nobody who is not
// known has consented to anything.
func (a *API) use(c echo.Context) error {
	var req useRequest
	if err := a.read(c, &req, useExample); err != nil {
		return err
	}
	if err := a.knowPurposes(req.Purpose); err != nil {
		return err
	}
	name, err := identity.Parse(req.Person)
	if err != nil {
		return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
	}
	s, err := a.lookUp(c.Request().Context(), name)
	if err != nil {
		return err
	}
	if s == nil {
		s = &lifecycle.Subject{}
	}
	at := a.opts.Now()
	if req.At != nil {
		at = *req.At
	}
	use := lifecycle.Use{Purpose: req.Purpose, Channel: req.Channel, Controller: req.Controller}
	if name.Kind == identity.KindEmail {
		use.Address = a.opts.Vault.Key(name)
	}
	return c.JSON(http.StatusOK, lifecycle.May(a.opts.Policy, *s, use, at))
}

// knowPurposes refuses purposes that the policy does not have: of a misspelt one the
// answer would be a no like any other.
func (a *API) knowPurposes(purposes ...string) error {
	for _, p := range purposes {
		if _, ok := a.opts.Policy.Purposes[p]; !ok {
			known := slices.Sorted(maps.Keys(a.opts.Policy.Purposes))
			return problem.New(http.StatusUnprocessableEntity, "impossible", "There is no such purpose in the policy; known are "+strings.Join(known, ", ")+".")
		}
	}
	return nil
}
