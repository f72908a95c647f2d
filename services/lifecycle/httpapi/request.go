package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// kindRequest names a person by a request of theirs.
const kindRequest = "request"

// maxListed bounds a list of requests; the most urgent requests remain.
const maxListed = 1000

// listedRequest is a request with its person.
type listedRequest struct {
	Subject string `json:"subject"`
	// Person lists the known names; empty when the address is deleted.
	Person []string `json:"person"`
	rights.Request
}

type requestList struct {
	Requests []listedRequest `json:"requests"`
	// Next is the place behind which a list that is paged goes on; absent at the end.
	Next string `json:"next,omitempty"`
	// Incomplete says which persons are missing in the list, and why; absent for none.
	Incomplete string `json:"incomplete,omitempty"`
}

// requests lists open or overdue requests, the most urgent first.
func (a *API) requests(c echo.Context) error {
	state := c.QueryParam("state")
	switch state {
	case "", "open", "overdue":
	case "closed":
		return a.closedRequests(c)
	default:
		return problem.New(http.StatusUnprocessableEntity, "impossible", "state must be open, overdue or closed.")
	}
	out := requestList{Requests: []listedRequest{}}
	subjects, next, err := a.openSubjects(c)
	out.Next = next
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		names, err := a.shownNames(s)
		if err != nil {
			return err
		}
		for _, r := range rights.Requests(a.opts.Policy, s.Facts, a.opts.Now()) {
			if r.Open() && (state != "overdue" || r.Overdue) {
				out.Requests = append(out.Requests, listedRequest{s.ID, names, r})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(out.Requests, func(x, y listedRequest) int { return x.Due.Compare(y.Due) })
	if out.Incomplete == "" && next == "" && len(subjects) == maxListed {
		out.Incomplete = "The list has the 1,000 most urgent persons alone: ask for it page by page (limit, after)."
	}
	return c.JSON(http.StatusOK, out)
}

// openSubjects returns the persons with an open request, the most urgent first: with ?limit= a page of them with the
// place behind it. While persons of a former version are not labelled, the first page has the most urgent of all.
func (a *API) openSubjects(c echo.Context) (subjects []lifecycle.Subject, next string, err error) {
	ctx := c.Request().Context()
	if !c.QueryParams().Has("limit") || !a.complete() {
		subjects, err = a.opts.Lists.Requested(ctx, maxListed)
		return subjects, "", err
	}
	page, err := a.pageOf(c, lifecycle.LabelRequest)
	if err != nil {
		return nil, "", err
	}
	page.Sort, page.Newest = store.SortRequest, false
	if _, err := page.Place(); err != nil {
		return nil, "", problem.New(http.StatusUnprocessableEntity, "impossible", "after is no place of this list.")
	}
	return a.labelled(ctx, page)
}

// closedRequests lists the requests that were answered, a page of persons at a time, those first that were stored last.
func (a *API) closedRequests(c echo.Context) error {
	page, err := a.pageOf(c, lifecycle.LabelAnswered)
	if err != nil {
		return err
	}
	page.Newest = true
	out := requestList{Requests: []listedRequest{}}
	subjects, err := a.opts.Index.Labelled(c.Request().Context(), page)
	if n := len(subjects); n == page.Limit {
		out.Next = subjects[n-1].ID
	}
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		names, err := a.shownNames(s)
		if err != nil {
			return err
		}
		for _, r := range rights.Requests(a.opts.Policy, s.Facts, a.opts.Now()) {
			if !r.Open() {
				out.Requests = append(out.Requests, listedRequest{s.ID, names, r})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// openRequest records a request for a right.
type openRequest struct {
	personRequest
	Right string `json:"right" validate:"required,oneof=access rectification erasure restriction portability objection"`
	// Ref names the request; empty makes a new name.
	Ref string `json:"ref" validate:"max=64,plain"`
	// Purposes are the purposes of an objection; empty means marketing.
	Purposes []string `json:"purposes" validate:"max=20,dive,max=64"`
	// Ground is why a restriction is asked for (Art. 18(1)(a) to (d)).
	Ground string `json:"ground" validate:"required_if=Right restriction,omitempty,oneof=inaccurate unlawful for_claims objected"`
	// Way is how the request came; empty when that is not known.
	Way string `json:"way" validate:"omitempty,oneof=letter email voice form"`
	// Unverified reports whether the identity of the person still needs verification.
	Unverified bool `json:"unverified"`
	// Preview records nothing, and returns what the request would erase.
	Preview bool `json:"preview"`
}

// traits are the traits of the fact of the request.
func (r *openRequest) traits() []string {
	var out []string
	if r.Ground != "" {
		out = append(out, r.Ground)
	}
	if r.Unverified {
		out = append(out, fact.TraitUnverified)
	}
	if r.Way != "" {
		out = append(out, fact.Way(r.Way).Trait())
	}
	return out
}

const openExample = `{"person": "ala@example.com", "right": "erasure"}`

// open records a request for a right. An unknown person is accepted as well, person must be answered
// that nothing is held.
func (a *API) open(c echo.Context) error {
	var req openRequest
	if err := a.read(c, &req, openExample); err != nil {
		return err
	}
	if err := a.checkPurposes(req.Purposes...); err != nil {
		return err
	}
	ctx := c.Request().Context()
	person, err := a.asker(ctx, req.personRequest)
	if err != nil {
		return err
	}
	kind := rights.KindOf(req.Right)
	if req.Ref == "" {
		req.Ref = newRef()
	}
	existing, err := a.lookUp(ctx, identity.Identity{Kind: kindRequest, Value: req.Ref})
	if err != nil {
		return err
	}
	if existing != nil {
		return problem.New(
			http.StatusConflict,
			"ref-taken",
			"A request with this ref exists already. Choose another ref, or leave ref out.",
		)
	}
	f := fact.Fact{
		ID: req.Ref, Kind: kind, Ref: req.Ref, Purposes: req.Purposes, Received: a.opts.Now(), Traits: req.traits(),
	}
	names, locators, err := a.about(person)
	if err != nil {
		return err
	}
	if f.Occurred, err = a.occurred(req.At); err != nil {
		return err
	}
	if req.Preview {
		return a.effect(c, person.subject, f)
	}
	concern(c, req.Ref)
	if err := a.recordFact(ctx, f, names, append(locators, kindRequest+":"+req.Ref)...); err != nil {
		return err
	}
	state := rights.Requests(a.opts.Policy, []fact.Fact{f}, a.opts.Now())
	if len(state) == 0 {
		// An objection to marketing is absolute: there is nothing to decide.
		return c.JSON(http.StatusAccepted, listedRequest{person.subject.ID, person.shownNames(a), rights.Request{
			Ref: req.Ref, Right: kind, Way: fact.Way(req.Way), State: rights.StateAnswered, Received: person.at, Due: person.at,
		}})
	}
	return c.JSON(http.StatusAccepted, listedRequest{person.subject.ID, person.shownNames(a), state[0]})
}

// stepRequest is a step in the life of a request.
type stepRequest struct {
	At *moment `json:"at"`
	// Outcome is of a decision, Reason of a decision or a mistake.
	Outcome string `json:"outcome" validate:"omitempty,oneof=granted partly refused"`
	Reason  string `json:"reason"  validate:"max=300,plain"`
	// Told is the instant at which the person was informed that the restriction would be lifted.
	Told *moment `json:"told"`
	// Preview records nothing, and returns what the step would erase.
	Preview bool `json:"preview"`
}

const stepExample = `{"outcome": "granted", "reason": "no claim is open"}`

// step records a step of a request: verify, extend, decide, answer, lift, or mistake.
func (a *API) step(c echo.Context) error {
	var req stepRequest
	if err := a.read(c, &req, stepExample); err != nil {
		return err
	}
	ctx, ref := c.Request().Context(), c.Param("ref")
	s, err := a.lookUp(ctx, identity.Identity{Kind: kindRequest, Value: ref})
	if err != nil {
		return err
	}
	step := rights.StepKind(c.Param("step"))
	r := a.requestOf(s, ref)
	if r == nil && s != nil && step == rights.StepMistake {
		r = rights.Objection(a.opts.Policy, s.Facts, ref, a.opts.Now())
	}
	if r == nil {
		return problem.New(http.StatusNotFound, "unknown-request", "There is no request with this ref.")
	}
	if step == rights.StepMistake && lifecycle.FullyErased(*s) {
		return problem.New(http.StatusConflict, "erased",
			"Everything of the person was deleted, and cannot come back: nothing is left that a mistake could be undone for.")
	}
	at, err := a.occurred(req.At)
	if err != nil {
		return err
	}
	if r.Deleted, err = a.deletedFor(ctx, s, r); err != nil {
		return err
	}
	informed, err := a.informed(req.Told)
	if err != nil {
		return err
	}
	f, err := r.Take(rights.Step{
		Kind: step, At: at, Outcome: fact.Outcome(req.Outcome), Reason: req.Reason,
		InformedAt: informed,
	})
	if err != nil {
		return refused(err)
	}
	if req.Preview {
		return a.effect(c, *s, f)
	}
	names, err := a.stepNames(ctx, s, ref)
	if err != nil {
		return err
	}
	if err := a.recordFact(ctx, f, names, kindRequest+":"+ref); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"ref": ref, "step": string(step)})
}

// deletedFor returns the categories that were deleted because of a request.
func (a *API) deletedFor(ctx context.Context, s *lifecycle.Subject, r *rights.Request) ([]string, error) {
	if r.Right != fact.KindErasure || r.Verified == nil {
		return nil, nil
	}
	entries, err := a.entries(ctx, s)
	return lifecycle.DeletedFor(a.opts.Policy, s, r, entries), err
}

// informed returns when a person was informed; nil when absent.
func (a *API) informed(told *moment) (*time.Time, error) {
	if told == nil {
		return nil, nil
	}
	at, err := a.occurred(told)
	return &at, err
}

func (a *API) requestOf(s *lifecycle.Subject, ref string) *rights.Request {
	if s == nil {
		return nil
	}
	all := rights.Requests(a.opts.Policy, s.Facts, a.opts.Now())
	n := slices.IndexFunc(all, func(r rights.Request) bool { return r.Ref == ref })
	if n < 0 {
		return nil
	}
	return &all[n]
}

// refused returns the problem of a step that the state of the request does not permit.
func refused(err error) error {
	refusal, ok := errors.AsType[*rights.RefusalError](err)
	if !ok {
		return err
	}
	status := http.StatusConflict
	switch refusal.Cause {
	case rights.CauseImpossible, rights.CauseNoReason:
		status = http.StatusUnprocessableEntity
	case rights.CauseUnknownStep:
		status = http.StatusNotFound
	}
	return problem.New(status, string(refusal.Cause), refusal.Detail)
}
