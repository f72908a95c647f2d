package console

import (
	"net/http"
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
	// Wrong is a form with a number of days that is none; nil for none.
	Wrong *wrongProduct
}

// wrongProduct is a form for a product as it was sent, with a number of days that is none.
type wrongProduct struct {
	Source, Product, Access, Days string
}

// Fault is the form of a product as it was sent with a fault; nil for any other.
func (p *productsPart) Fault(source string, keys []string) *wrongProduct {
	w := p.Wrong
	if w == nil || w.Source != source || !slices.Contains(keys, w.Product) && w.Product != p.Rest {
		return nil
	}
	return w
}

// products reads the part of the set-up; wrong is a form that was sent with a fault, or nil.
func (v *visit) products(wrong *wrongProduct) (productsPart, error) {
	query := v.r.URL.Query()
	p := productsPart{
		Wrong:    wrong,
		Shown:    wrong != nil || query.Has("products"),
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

// maxDays bounds the days of access to a course.
const maxDays = 36600

// daysOf reads the days of access to a course; an empty text is 0, an access without an end. False means that the text
// is no number of days.
func daysOf(text string) (int, bool) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, true
	}
	days, err := strconv.Atoi(text)
	return days, err == nil && days >= 1 && days <= maxDays
}

// listProduct states what the sales of a product are, and waits until the statement is in force.
func (v *visit) listProduct() error {
	access := fact.Access(v.r.PostFormValue("access"))
	if !slices.Contains(fact.Accesses(), access) {
		return v.noOption()
	}
	days, ok := daysOf(v.r.PostFormValue("days"))
	if !ok {
		return v.showSetup(http.StatusUnprocessableEntity, &wrongProduct{
			v.r.PostFormValue("source"), v.r.PostFormValue("product"), string(access), v.r.PostFormValue("days"),
		})
	}
	if access != fact.AccessCourse {
		days = 0
	}
	stated := listedProduct{
		Source: v.r.PostFormValue("source"), Product: v.r.PostFormValue("product"), Access: access, Days: days,
	}
	err := v.api.post(v.r.Context(), "/v1/products/listed", map[string]any{
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
