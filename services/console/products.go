package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// unlistedProduct is a product that sold and that nothing lists.
type unlistedProduct struct {
	Source string   `json:"source"`
	Keys   []string `json:"keys"`
	Sales  int      `json:"sales"`
}

// listedProduct is a product of which it is known what its sales are.
type listedProduct struct {
	Source  string      `json:"source"`
	Product string      `json:"product"`
	Access  fact.Access `json:"access"`
	Days    int         `json:"days"`
	// By is who listed the product in the console or by a command, and At when; empty for one of the configuration.
	By string     `json:"by"`
	At *time.Time `json:"at"`
}

// productsPart is the part of the set-up that says what the products are.
type productsPart struct {
	// Buyers is the number of persons who bought a product that nothing lists.
	Buyers int
	// Shown reports whether these products were asked for, because they are looked for among all persons: Unlisted.
	Shown    bool
	Unlisted []unlistedProduct
	Listed   []listedProduct
	// Accesses are the kinds of sales to choose from, and Rest is the key of everything that nothing lists.
	Accesses []fact.Access
	Rest     string
	// Saved reports whether the reader has just listed a product.
	Saved bool
}

func (v *visit) products() (productsPart, error) {
	query := v.r.URL.Query()
	p := productsPart{
		Shown: query.Has(
			"products",
		),
		Saved:    query.Get("products") == "saved",
		Accesses: fact.Accesses(),
		Rest:     rules.Everything,
	}
	var unlisted struct {
		Products []unlistedProduct `json:"products"`
	}
	err := together(
		func() error { var err error; p.Listed, err = v.listedProducts(); return err },
		func() error {
			if !p.Shown {
				return nil
			}
			return v.api.get(v.r.Context(), "/v1/products", &unlisted)
		},
	)
	p.Unlisted = unlisted.Products
	return p, err
}

func (v *visit) listedProducts() ([]listedProduct, error) {
	var listed struct {
		Products []listedProduct `json:"products"`
	}
	err := v.api.get(v.r.Context(), "/v1/products/listed", &listed)
	return listed.Products, err
}

// listProduct states what the sales of a product are, and waits until the statement is in force.
func (v *visit) listProduct() error {
	days, err := strconv.Atoi(strings.TrimSpace(v.r.PostFormValue("days")))
	access := fact.Access(v.r.PostFormValue("access"))
	if err != nil || access != fact.AccessCourse {
		days = 0
	}
	stated := listedProduct{
		Source: v.r.PostFormValue("source"), Product: v.r.PostFormValue("product"), Access: access, Days: days,
	}
	err = v.api.post(v.r.Context(), "/v1/products/listed", map[string]any{
		"source": stated.Source, "product": stated.Product, "access": stated.Access, "days": stated.Days,
	}, nil)
	if err != nil {
		return err
	}
	v.await(func() bool {
		listed, err := v.listedProducts()
		return err == nil && slices.ContainsFunc(listed, func(l listedProduct) bool {
			l.By, l.At = "", nil
			return l == stated
		})
	})
	return v.redirect("/console/setup?" + url.Values{"products": {"saved"}}.Encode() + "#products")
}
