package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// unlistedProduct is a product that sold and that the configuration does not list.
type unlistedProduct struct {
	Source string `json:"source"`
	// Keys are the names of the product at the source; empty where the source names no product.
	Keys []string `json:"keys"`
	// Sales counts the stored sales, Last is the time of the last one.
	Sales int       `json:"sales"`
	Last  time.Time `json:"last"`
	// Line is the line to add under products of the source, with a kind to choose.
	Line string `json:"line"`
}

// maxProducts bounds the listed products.
const maxProducts = 1000

// products lists the products that sold and that the configuration does not list.
func (a *API) products(c echo.Context) error {
	found := map[string]*unlistedProduct{}
	err := a.walk(c.Request().Context(), func(s *lifecycle.Subject) error {
		for i := range s.Facts {
			f := &s.Facts[i]
			for _, keys := range a.opts.Policy.Guessed(f) {
				name := f.Source + "\x00" + strings.Join(keys, "\x00")
				p := found[name]
				if p == nil && len(found) == maxProducts {
					continue
				}
				if p == nil {
					p = &unlistedProduct{Source: f.Source, Keys: append([]string{}, keys...), Line: productLine(keys)}
					found[name] = p
				}
				p.Sales++
				if f.Occurred.After(p.Last) {
					p.Last = f.Occurred
				}
			}
		}
		return nil
	})
	if err := c.Request().Context().Err(); err != nil {
		return err
	}
	list := struct {
		Products []unlistedProduct `json:"products"`
		// Incomplete says which persons are missing, and why; absent for none.
		Incomplete string `json:"incomplete,omitempty"`
	}{Products: []unlistedProduct{}, Incomplete: a.incomplete(err)}
	for _, p := range found {
		list.Products = append(list.Products, *p)
	}
	slices.SortFunc(list.Products, func(x, y unlistedProduct) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(y.Sales, x.Sales), slices.Compare(x.Keys, y.Keys))
	})
	return c.JSON(http.StatusOK, list)
}

// productLine is the line of the configuration that lists a product.
func productLine(keys []string) string {
	key := rules.Everything
	if len(keys) > 0 {
		key = keys[0]
	}
	return strconv.Quote(key) + ": course   # or one_off, service, subscription"
}
