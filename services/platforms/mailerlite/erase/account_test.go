package erase_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/erase"
)

// account stands in for an account of MailerLite, as its documents describe it.
type account struct {
	*erasuretest.Fake
	subscribers []*subscriber
	// erase is the setting of the recipient.
	erase string
}

type subscriber struct {
	ID      string              `json:"id"`
	Email   string              `json:"email"`
	Status  string              `json:"status"`
	Fields  map[string]any      `json:"fields"`
	Groups  []map[string]string `json:"groups"`
	Opened  int                 `json:"opens_count"`
	OptedIn string              `json:"opted_in_at"`
	Forget  string              `json:"forget_at,omitempty"`
	Since   string              `json:"subscribed_at,omitempty"`
}

func newAccount(t testing.TB) *account {
	a := &account{}
	for i := range 250 {
		a.subscribers = append(
			a.subscribers,
			&subscriber{ID: strconv.Itoa(1000 + i), Email: fmt.Sprintf("other%d@leak.example", i), Status: "active"},
		)
	}
	a.subscribers = slices.Insert(a.subscribers, 180, &subscriber{
		ID: "31986843064993537", Email: erasuretest.Email, Status: "active", Opened: 7,
		Fields: map[string]any{"name": erasuretest.Family, "phone": "600", "city": nil, "favourite": "cats", "score": 7},
		Groups: []map[string]string{{"id": "98", "name": "Webinar"}, {"id": "99", "name": "Letters"}},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/subscribers", a.list)
	mux.HandleFunc("GET /api/subscribers/{id}", a.with(func(w http.ResponseWriter, _ *http.Request, s *subscriber) {
		erasuretest.JSON(w, 200, map[string]any{"data": s})
	}))
	mux.HandleFunc("PUT /api/subscribers/{id}", a.with(a.update))
	mux.HandleFunc(
		"POST /api/subscribers/{id}/forget",
		a.with(func(w http.ResponseWriter, _ *http.Request, s *subscriber) {
			a.subscribers = slices.DeleteFunc(a.subscribers, func(o *subscriber) bool { return o == s })
			erasuretest.JSON(
				w,
				200,
				map[string]any{"message": "Subscriber data will be completely deleted and forgotten within 30 days.", "data": s},
			)
		}),
	)
	mux.HandleFunc("DELETE /api/subscribers/{id}", a.with(func(w http.ResponseWriter, _ *http.Request, s *subscriber) {
		a.subscribers = slices.DeleteFunc(a.subscribers, func(o *subscriber) bool { return o == s })
		w.WriteHeader(204)
	}))
	mux.HandleFunc(
		"DELETE /api/subscribers/{id}/groups/{group}",
		a.with(func(w http.ResponseWriter, r *http.Request, s *subscriber) {
			s.Groups = slices.DeleteFunc(s.Groups, func(g map[string]string) bool { return g["id"] == r.PathValue("group") })
			w.WriteHeader(204)
		}),
	)
	a.Fake = erasuretest.Start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token" {
			erasuretest.JSON(w, 401, map[string]any{"message": "Unauthenticated."})
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return a
}

func (a *account) with(do func(http.ResponseWriter, *http.Request, *subscriber)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s := a.find(r.PathValue("id")); s != nil {
			do(w, r, s)
			return
		}
		erasuretest.JSON(w, 404, map[string]any{"message": "Resource not found."})
	}
}

func (a *account) find(id string) *subscriber {
	for _, s := range a.subscribers {
		if s.ID == id || s.Email == id {
			return s
		}
	}
	return nil
}

func (a *account) list(w http.ResponseWriter, r *http.Request) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	to := min(from+limit, len(a.subscribers))
	var next any
	if to < len(a.subscribers) {
		next = strconv.Itoa(to)
	}
	erasuretest.JSON(w, 200, map[string]any{"data": a.subscribers[from:to], "meta": map[string]any{"next_cursor": next}})
}

func (a *account) update(w http.ResponseWriter, r *http.Request, s *subscriber) {
	var body struct {
		Status string         `json:"status"`
		Fields map[string]any `json:"fields"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		erasuretest.JSON(w, 422, map[string]any{"message": "The given data was invalid."})
		return
	}
	maps.Copy(s.Fields, body.Fields)
	if body.Status != "" {
		s.Status = body.Status
	}
	erasuretest.JSON(w, 200, map[string]any{"data": s})
}

func (a *account) connector(t testing.TB, client *http.Client) *mailerlite.Connector {
	t.Helper()
	c, err := mailerlite.New(mailerlite.Options{
		Key: "token", Base: a.URL + "/api", AllowPrivate: true, Client: client, Now: erasuretest.Now, Erase: a.erase,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
