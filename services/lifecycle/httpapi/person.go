package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// kindSubject is the kind of name of a subject id, as in "subject:ID".
const kindSubject = "subject"

// personRequest names a person. The method is POST because an address in a URL would be logged.
type personRequest struct {
	// Person is an e-mail address, an identity such as "stripe:cus_123", or
	// "subject:ID".
	Person string `json:"person" validate:"required,max=400"`
	// At is the instant or day asked about; absent means now.
	At *moment `json:"at"`
}

const personExample = `{"person": "ala@example.com", "at": "2026-12-31T23:00:00Z"}`

// found is the person of a request. The subject of an unknown person has no ID.
type found struct {
	subject lifecycle.Subject
	name    identity.Identity
	names   []identity.Identity
	at      time.Time
}

// person reads a request about a person and finds the subject.
func (a *API) person(c echo.Context) (*found, error) {
	var req personRequest
	if err := a.read(c, &req, personExample); err != nil {
		return nil, err
	}
	return a.find(c.Request().Context(), req)
}

// find finds a person; an unknown person is an error.
func (a *API) find(ctx context.Context, req personRequest) (*found, error) {
	f, err := a.asker(ctx, req)
	if err == nil && f.subject.ID == "" {
		return nil, problem.New(http.StatusNotFound, "unknown-person", "Nothing is held about this person.")
	}
	return f, err
}

// asker finds a person; an unknown person has only the given name.
func (a *API) asker(ctx context.Context, req personRequest) (*found, error) {
	name, err := identity.Parse(req.Person)
	if err != nil {
		return nil, problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
	}
	f := &found{name: name, at: a.asked(req.At)}
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
	s, err := a.opts.Directory.Name(ctx, name)
	if s == nil && err == nil && name.Kind == kindRequest {
		return a.unnamedRequest(ctx, name.Value)
	}
	return s, err
}

// kindPhone is the kind of a telephone number by which a form names a person.
const kindPhone = "phone"

// shown formats the names of a person that answers and documents may show at an instant: without an address that was
// deleted, although it stays sealed while other data are held.
func (a *API) shown(s *lifecycle.Subject, names []identity.Identity, at time.Time) []string {
	states := a.addressesOf(s, names, at)
	out := make([]string, 0, len(names))
	for _, n := range names {
		if states[n.Kind].IsShown() {
			out = append(out, n.String())
		}
	}
	return out
}

func isAddress(n identity.Identity) bool { return n.Kind == identity.KindEmail || n.Kind == kindPhone }

// addressesOf is where the addresses among the names of a person stand at an instant, and now, by the kind of name; nil
// without an address.
func (a *API) addressesOf(
	s *lifecycle.Subject, names []identity.Identity, at time.Time,
) map[string]lifecycle.AddressState {
	if !slices.ContainsFunc(names, isAddress) {
		return nil
	}
	found := s.Addresses(a.opts.Policy, calendar.Later(at, a.opts.Now()))
	return map[string]lifecycle.AddressState{identity.KindEmail: found.Email, kindPhone: found.Phone}
}

// addressOf is where the e-mail address among the names of a person stands, or, without one, the telephone number;
// empty without both.
func (a *API) addressOf(s *lifecycle.Subject, names []identity.Identity, at time.Time) lifecycle.AddressState {
	states := a.addressesOf(s, names, at)
	if slices.ContainsFunc(names, func(n identity.Identity) bool { return n.Kind == identity.KindEmail }) {
		return states[identity.KindEmail]
	}
	return states[kindPhone]
}

// addressOn is where the e-mail address of a person stood at an instant, or, without one, the telephone number; empty
// without both.
func (a *API) addressOn(f *found, at time.Time) lifecycle.AddressState {
	if !slices.ContainsFunc(f.names, isAddress) {
		return ""
	}
	states := f.subject.Addresses(a.opts.Policy, at)
	if slices.ContainsFunc(f.names, func(n identity.Identity) bool { return n.Kind == identity.KindEmail }) {
		return states.Email
	}
	return states.Phone
}

// shownNames opens the names of a subject that lists may show now.
func (a *API) shownNames(s *lifecycle.Subject) ([]string, error) {
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return nil, err
	}
	return a.shown(s, names, a.opts.Now()), nil
}

// shownNames are the names of the person that an answer may show.
func (f *found) shownNames(a *API) []string { return a.shown(&f.subject, f.names, f.at) }

// subjectAnswer summarizes a subject.
type subjectAnswer struct {
	Subject string `json:"subject"`
	// Person lists the known names; empty when the address is deleted.
	Person []string `json:"person"`
	// Known reports whether personal data may be held.
	Known bool `json:"known"`
	// ReviewAt is the next instant at which time alone changes the evaluation.
	ReviewAt *time.Time `json:"review_at,omitempty"`
	// RequestDue is when the most urgent open request must be answered.
	RequestDue *time.Time `json:"request_due,omitempty"`
	Facts      int        `json:"facts"`
	// Absorbed are the ids of the subjects merged into this one.
	Absorbed []string `json:"absorbed,omitempty"`
}

func (a *API) subject(c echo.Context) error {
	f, err := a.person(c)
	if err != nil {
		return err
	}
	s := &f.subject
	return c.JSON(http.StatusOK, subjectAnswer{
		Subject: s.ID, Person: f.shownNames(a), Known: s.HoldsPersonal, ReviewAt: s.ReviewAt, RequestDue: s.RequestDue,
		Facts: len(s.Facts), Absorbed: s.MergedFrom,
	})
}

// basesAnswer lists all bases of a person, past and future ones too.
type basesAnswer struct {
	Subject string        `json:"subject"`
	Bases   []rules.Basis `json:"bases"`
}

func (a *API) bases(c echo.Context) error {
	f, err := a.person(c)
	if err != nil {
		return err
	}
	bases := rules.Bases(a.opts.Policy, f.subject.Facts)
	if bases == nil {
		bases = []rules.Basis{}
	}
	return c.JSON(http.StatusOK, basesAnswer{f.subject.ID, bases})
}

// useRequest asks whether the data of a person may be used.
type useRequest struct {
	personRequest
	Purpose string `json:"purpose" validate:"required,max=64"`
	// Channel is the means of communication.
	Channel string `json:"channel" validate:"max=64"`
	// Controller is the business that wants to use the data; empty means the controller of this
	// installation.
	Controller string `json:"controller" validate:"max=200"`
}

const useExample = `{"person": "ala@example.com", "purpose": "offers", "channel": "email"}`

// use answers a campaign before sending. A person named by an e-mail address must have consented
// for the same address. An unknown person has given no consent.
func (a *API) use(c echo.Context) error {
	var req useRequest
	if err := a.read(c, &req, useExample); err != nil {
		return err
	}
	if err := a.checkPurposes(req.Purpose); err != nil {
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
	use := rights.Use{Purpose: req.Purpose, Channel: req.Channel, Controller: req.Controller}
	if name.Kind == identity.KindEmail {
		use.Address = a.addressKey(s, name)
	}
	return c.JSON(http.StatusOK, report.PermissionOf(a.opts.Policy, s.May(a.opts.Policy, use, a.asked(req.At))))
}

// addressKey returns the key under which the facts of a subject hold an address: the key of its one
// writing, or of a writing that an earlier version stored.
func (a *API) addressKey(s *lifecycle.Subject, name identity.Identity) string {
	for _, key := range a.opts.Vault.FormerKeys(name) {
		if slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return f.Address == key }) {
			return key
		}
	}
	return a.opts.Vault.Key(name)
}

// checkPurposes refuses unknown purposes: a misspelt purpose would otherwise be answered like a
// missing consent.
func (a *API) checkPurposes(purposes ...string) error {
	for _, p := range purposes {
		if _, ok := a.opts.Policy.Purposes[p]; !ok {
			known := slices.Sorted(maps.Keys(a.opts.Policy.Purposes))
			return problem.New(
				http.StatusUnprocessableEntity,
				"impossible",
				"The policy has no such purpose. Known purposes: "+strings.Join(known, ", ")+".",
			)
		}
	}
	return nil
}
