package erase_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/erase"
)

// shop stands in for a shop, as WooCommerce's documents and sources describe it.
type shop struct {
	*erasuretest.Fake
	orders   []*order
	accounts []*account
	notes    map[string][]int
	reviews  []review
	products map[string]bool
	coupons  map[string][]string
	// subscriptions has the states of the subscriptions of the extension; nil for a shop without the extension.
	subscriptions []string
	// gone is the code for an account that does not exist.
	gone string
	// stubborn keeps the IP address, as a plugin might.
	stubborn bool
}

type review struct {
	ID    int    `json:"id"`
	Email string `json:"-"`
}

type address map[string]any

type meta struct {
	ID    int    `json:"id"`
	Key   string `json:"key"`
	Value any    `json:"value"`
}

type order struct {
	ID            int              `json:"id"`
	Status        string           `json:"status"`
	Total         string           `json:"total"`
	TotalTax      string           `json:"total_tax"`
	DatePaid      string           `json:"date_paid_gmt"`
	CustomerID    int              `json:"customer_id"`
	IP            string           `json:"customer_ip_address"`
	Agent         string           `json:"customer_user_agent"`
	Note          string           `json:"customer_note"`
	TransactionID string           `json:"transaction_id"`
	Billing       address          `json:"billing"`
	Shipping      address          `json:"shipping"`
	Meta          []meta           `json:"meta_data"`
	Lines         []map[string]any `json:"line_items"`
	Refunds       []map[string]any `json:"refunds"`
	Coupons       []map[string]any `json:"coupon_lines"`
}

type account struct {
	ID       int     `json:"id"`
	Email    string  `json:"email"`
	Role     string  `json:"role"`
	First    string  `json:"first_name"`
	Last     string  `json:"last_name"`
	Billing  address `json:"billing"`
	Shipping address `json:"shipping"`
	bought   int
}

func where() address {
	return address{
		"first_name": "Ala", "last_name": erasuretest.Family, "company": "", "address_1": "ul. Kocia 1", "city": "Berlin",
		"postcode": "10115", "country": "DE", "state": "", "phone": "600", "email": erasuretest.Email,
	}
}

func newShop(t testing.TB) *shop {
	s := &shop{
		notes: map[string][]int{"17": {3, 4}}, products: map[string]bool{"41": false, "42": true},
		coupons: map[string][]string{}, gone: "wc_user_invalid_id",
	}
	for i := 1; i <= 250; i++ {
		o := &order{
			ID: i, Status: "completed", Total: "119.00", TotalTax: "19.00", DatePaid: "2020-10-09T08:05:00",
			Billing: address{"email": "other@leak.example", "phone": "700", "country": "DE"}, Shipping: address{},
		}
		if i == 203 {
			o.Note = "the note of another order"
		}
		if i == 17 {
			o.CustomerID, o.Billing, o.Shipping = 5, where(), where()
			o.IP, o.Agent, o.Note, o.TransactionID = "192.0.2.7", "Firefox", "ring twice", "pi_1"
			o.Lines = []map[string]any{{"sku": "MUG", "total": "100.00"}}
			o.Meta = []meta{
				{1, "_billing_nip", "5260001246"},
				{2, "_wc_order_attribution_user_agent", "Firefox"},
				{3, "_stock", map[string]int{"a": 1}},
				{4, "_firma_nip", "5260001246"},
				{5, "_mc4wp_optin", "1"},
			}
		}
		s.orders = append(s.orders, o)
		s.accounts = append(
			s.accounts,
			&account{ID: 1000 + i, Email: "other" + strconv.Itoa(i) + "@leak.example", Role: "customer"},
		)
	}
	s.accounts = append(
		s.accounts,
		&account{
			ID:       5,
			Email:    "Ala@Leak.example",
			Role:     "customer",
			First:    "Ala",
			Last:     erasuretest.Family,
			Billing:  where(),
			Shipping: address{"phone": ""},
		},
	)
	mux := http.NewServeMux()
	const v3 = " /blog/wp-json/wc/v3"
	mux.HandleFunc("GET"+v3+"/orders", s.listOrders)
	mux.HandleFunc(
		"GET"+v3+"/orders/{id}",
		s.order(func(w http.ResponseWriter, _ *http.Request, o *order) { erasuretest.JSON(w, 200, o) }),
	)
	mux.HandleFunc("PUT"+v3+"/orders/{id}", s.order(s.updateOrder))
	mux.HandleFunc("GET"+v3+"/orders/{id}/notes", s.listNotes)
	mux.HandleFunc("DELETE"+v3+"/orders/{id}/notes/{note}", s.deleteNote)
	mux.HandleFunc("GET"+v3+"/customers", s.listAccounts)
	mux.HandleFunc(
		"GET"+v3+"/customers/{id}",
		s.account(func(w http.ResponseWriter, _ *http.Request, a *account) { erasuretest.JSON(w, 200, a) }),
	)
	mux.HandleFunc(
		"GET"+v3+"/customers/{id}/downloads",
		s.account(func(w http.ResponseWriter, _ *http.Request, a *account) {
			erasuretest.JSON(w, 200, []map[string]any{{"order_id": a.bought}})
		}),
	)
	mux.HandleFunc("PUT"+v3+"/customers/{id}", s.account(s.updateAccount))
	mux.HandleFunc("DELETE"+v3+"/customers/{id}", s.account(s.deleteAccount))
	mux.HandleFunc("GET"+v3+"/products/reviews", s.listReviews)
	mux.HandleFunc("DELETE"+v3+"/products/reviews/{id}", s.deleteReview)
	mux.HandleFunc("GET"+v3+"/products/{id}", s.product)
	mux.HandleFunc("GET"+v3+"/products/{parent}/variations/{id}", s.product)
	mux.HandleFunc("GET"+v3+"/coupons", func(w http.ResponseWriter, r *http.Request) {
		erasuretest.JSON(w, 200, []map[string]any{{"used_by": s.coupons[r.URL.Query().Get("code")]}})
	})
	mux.HandleFunc("GET"+v3+"/subscriptions", s.listSubscriptions)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fault(w, 404, "rest_no_route") })
	s.Fake = erasuretest.Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, secret, _ := r.BasicAuth()
		if key != "ck_1" || secret != "cs_1" {
			fault(w, 401, "woocommerce_rest_cannot_view")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return s
}

func fault(w http.ResponseWriter, status int, code string) {
	erasuretest.JSON(
		w,
		status,
		map[string]any{"code": code, "message": "Sorry.", "data": map[string]int{"status": status}},
	)
}

// page answers with a page of a list, and with the headers that say how many there are.
func page[T any](w http.ResponseWriter, r *http.Request, all []T) {
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	if per < 1 || per > 100 || n < 1 {
		fault(w, 400, "rest_invalid_param")
		return
	}
	w.Header().Set("X-Wp-Total", strconv.Itoa(len(all)))
	w.Header().Set("X-Wp-Totalpages", strconv.Itoa((len(all)+per-1)/per))
	from := min((n-1)*per, len(all))
	erasuretest.JSON(w, 200, append([]T{}, all[from:min(from+per, len(all))]...))
}

func (s *shop) listOrders(w http.ResponseWriter, r *http.Request) {
	all := slices.Clone(s.orders)
	if id := r.URL.Query().Get("customer"); id != "" {
		all = slices.DeleteFunc(all, func(o *order) bool { return strconv.Itoa(o.CustomerID) != id })
	}
	if text := r.URL.Query().Get("search"); text != "" {
		all = slices.DeleteFunc(all, func(o *order) bool {
			email, _ := o.Billing["email"].(string)
			return !strings.Contains(strings.ToLower(email), strings.ToLower(text))
		})
	}
	page(w, r, all)
}

func (s *shop) listAccounts(w http.ResponseWriter, r *http.Request) {
	all := slices.Clone(s.accounts)
	query := r.URL.Query()
	all = slices.DeleteFunc(all, func(a *account) bool {
		role := query.Get("role")
		return query.Get("email") != "" && !strings.EqualFold(a.Email, query.Get("email")) ||
			role != "all" && a.Role != role && (role != "" || a.Role != "customer")
	})
	page(w, r, all)
}

func (s *shop) order(do func(http.ResponseWriter, *http.Request, *order)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, o := range s.orders {
			if strconv.Itoa(o.ID) == r.PathValue("id") {
				do(w, r, o)
				return
			}
		}
		fault(w, 404, "woocommerce_rest_shop_order_invalid_id")
	}
}

func (s *shop) account(do func(http.ResponseWriter, *http.Request, *account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, a := range s.accounts {
			if strconv.Itoa(a.ID) == r.PathValue("id") {
				do(w, r, a)
				return
			}
		}
		fault(w, 404, s.gone)
	}
}

func (s *shop) listReviews(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("status") != "all" {
		fault(w, 400, "rest_invalid_param")
		return
	}
	all := slices.DeleteFunc(slices.Clone(s.reviews), func(v review) bool {
		return !strings.EqualFold(v.Email, r.URL.Query().Get("reviewer_email"))
	})
	page(w, r, all)
}

func (s *shop) deleteReview(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("force") != "true" {
		fault(w, 501, "woocommerce_rest_trash_not_supported")
		return
	}
	s.reviews = slices.DeleteFunc(s.reviews, func(v review) bool { return strconv.Itoa(v.ID) == r.PathValue("id") })
	erasuretest.JSON(w, 200, map[string]any{"deleted": true})
}

func (s *shop) product(w http.ResponseWriter, r *http.Request) {
	downloadable, ok := s.products[r.PathValue("id")]
	if !ok {
		fault(w, 404, "woocommerce_rest_product_invalid_id")
		return
	}
	erasuretest.JSON(w, 200, map[string]any{"downloadable": downloadable})
}

func (s *shop) listSubscriptions(w http.ResponseWriter, _ *http.Request) {
	if s.subscriptions == nil {
		fault(w, 404, "rest_no_route")
		return
	}
	out := []map[string]string{}
	for _, status := range s.subscriptions {
		out = append(out, map[string]string{"status": status})
	}
	erasuretest.JSON(w, 200, out)
}

// numbered returns an order of the shop by its number.
func (s *shop) numbered(id int) *order { return s.orders[id-1] }

// updateOrder does what WC_REST_Orders_Controller does: addresses have the totals worked
// out anew, and notes of inner names go to the fields of these names.
func (s *shop) updateOrder(w http.ResponseWriter, r *http.Request, o *order) {
	var body map[string]json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&body)
	for key, raw := range body {
		switch key {
		case "billing", "shipping", "line_items":
			o.TotalTax, o.Total = "23.00", "123.00"
		case "customer_id":
			_ = json.Unmarshal(raw, &o.CustomerID)
		case "customer_note":
			_ = json.Unmarshal(raw, &o.Note)
		case "transaction_id":
			_ = json.Unmarshal(raw, &o.TransactionID)
		case "meta_data":
			var notes []meta
			_ = json.Unmarshal(raw, &notes)
			for _, m := range notes {
				s.updateMeta(o, m)
			}
		default:
			fault(w, 400, "rest_invalid_param")
			return
		}
	}
	erasuretest.JSON(w, 200, o)
}

func (s *shop) updateMeta(o *order, m meta) {
	text, _ := m.Value.(string)
	name := strings.TrimPrefix(m.Key, "_")
	if field, ok := strings.CutPrefix(name, "billing_"); ok && o.Billing[field] != nil {
		o.Billing[field] = text
		return
	}
	if field, ok := strings.CutPrefix(name, "shipping_"); ok && o.Shipping[field] != nil {
		o.Shipping[field] = text
		return
	}
	switch m.Key {
	case "_customer_ip_address":
		if !s.stubborn {
			o.IP = text
		}
		return
	case "_customer_user_agent":
		o.Agent = text
		return
	}
	i := slices.IndexFunc(o.Meta, func(old meta) bool { return old.ID == m.ID || m.ID == 0 && old.Key == m.Key })
	switch {
	case i >= 0 && m.Value == nil:
		o.Meta = slices.Delete(o.Meta, i, i+1)
	case i >= 0:
		o.Meta[i].Value = m.Value
	default:
		o.Meta = append(o.Meta, meta{900 + len(o.Meta), m.Key, m.Value})
	}
}

func (s *shop) listNotes(w http.ResponseWriter, r *http.Request) {
	out := []map[string]int{}
	for _, id := range s.notes[r.PathValue("id")] {
		out = append(out, map[string]int{"id": id})
	}
	erasuretest.JSON(w, 200, out)
}

func (s *shop) deleteNote(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("force") != "true" {
		fault(w, 501, "woocommerce_rest_trash_not_supported")
		return
	}
	id, _ := strconv.Atoi(r.PathValue("note"))
	s.notes[r.PathValue("id")] = slices.DeleteFunc(s.notes[r.PathValue("id")], func(n int) bool { return n == id })
	erasuretest.JSON(w, 200, map[string]int{"id": id})
}

func (s *shop) updateAccount(w http.ResponseWriter, r *http.Request, a *account) {
	var body account
	body.Billing, body.Shipping, body.First, body.Last, body.Email = a.Billing, a.Shipping, a.First, a.Last, a.Email
	_ = json.NewDecoder(r.Body).Decode(&body)
	a.Billing, a.Shipping, a.First, a.Last = body.Billing, body.Shipping, body.First, body.Last
	if body.Email != a.Email {
		fault(w, 400, "the_mail_of_an_account_is_changed")
		return
	}
	erasuretest.JSON(w, 200, a)
}

func (s *shop) deleteAccount(w http.ResponseWriter, r *http.Request, a *account) {
	switch {
	case r.URL.Query().Get("force") != "true":
		fault(w, 501, "woocommerce_rest_trash_not_supported")
	case a.Role != "customer":
		fault(w, 403, "woocommerce_rest_cannot_delete")
	default:
		s.accounts = slices.DeleteFunc(s.accounts, func(o *account) bool { return o == a })
		erasuretest.JSON(w, 200, a)
	}
}

func (s *shop) connector(t testing.TB, client *http.Client) *woocommerce.Connector {
	t.Helper()
	c, err := woocommerce.New(woocommerce.Options{
		URL: s.URL + "/blog/", Key: "ck_1:cs_1", Source: "shop", AllowPrivate: true, Client: client, PerSecond: 1000,
		Now: erasuretest.Now, PersonalKeys: []string{"_firma_nip"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mine is the person's account, or nil.
func (s *shop) mine() *account {
	for _, a := range s.accounts {
		if a.ID == 5 {
			return a
		}
	}
	return nil
}
