package httpapi

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/factwire"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// sourceAPI is the source of facts received over this interface.
const sourceAPI = "api"

// recordFact publishes a fact and waits until the fact is applied, so that the next request sees the fact. After
// Options.AppliedWithin the fact is applied later.
func (a *API) recordFact(ctx context.Context, f fact.Fact, names []identity.Identity, locators ...string) error {
	id, err := a.publishFact(ctx, f, names, locators...)
	if err != nil || a.opts.AppliedWithin == 0 {
		return err
	}
	for _, l := range locators {
		kind, value, _ := strings.Cut(l, ":")
		names = append(slices.Clip(names), identity.Identity{Kind: kind, Value: value})
	}
	ctx, cancel := context.WithTimeout(ctx, a.opts.AppliedWithin)
	defer cancel()
	err = loop.Poll(ctx, "wait for a fact", appliedPoll, func(ctx context.Context) (bool, error) {
		return a.isApplied(ctx, id, names)
	})
	if err != nil {
		a.opts.Log.Warn("a recorded fact is applied later", "error", err)
	}
	return nil
}

const appliedPoll = 10 * time.Millisecond

// isApplied reports whether the person of one of the names has a fact.
func (a *API) isApplied(ctx context.Context, id string, names []identity.Identity) (bool, error) {
	for _, n := range names {
		s, err := a.lookUp(ctx, n)
		if err != nil {
			return false, err
		}
		if s != nil && slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return f.ID == id }) {
			return true, nil
		}
	}
	return false, nil
}

// publishFact publishes a fact to the stream and returns its id; the fact is applied later. Names or locators lead
// to the person.
func (a *API) publishFact(
	ctx context.Context, f fact.Fact, names []identity.Identity, locators ...string,
) (id string, err error) {
	f.ID = sourceAPI + "-" + strings.ToLower(rand.Text())
	err = a.opts.Publisher.Publish(ctx, &factv1.Delivery{
		Id: f.ID, Source: sourceAPI, Received: timestamppb.New(a.opts.Now()),
		Facts: []*factv1.Fact{factwire.Encode(&f, names, locators...)},
	})
	if err != nil {
		a.opts.Log.Error("a fact was not recorded: the stream of facts is unavailable", "error", err)
		return "", problem.New(
			http.StatusServiceUnavailable,
			"not-taken",
			"The entry was not recorded: the stream of facts is unavailable. Send the entry again.",
		)
	}
	return f.ID, nil
}

// about returns the names that lead a fact to the person: the given name, or all known names where
// the given name is the name of a subject, a record or an account. A person without a name is found
// by the record.
func (a *API) about(f *found) (names []identity.Identity, locators []string, err error) {
	switch {
	case f.name.Kind == identity.KindEmail, slices.Contains(f.names, f.name):
		return []identity.Identity{f.name}, nil, nil
	case len(f.names) > 0:
		return f.names, nil, nil
	case f.subject.Nameless && f.name.Kind != kindSubject:
		return nil, []string{f.name.String()}, nil
	case f.name.Kind != kindSubject:
		return []identity.Identity{f.name}, nil, nil
	}
	return nil, nil, problem.New(
		http.StatusConflict,
		"address-deleted",
		"No address of this person is known here. Name the person by the e-mail address, or by an order, "+
			"instead of the subject id.",
	)
}

// openHold is a hold in force.
type openHold struct {
	Subject string `json:"subject"`
	// Person lists the known names; empty when the address is deleted.
	Person []string `json:"person"`
	// Record is the held record; empty means all data of the person.
	Record string    `json:"record,omitempty"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
	// Limitation reports whether the limitation of a tax is suspended during the hold.
	Limitation bool `json:"limitation,omitempty"`
}

// holds lists the holds in force, one a line.
func (a *API) holds(c echo.Context) error {
	out := newLines(c)
	return a.walk(c.Request().Context(), func(s *lifecycle.Subject) error {
		open := rules.OpenHolds(a.opts.Policy, s.Facts, a.opts.Now())
		if len(open) == 0 {
			return nil
		}
		names, err := a.shownNames(s)
		if err != nil {
			return err
		}
		for i := range open {
			f := &open[i]
			if err := out.encode(
				openHold{s.ID, names, f.Ref, f.Occurred, f.Reason, slices.Contains(f.Traits, fact.TraitLimitation)},
			); err != nil {
				return err
			}
		}
		return nil
	})
}

// unfinishedRecord is a paid record without a reported performance.
type unfinishedRecord struct {
	Subject string `json:"subject"`
	// Person lists the known names; empty when the address is deleted.
	Person []string  `json:"person"`
	Record string    `json:"record"`
	Source string    `json:"source"`
	Sold   time.Time `json:"sold"`
}

// unfinished lists the paid records whose performance is outstanding, one JSON object a line.
func (a *API) unfinished(c echo.Context) error {
	out := newLines(c)
	return a.walk(c.Request().Context(), func(s *lifecycle.Subject) error {
		open := rules.Evaluate(a.opts.Policy, s.Facts).Unfinished()
		if len(open) == 0 {
			return nil
		}
		names, err := a.shownNames(s)
		if err != nil {
			return err
		}
		for _, u := range open {
			if err := out.encode(unfinishedRecord{s.ID, names, u.Record, u.Source, u.Sold}); err != nil {
				return err
			}
		}
		return nil
	})
}

// holdRequest sets or releases a hold.
type holdRequest struct {
	personRequest
	// Record is the held record, by one of its names; empty means all data of the person.
	Record string `json:"record" validate:"max=200,plain"`
	// Reason is why, or the reference of an authority.
	Reason string `json:"reason" validate:"max=300,plain"`
	// Limitation reports whether the limitation of a tax is suspended during the hold.
	Limitation bool `json:"limitation"`
}

const holdExample = `{"person": "ala@example.com", "record": "woocommerce:order/17@shop", "reason": "chargeback"}`

// holdAnswer confirms a hold or release. Alarms are the resulting alarms, such as a hold after the
// deletion.
type holdAnswer struct {
	Subject string   `json:"subject"`
	Alarms  []string `json:"alarms"`
}

func (a *API) hold(c echo.Context) error {
	return a.holdOr(c, fact.KindHold)
}

func (a *API) release(c echo.Context) error {
	return a.holdOr(c, fact.KindRelease)
}

func (a *API) holdOr(c echo.Context, kind fact.Kind) error {
	var req holdRequest
	if err := a.read(c, &req, holdExample); err != nil {
		return err
	}
	ctx := c.Request().Context()
	person, err := a.find(ctx, req.personRequest)
	if err != nil {
		return err
	}
	f := fact.Fact{Kind: kind, Ref: req.Record, Reason: req.Reason}
	if req.Limitation {
		f.Traits = []string{fact.TraitLimitation}
	}
	names, locators, err := a.about(person)
	if err != nil {
		return err
	}
	if f.Occurred, err = a.occurred(req.At); err != nil {
		return err
	}
	concern(c, person.subject.ID)
	alarms := a.foresee(&person.subject, f)
	if err := a.recordFact(ctx, f, names, locators...); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, holdAnswer{person.subject.ID, alarms})
}

// foresee applies a fact to a copy of the subject and returns the resulting alarms.
func (a *API) foresee(s *lifecycle.Subject, f fact.Fact) []string {
	f.ID, f.Received = "tried", a.opts.Now()
	after, _ := lifecycle.Decide(a.opts.Policy, *s, []fact.Fact{f}, a.opts.Now())
	alarms := []string{}
	for i := range after.Notes {
		if n := &after.Notes[i]; n.Kind == chain.KindAlarm && strings.HasSuffix(n.Key, ":tried") {
			alarms = append(alarms, n.Text)
		}
	}
	return alarms
}

// newRef names a request.
func newRef() string { return "req-" + strings.ToLower(rand.Text()[:12]) }
