package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// consent records a consent with its proof. The person must be named by the e-mail address to which the consent
// belongs, or have one address alone.
func (a *API) consent(c echo.Context) error {
	var req consentRequest
	if err := a.read(c, &req, consentExample); err != nil {
		return err
	}
	ctx := c.Request().Context()
	person, err := a.asker(ctx, req.personRequest)
	if err != nil {
		return err
	}
	f := fact.Fact{
		Kind:        fact.KindSignup,
		Wording:     req.Wording,
		Form:        req.Form,
		Shown:       req.Text,
		DoubleOptIn: req.DoubleOptIn,
	}
	if f.Occurred, err = a.occurred(req.At); err != nil {
		return err
	}
	w, known := a.opts.Policy.WordingAt(req.Wording, f.Occurred)
	if !known || len(w.Purposes) == 0 {
		return problem.New(http.StatusUnprocessableEntity, "impossible",
			"The policy has no wording of a consent with this id at that time. The page of rules in the console, and "+
				"\"rodopath policy show\", list the wordings.")
	}
	f.Channels = w.Channels
	if req.DoubleOptIn != nil && (req.DoubleOptIn.Before(f.Occurred) || req.DoubleOptIn.After(a.opts.Now())) {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "double_opt_in must be between the consent and now.")
	}
	names, problemOf := oneAddress(person)
	if problemOf != nil {
		return problemOf
	}
	concern(c, person.subject.ID)
	if err := a.recordFact(ctx, f, names); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"subject": person.subject.ID, "wording": w.ID})
}

// oneAddress returns the name to which a consent belongs.
func oneAddress(f *found) ([]identity.Identity, error) {
	if f.name.Kind == identity.KindEmail {
		return []identity.Identity{f.name}, nil
	}
	var out []identity.Identity
	for _, n := range f.names {
		if n.Kind == identity.KindEmail {
			out = append(out, n)
		}
	}
	if len(out) != 1 {
		return nil, problem.New(http.StatusConflict, "address",
			"A consent belongs to one e-mail address: name the person by the address of the consent.")
	}
	return out, nil
}
