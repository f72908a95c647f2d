package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// Subjects splits and joins persons on an order of the controller.
type Subjects interface {
	// Split gives the facts of some names of a subject to a new subject and returns its id.
	Split(ctx context.Context, subject string, names []identity.Identity) (string, error)
	// Join makes two subjects one and returns the id of the subject.
	Join(ctx context.Context, one, two string) (string, error)
}

// splitRequest parts names from a person.
type splitRequest struct {
	personRequest
	// Names are the names of the other person.
	Names []string `json:"names" validate:"required,min=1,max=20,dive,max=400"`
}

const splitExample = `{"person": "ala@example.com", "names": ["ola@example.com", "woocommerce:5@shop"]}`

// splitAnswer names both persons.
type splitAnswer struct {
	Subject string `json:"subject"`
	// Parted is the subject of the names that were parted.
	Parted string `json:"parted"`
}

// split parts a person who was taken for two.
func (a *API) split(c echo.Context) error {
	var req splitRequest
	if err := a.read(c, &req, splitExample); err != nil {
		return err
	}
	ctx := c.Request().Context()
	person, err := a.find(ctx, req.personRequest)
	if err != nil {
		return err
	}
	names := make([]identity.Identity, len(req.Names))
	for i, n := range req.Names {
		if names[i], err = identity.Parse(n); err != nil {
			return problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
		}
	}
	concern(c, person.subject.ID)
	parted, err := a.opts.Subjects.Split(ctx, person.subject.ID, names)
	if err != nil {
		return orderFault(err)
	}
	return c.JSON(http.StatusOK, splitAnswer{Subject: person.subject.ID, Parted: parted})
}

// joinRequest names two persons who are one.
type joinRequest struct {
	Persons []string `json:"persons" validate:"required,len=2,dive,required,max=400"`
}

const joinExample = `{"persons": ["ala@example.com", "subject:ID"]}`

// joinAnswer names the one person.
type joinAnswer struct {
	Subject string `json:"subject"`
}

// join makes two persons one.
func (a *API) join(c echo.Context) error {
	var req joinRequest
	if err := a.read(c, &req, joinExample); err != nil {
		return err
	}
	ctx := c.Request().Context()
	ids := make([]string, len(req.Persons))
	for i, name := range req.Persons {
		person, err := a.find(ctx, personRequest{Person: name})
		if err != nil {
			return err
		}
		ids[i] = person.subject.ID
	}
	subject, err := a.opts.Subjects.Join(ctx, ids[0], ids[1])
	if err != nil {
		return orderFault(err)
	}
	concern(c, subject)
	return c.JSON(http.StatusOK, joinAnswer{Subject: subject})
}

// orderFault returns the problem of an order that cannot be carried out, or the error.
func orderFault(err error) error {
	for cause, text := range map[error]string{
		apply.ErrForeignName: "A name is not a name of this person. The page of the person in the console, and \"rodopath subject PERSON\", list the names.",
		apply.ErrAllNames:    "At least one name must stay with the person. List the names of the other person alone.",
		apply.ErrSamePerson:  "Both names lead to one person already.",
	} {
		if errors.Is(err, cause) {
			return problem.New(http.StatusUnprocessableEntity, "impossible", text)
		}
	}
	if errors.Is(err, apply.ErrUnknownSubject) {
		return problem.New(http.StatusNotFound, "unknown-person", "Nothing is held about this person.")
	}
	return err
}
