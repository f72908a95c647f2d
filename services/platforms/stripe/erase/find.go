package erase

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure"
)

// customer is Stripe's record of a customer.
type customer struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`

	Email       string   `json:"email"`
	Name        string   `json:"name"`
	Phone       string   `json:"phone"`
	Description string   `json:"description"`
	Business    string   `json:"business_name"`
	Individual  string   `json:"individual_name"`
	Address     *address `json:"address"`
	Shipping    *struct {
		Name    string   `json:"name"`
		Phone   string   `json:"phone"`
		Address *address `json:"address"`
	} `json:"shipping"`
	// Metadata are the seller's own entries.
	Metadata map[string]any `json:"metadata"`
}

// filled reports whether an address holds anything: an empty text is as good as none.
func (a *address) filled() bool { return a != nil && *a != address{} }

// ships reports whether the customer has data of a shipping address.
func (u *customer) ships() bool {
	s := u.Shipping
	return s != nil && (s.Name != "" || s.Phone != "" || s.Address.filled())
}

type address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

// customerList is a list of customers, or the result of a search.
type customerList struct {
	Data []customer `json:"data"`
}

// find returns the person's customers: by id, by address, or by hashes. Deleted ones can
// still be read, and are none.
func (c *Connector) find(ctx context.Context, t *erasure.Task) ([]customer, error) {
	ids := t.IDs("stripe:", "")
	if t.Hidden {
		hidden, err := c.customers.Find(
			ctx,
			t.Since,
			func(u *erasure.Named) bool { return t.Person("stripe:"+u.ID) || t.Person(u.Email) },
		)
		if err != nil {
			return nil, err
		}
		for _, u := range hidden {
			ids = append(ids, u.ID)
		}
	}
	var out []customer
	add := func(u customer) {
		if erasure.Plain(u.ID) && !u.Deleted && !slices.ContainsFunc(out, func(o customer) bool { return o.ID == u.ID }) {
			out = append(out, u)
		}
	}
	for _, id := range ids {
		if !strings.HasPrefix(id, "cus_") || !erasure.Plain(id) {
			continue
		}
		var u customer
		res, err := c.client.Call(
			ctx,
			"find the customer",
			erasure.Request{Method: http.MethodGet, Path: "/v1/customers/" + id},
			&u,
		)
		if err != nil {
			return nil, err
		}
		if res.Found {
			add(u)
		}
	}
	for _, email := range t.Emails {
		named, err := c.named(ctx, email)
		if err != nil {
			return nil, err
		}
		for _, u := range named {
			add(u)
		}
	}
	return out, nil
}

// named returns the customers of an address. The list is consistent, and its filter is
// case-sensitive (https://docs.stripe.com/api/customers/list); the search ignores case and may lag
// by a minute (https://docs.stripe.com/search). Without search in the account the list alone is
// used; another failure of the search says nothing of the other calls.
func (c *Connector) named(ctx context.Context, email string) ([]customer, error) {
	var list, search customerList
	_, err := c.client.Call(ctx, "find the customer", erasure.Request{
		Method: http.MethodGet, Path: "/v1/customers", Query: url.Values{"email": {email}, "limit": {"100"}},
	}, &list)
	if err != nil {
		return nil, err
	}
	_, err = c.client.Call(ctx, "search for the customer", erasure.Request{
		Method: http.MethodGet,
		Path:   "/v1/customers/search",
		Query:  url.Values{"query": {`email:"` + quoted(email) + `"`}, "limit": {"100"}},
	}, &search)
	var status *erasure.StatusError
	if err != nil && (!errors.As(err, &status) ||
		status.Status != http.StatusBadRequest && status.Status != http.StatusNotFound) {
		return nil, &dispatch.RefusalError{Err: err}
	}
	all := slices.Concat(list.Data, search.Data)
	return slices.DeleteFunc(all, func(u customer) bool { return !strings.EqualFold(u.Email, email) }), nil
}

// quoted escapes a text for the search's language.
func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// page reads a page of all customers: GET /v1/customers, each page beginning after the
// last one of the page before (https://docs.stripe.com/api/pagination).
func (c *Connector) page(ctx context.Context, at string) ([]erasure.Named, string, error) {
	query := url.Values{"limit": {"100"}}
	if at != "" {
		query.Set("starting_after", at)
	}
	var list struct {
		Data []erasure.Named `json:"data"`
		More bool            `json:"has_more"`
	}
	if _, err := c.client.Call(
		ctx,
		"list the customers",
		erasure.Request{Method: http.MethodGet, Path: "/v1/customers", Query: query},
		&list,
	); err != nil {
		return nil, "", err
	}
	if !list.More || len(list.Data) == 0 {
		return list.Data, "", nil
	}
	return list.Data, list.Data[len(list.Data)-1].ID, nil
}
