package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
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
}

// requests lists open or overdue requests, the most urgent first.
func (a *API) requests(c echo.Context) error {
	state := c.QueryParam("state")
	if state != "" && state != "open" && state != "overdue" {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "state must be open or overdue.")
	}
	subjects, err := a.opts.Lists.Requested(c.Request().Context(), maxListed)
	if err != nil {
		return err
	}
	out := requestList{Requests: []listedRequest{}}
	for i := range subjects {
		s := &subjects[i]
		names, err := a.opts.Vault.Open(s.ID, s.Sealed)
		if err != nil {
			return err
		}
		for _, r := range rights.Requests(a.opts.Policy, s.Facts, a.opts.Now()) {
			if r.Open() && (state != "overdue" || r.Overdue) {
				out.Requests = append(out.Requests, listedRequest{s.ID, described(names), r})
			}
		}
	}
	slices.SortStableFunc(out.Requests, func(x, y listedRequest) int { return x.Due.Compare(y.Due) })
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
	// Unverified reports whether the identity of the person still needs verification.
	Unverified bool `json:"unverified"`
}

const openExample = `{"person": "ala@example.com", "right": "erasure"}`

func kindOfRight(right string) (factv1.Kind, fact.Kind) {
	switch right {
	case "access":
		return factv1.Kind_KIND_ACCESS_REQUEST, fact.KindAccessRequest
	case "rectification":
		return factv1.Kind_KIND_RECTIFICATION_REQUEST, fact.KindRectificationRequest
	case "restriction":
		return factv1.Kind_KIND_RESTRICTION, fact.KindRestriction
	case "portability":
		return factv1.Kind_KIND_PORTABILITY_REQUEST, fact.KindPortabilityRequest
	case "objection":
		return factv1.Kind_KIND_OBJECTION, fact.KindObjection
	}
	return factv1.Kind_KIND_ERASURE, fact.KindErasure
}

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
	kind, core := kindOfRight(req.Right)
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
	message := &factv1.Fact{
		Kind:     kind,
		Ref:      req.Ref,
		Purposes: req.Purposes,
		Locators: []string{kindRequest + ":" + req.Ref},
	}
	if req.Ground != "" {
		message.Traits = append(message.Traits, req.Ground)
	}
	if req.Unverified {
		message.Traits = append(message.Traits, fact.TraitUnverified)
	}
	if message.Identities, err = a.about(person); err != nil {
		return err
	}
	if message.Occurred, err = a.occurred(req.At); err != nil {
		return err
	}
	received := fact.Fact{
		ID:       req.Ref,
		Kind:     core,
		Ref:      req.Ref,
		Purposes: req.Purposes,
		Traits:   message.GetTraits(),
		Occurred: person.at,
		Received: a.opts.Now(),
	}
	if err := a.publishFact(ctx, message); err != nil {
		return err
	}
	state := rights.Requests(a.opts.Policy, []fact.Fact{received}, a.opts.Now())
	if len(state) == 0 {
		// An objection to marketing is absolute: there is nothing to decide.
		return c.JSON(http.StatusAccepted, listedRequest{person.subject.ID, described(person.names), rights.Request{
			Ref: req.Ref, Right: core, State: rights.StateAnswered, Received: person.at, Due: person.at,
		}})
	}
	return c.JSON(http.StatusAccepted, listedRequest{person.subject.ID, described(person.names), state[0]})
}

// stepRequest is a step in the life of a request.
type stepRequest struct {
	At *time.Time `json:"at"`
	// Outcome and Reason are of a decision.
	Outcome string `json:"outcome" validate:"omitempty,oneof=granted partly refused"`
	Reason  string `json:"reason" validate:"max=300,plain"`
	// Told is the instant at which the person was informed that the restriction would be lifted.
	Told *time.Time `json:"told"`
}

const stepExample = `{"outcome": "granted", "reason": "no claim is open"}`

// step records a step of a request: verify, extend, decide, answer, or lift.
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
	r := a.requestOf(s, ref)
	if r == nil {
		return problem.New(http.StatusNotFound, "unknown-request", "There is no request with this ref.")
	}
	message := &factv1.Fact{
		Ref:      ref,
		Outcome:  req.Outcome,
		Reason:   req.Reason,
		Locators: []string{kindRequest + ":" + ref},
	}
	if message.Occurred, err = a.occurred(req.At); err != nil {
		return err
	}
	if err := a.prepare(message, c.Param("step"), &req, r); err != nil {
		return err
	}
	if err := a.publishFact(ctx, message); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"ref": ref, "step": c.Param("step")})
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

// prepare builds the fact of a step and refuses a step without effect.
func (a *API) prepare(message *factv1.Fact, step string, req *stepRequest, r *rights.Request) error {
	refuse := func(name, detail string) error { return problem.New(http.StatusConflict, name, detail) }
	at := a.opts.Now()
	if req.At != nil {
		at = *req.At
	}
	switch {
	case at.Before(r.Received):
		return problem.New(http.StatusUnprocessableEntity, "impossible", "at is before the receipt of the request.")
	case step == "lift" && r.Right != fact.KindRestriction:
		return refuse("not-restricted", "This request is not for a restriction, so there is nothing to lift.")
	case step != "lift" && !r.Open():
		return refuse("answered", "The request is already answered.")
	case (step == "decide" || step == "answer") && r.State == rights.StateReceived:
		return refuse(
			"not-verified",
			"The identity of the person is not verified yet (Art. 12(6)). Verify the request first.",
		)
	case step == "extend" && r.Extended != nil:
		return refuse("extended", "The deadline of the request is already extended. Art. 12(3) permits one extension.")
	}
	switch step {
	case "verify":
		message.Kind = factv1.Kind_KIND_REQUEST_VERIFIED
	case "extend":
		if !at.Before(r.Due) {
			return refuse(
				"too-late",
				"The deadline has passed: the person must be informed of an extension before "+r.Due.Format(
					time.RFC3339,
				)+" (Art. 12(3)).",
			)
		}
		message.Kind = factv1.Kind_KIND_REQUEST_EXTENDED
	case "decide":
		if req.Outcome == "" {
			return problem.New(http.StatusUnprocessableEntity, "impossible", "outcome is missing: granted, partly or refused.")
		}
		message.Kind = factv1.Kind_KIND_REQUEST_DECIDED
	case "answer":
		message.Kind = factv1.Kind_KIND_REQUEST_ANSWERED
	case "lift":
		if req.Told == nil || req.Told.After(at) || req.Told.Before(r.Received) {
			return problem.New(
				http.StatusUnprocessableEntity,
				"impossible",
				"told is missing, before the restriction, or after the lifting. Set told to the time at which the person was informed that the restriction would be lifted (Art. 18(3)).",
			)
		}
		message.Kind, message.Told = factv1.Kind_KIND_RESTRICTION_LIFTED, timestamppb.New(*req.Told)
	default:
		return problem.New(http.StatusNotFound, "unknown-step", "A step is verify, extend, decide, answer or lift.")
	}
	return nil
}
