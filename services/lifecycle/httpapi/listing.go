package httpapi

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/listing"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// listedProduct is a product of which it is known what its sales are.
type listedProduct struct {
	Source  string      `json:"source"`
	Product string      `json:"product"`
	Access  fact.Access `json:"access"`
	// Days is how long a course stays open; absent without an end.
	Days int `json:"days,omitempty"`
	// By is who listed the product, and At when; absent for a product of the configuration.
	By string     `json:"by,omitempty"`
	At *time.Time `json:"at,omitempty"`
}

// listedProducts are the products that the configuration or the controller listed, by source and product.
func (a *API) listedProducts(c echo.Context) error {
	stated := map[[2]string]*listing.Entry{}
	for i := range a.opts.Listed {
		e := &a.opts.Listed[i]
		stated[[2]string{e.Source, e.Product}] = e
	}
	list := []listedProduct{}
	for source, products := range a.opts.Policy.Products {
		for key, product := range products {
			l := listedProduct{Source: source, Product: key, Access: product.Access, Days: product.Days}
			if e := stated[[2]string{source, key}]; e != nil {
				l.By, l.At = e.By, &e.At
			}
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(x, y listedProduct) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Product, y.Product))
	})
	return c.JSON(http.StatusOK, map[string][]listedProduct{"products": list})
}

// listRequest states what the sales of a product are.
type listRequest struct {
	Source string `json:"source" validate:"required,max=40"`
	// Product is a key of the product at the source, or "*" for every product that nothing else lists.
	Product string `json:"product" validate:"required,max=64,plain"`
	Access  string `json:"access"  validate:"required,oneof=one_off course service subscription"`
	// Days is how long a course stays open; 0 means without an end.
	Days int `json:"days" validate:"min=0,max=36600"`
}

const listExample = `{"source": "shop", "product": "17", "access": "course", "days": 365}`

// listProduct states what the sales of a product are. The interface is away meanwhile.
func (a *API) listProduct(c echo.Context) error {
	var req listRequest
	if err := a.read(c, &req, listExample); err != nil {
		return err
	}
	concern(c, req.Source+":"+req.Product)
	if err := a.mayList(&req); err != nil {
		return err
	}
	err := a.opts.ListProduct(c.Request().Context(), listing.Entry{
		Source: req.Source, Product: req.Product, Access: fact.Access(req.Access), Days: req.Days,
		By: actorOf(c), At: a.opts.Now().UTC(),
	})
	if errors.Is(err, listing.ErrFull) {
		return problem.New(http.StatusConflict, "full", listing.ErrFull.Error()+".")
	}
	if err != nil {
		return err
	}
	a.opts.Log.Warn("the controller listed a product", "source", req.Source, "access", req.Access, "days", req.Days)
	return c.JSON(http.StatusAccepted, listedProduct{
		Source: req.Source, Product: req.Product, Access: fact.Access(req.Access), Days: req.Days,
	})
}

// mayList reports why a product cannot be listed; nil if the product can be.
func (a *API) mayList(req *listRequest) error {
	_, known := a.opts.Policy.Products[req.Source]
	switch {
	case !known:
		return impossible("The configuration has no source with this id.")
	case a.isConfigured(req.Source, req.Product):
		return problem.New(http.StatusConflict, "in-the-configuration",
			"The configuration lists this product. Change it under products of the source, and start again.")
	case a.isConfigured(req.Source, rules.Everything):
		return problem.New(http.StatusConflict, "in-the-configuration",
			"The configuration lists everything else of this source under \"*\", so a statement would change no sale. "+
				"List the product under products of the source, and start again.")
	case req.Days > 0 && req.Access != string(fact.AccessCourse):
		return impossible("days says how long a course stays open; leave days out for " + req.Access + ".")
	case a.opts.ListProduct == nil:
		return impossible("No product can be listed here.")
	}
	return nil
}

// isConfigured reports whether the configuration lists a key, and not the controller.
func (a *API) isConfigured(source, key string) bool {
	_, listed := a.opts.Policy.Products[source][key]
	return listed && !slices.ContainsFunc(a.opts.Listed, func(e listing.Entry) bool {
		return e.Source == source && e.Product == key
	})
}

// impossible refuses a request that can never succeed.
func impossible(detail string) error {
	return problem.New(http.StatusUnprocessableEntity, "impossible", detail)
}
