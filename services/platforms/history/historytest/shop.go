package historytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key is the key that the stand-ins accept; ShopKey is that of the shop.
const (
	Key     = "key_of_a_stand-in"
	ShopKey = "ck_stand:cs_in"
)

// gmt is how WooCommerce writes a time.
const gmt = "2006-01-02T15:04:05"

// Thing is an object of a platform.
type Thing map[string]any

// ID is the number of a thing.
func (t Thing) ID() int64 {
	n, _ := t["id"].(int64)
	return n
}

// Body is the thing as the body of a webhook.
func (t Thing) Body() []byte {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return data
}

// Shop is a stand-in of a WooCommerce shop.
type Shop struct {
	faults
	mu sync.Mutex
	// Customers, Orders and Subscriptions are the content; a nil Subscriptions is a shop without the extension.
	customers, orders, subscriptions []Thing
	// served is called with every page of orders, before the answer.
	served func(ids []int64)
}

// NewShop generates a shop of some customers, each with a few orders of the years 2019 to 2025. Every twentieth moment
// has several orders of one second.
func NewShop(seed uint64, customers int) *Shop {
	s := &Shop{subscriptions: []Thing{}}
	random := rand.New(rand.NewPCG(seed, 0))
	day := time.Date(2019, 1, 1, 8, 0, 0, 0, time.UTC)
	pause := 6 * 365 * 24 * time.Hour / time.Duration(customers)
	id := int64(100)
	for n := range customers {
		at := day.Add(time.Duration(n) * pause).Truncate(time.Second)
		email := fmt.Sprintf("buyer%d@example.com", n)
		account := int64(n + 1)
		s.customers = append(s.customers, Thing{
			"id":                account,
			"email":             email,
			"role":              "customer",
			"date_created_gmt":  at.Format(gmt),
			"date_modified_gmt": at.Format(gmt),
		})
		for range 1 + random.IntN(3) {
			id++
			if random.IntN(20) > 0 {
				at = at.Add(time.Duration(random.IntN(20*24)) * time.Hour)
			}
			s.orders = append(s.orders, order(random, id, account, email, at))
		}
		if random.IntN(10) == 0 {
			id++
			s.subscriptions = append(s.subscriptions, Thing{
				"id":                id,
				"status":            "active",
				"parent_id":         id - 1,
				"customer_id":       account,
				"billing_period":    "month",
				"total":             "9.00",
				"billing":           Thing{"email": email},
				"start_date_gmt":    at.Format(gmt),
				"date_created_gmt":  at.Format(gmt),
				"date_modified_gmt": at.Format(gmt),
			})
		}
	}
	return s
}

// order generates an order in some state.
func order(random *rand.Rand, id, account int64, email string, at time.Time) Thing {
	states := []string{
		"completed", "completed", "completed", "processing", "refunded", "cancelled", "failed", "pending", "trash", "on-hold",
	}
	status := states[random.IntN(len(states))]
	o := Thing{
		"id": id, "status": status, "customer_id": account, "total": "49.00", "created_via": "checkout",
		"customer_ip_address": "192.0.2.7", "billing": Thing{"email": email, "first_name": "Ala", "country": "PL"},
		"line_items":       []Thing{{"id": id * 10, "product_id": int64(17 + random.IntN(3)), "name": "Kurs", "sku": ""}},
		"date_created_gmt": at.Format(gmt), "date_modified_gmt": at.Add(72 * time.Hour).Format(gmt),
		"meta_data": []Thing{}, "refunds": []Thing{},
	}
	if random.IntN(4) == 0 {
		o["meta_data"] = []Thing{{"id": 1, "key": "_woo_ml_subscribe", "value": "1"}}
	}
	switch status {
	case "completed", "processing", "refunded", "trash":
		o["date_paid_gmt"] = at.Add(time.Minute).Format(gmt)
	}
	switch status {
	case "completed":
		o["date_completed_gmt"] = at.Add(24 * time.Hour).Format(gmt)
	case "refunded":
		o["refunds"] = []Thing{{"id": id + 1_000_000, "total": "-49.00"}}
	}
	return o
}

// OnOrders sets what happens when a page of orders is served.
func (s *Shop) OnOrders(served func(ids []int64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served = served
}

// WithoutSubscriptions makes the shop one without the extension.
func (s *Shop) WithoutSubscriptions() { s.subscriptions = nil }

// Change changes an order: its status, now.
func (s *Shop) Change(id int64, status string) {
	now := s.time().UTC().Format(gmt)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.ID() == id {
			o["status"], o["date_modified_gmt"], o["date_completed_gmt"], o["date_paid_gmt"] = status, now, now, now
		}
	}
}

// Order adds an order of now in a state, and returns the order.
func (s *Shop) Order(id, account int64, email, status string) Thing {
	at := s.time().UTC()
	o := order(rand.New(rand.NewPCG(1, uint64(id))), id, account, email, at)
	o["status"], o["date_modified_gmt"], o["refunds"] = status, at.Format(gmt), []Thing{}
	o["date_paid_gmt"], o["date_completed_gmt"] = at.Format(gmt), at.Format(gmt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, o)
	return maps.Clone(o)
}

// Refund returns the money of a completed order now, and returns the order; nil for another one.
func (s *Shop) Refund(id int64) Thing {
	at := s.time().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.ID() == id && o["status"] == "completed" {
			o["status"], o["date_modified_gmt"] = "refunded", at.Format(gmt)
			o["refunds"] = []Thing{{"id": id + 1_000_000, "total": "-49.00"}}
			return maps.Clone(o)
		}
	}
	return nil
}

// Customer adds a customer of now, and returns the customer.
func (s *Shop) Customer(id int64, email string) Thing {
	at := s.time().UTC().Format(gmt)
	c := Thing{"id": id, "email": email, "role": "customer", "date_created_gmt": at, "date_modified_gmt": at}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customers = append(s.customers, c)
	return c
}

// DeleteCustomer deletes a customer.
func (s *Shop) DeleteCustomer(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customers = slices.DeleteFunc(s.customers, func(c Thing) bool { return c.ID() == id })
}

// Each visits every object with the topic of its webhook.
func (s *Shop) Each(visit func(topic string, t Thing)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.customers {
		visit("customer.updated", t)
	}
	for _, t := range s.orders {
		visit("order.updated", t)
	}
	for _, t := range s.subscriptions {
		visit("subscription.updated", t)
	}
}

// Handler is the interface of the shop.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /wp-json/wc/v3/customers", s.list(func() []Thing { return s.customers }))
	mux.HandleFunc("GET /wp-json/wc/v3/orders", s.list(func() []Thing { return s.orders }))
	mux.HandleFunc("GET /wp-json/wc/v3/subscriptions", s.list(func() []Thing { return s.subscriptions }))
	mux.HandleFunc("GET /wp-json/wc/v3/orders/{id}/refunds", s.refunds)
	s.Hooks.mountShop(mux, "/wp-json/wc/v3/webhooks", mayShop)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { noRoute(w) })
	return s.wrap(mux.ServeHTTP)
}

// refunds lists the refunds of an order, with the date that the list of orders leaves out: that of the last change.
func (s *Shop) refunds(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	for _, o := range s.orders {
		if o.ID() == id {
			out := []Thing{}
			for _, f := range o["refunds"].([]Thing) {
				out = append(out, Thing{"id": f["id"], "amount": "49.00", "date_created_gmt": o["date_modified_gmt"]})
			}
			_ = json.NewEncoder(w).Encode(out) // of a test
			return
		}
	}
	noRoute(w)
}

// mayShop reports whether a request shows the key, or answers that the request does not.
func mayShop(w http.ResponseWriter, r *http.Request) bool {
	if user, password, _ := r.BasicAuth(); user+":"+password != ShopKey {
		http.Error(w, `{"code":"woocommerce_rest_cannot_view"}`, http.StatusUnauthorized)
		return false
	}
	return true
}

func noRoute(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"code":"rest_no_route"}`))
}

func (s *Shop) list(all func() []Thing) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !mayShop(w, r) {
			return
		}
		s.mu.Lock()
		things := all()
		if things == nil {
			s.mu.Unlock()
			noRoute(w)
			return
		}
		found := selected(things, r)
		total := len(found)
		found = found[min(number(r, "offset"), len(found)):]
		found = found[:min(number(r, "per_page"), len(found))]
		body, err := json.Marshal(found)
		served := s.served
		s.mu.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if served != nil && strings.HasSuffix(r.URL.Path, "/orders") {
			var ids []int64
			for _, t := range found {
				ids = append(ids, t.ID())
			}
			served(ids)
		}
		w.Header().Set("X-WP-Total", strconv.Itoa(total))
		_, _ = w.Write(body)
	}
}

// selected are the things of a query, in its order.
func selected(things []Thing, r *http.Request) []Thing {
	q := r.URL.Query()
	text := func(t Thing, key string) string {
		value, _ := t[key].(string)
		return value
	}
	out := []Thing{}
	for _, t := range things {
		status := text(t, "status")
		byStatus := !q.Has("status") || q.Get("status") == status || q.Get("status") == "any" && status != "trash"
		if byStatus && text(t, "date_created_gmt") > q.Get("after") &&
			text(t, "date_modified_gmt") > q.Get("modified_after") {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Thing) int {
		if q.Get("orderby") == "date" {
			return cmp.Or(strings.Compare(text(a, "date_created_gmt"), text(b, "date_created_gmt")), cmp.Compare(a.ID(), b.ID()))
		}
		return cmp.Compare(a.ID(), b.ID())
	})
	return out
}

func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(name))
	return n
}
