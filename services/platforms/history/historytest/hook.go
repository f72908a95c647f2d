package historytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Hook is a webhook at a stand-in.
type Hook struct {
	ID, URL, Secret string
	Active          bool
	Topics          []string
}

// Hooks are the webhooks of a stand-in.
type Hooks struct {
	mu   sync.Mutex
	all  []Hook
	next int
	// Pinged is called after a creation with the address; nil means that nobody is.
	Pinged func(url string, id string)
}

// Each visits the webhooks, which visit may change.
func (h *Hooks) Each(visit func(*Hook)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.all {
		visit(&h.all[i])
	}
}

// List are the webhooks.
func (h *Hooks) List() []Hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

func (h *Hooks) add(hook Hook) Hook {
	h.mu.Lock()
	h.next++
	hook.ID = strconv.Itoa(h.next)
	if hook.Secret == "" {
		hook.Secret = fmt.Sprintf("whsec_of_the_stand-in_%d", h.next)
	}
	h.all = append(h.all, hook)
	pinged := h.Pinged
	h.mu.Unlock()
	if pinged != nil {
		pinged(hook.URL, hook.ID)
	}
	return hook
}

// change changes a webhook; false for an unknown one.
func (h *Hooks) change(id string, change func(*Hook)) (Hook, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.all {
		if h.all[i].ID == id {
			change(&h.all[i])
			return h.all[i], true
		}
	}
	return Hook{}, false
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // of a test
}

// mountShop mounts the webhooks of a shop: one topic each, and the secret is not told.
func (h *Hooks) mountShop(mux *http.ServeMux, base string, may func(http.ResponseWriter, *http.Request) bool) {
	shape := func(k Hook) Thing {
		id, _ := strconv.Atoi(k.ID)
		return Thing{
			"id": id, "delivery_url": k.URL, "topic": k.Topics[0],
			"status": map[bool]string{true: "active", false: "disabled"}[k.Active],
		}
	}
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		if !may(w, r) {
			return
		}
		out := []Thing{}
		if number(r, "page") < 2 {
			for _, k := range h.List() {
				out = append(out, shape(k))
			}
		}
		write(w, http.StatusOK, out)
	})
	mux.HandleFunc("POST "+base, func(w http.ResponseWriter, r *http.Request) {
		var o struct {
			Topic, Secret, Status string
			URL                   string `json:"delivery_url"`
		}
		if !may(w, r) || json.NewDecoder(r.Body).Decode(&o) != nil {
			return
		}
		k := h.add(Hook{URL: o.URL, Secret: o.Secret, Active: o.Status == "active", Topics: []string{o.Topic}})
		write(w, http.StatusCreated, shape(k))
	})
	mux.HandleFunc("PUT "+base+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		var o struct{ Status string }
		if !may(w, r) || json.NewDecoder(r.Body).Decode(&o) != nil {
			return
		}
		if k, ok := h.change(r.PathValue("id"), func(k *Hook) { k.Active = o.Status == "active" }); ok {
			write(w, http.StatusOK, shape(k))
			return
		}
		noRoute(w)
	})
}

// serveStripe serves the endpoints of an account: the secret is told at the creation alone.
func (h *Hooks) serveStripe(w http.ResponseWriter, r *http.Request) {
	shape := func(k Hook, told bool) Thing {
		t := Thing{
			"id": k.ID, "object": "webhook_endpoint", "url": k.URL, "enabled_events": k.Topics,
			"status": map[bool]string{true: "enabled", false: "disabled"}[k.Active],
		}
		if told {
			t["secret"] = k.Secret
		}
		return t
	}
	if r.Method == http.MethodGet {
		out := []Thing{}
		for _, k := range h.List() {
			out = append(out, shape(k, false))
		}
		write(w, http.StatusOK, Thing{"data": out, "has_more": false})
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	topics := r.PostForm["enabled_events[]"]
	id, change := strings.CutPrefix(r.URL.Path, "/v1/webhook_endpoints/")
	if !change {
		write(w, http.StatusOK, shape(h.add(Hook{URL: r.PostForm.Get("url"), Active: true, Topics: topics}), true))
		return
	}
	k, _ := h.change(id, func(k *Hook) { k.Active, k.Topics = r.PostForm.Get("disabled") == "false", topics })
	write(w, http.StatusOK, shape(k, false))
}

// mountList mounts the webhooks of a newsletter account: the secret is always told.
func (h *Hooks) mountList(mux *http.ServeMux) {
	shape := func(k Hook) Thing {
		return Thing{"id": k.ID, "url": k.URL, "enabled": k.Active, "events": k.Topics, "secret": k.Secret}
	}
	mux.HandleFunc("GET /webhooks", func(w http.ResponseWriter, _ *http.Request) {
		out := []Thing{}
		for _, k := range h.List() {
			out = append(out, shape(k))
		}
		write(w, http.StatusOK, Thing{"data": out})
	})
	order := func(r *http.Request) (o struct {
		URL     string
		Events  []string
		Enabled bool
	}) {
		_ = json.NewDecoder(r.Body).Decode(&o) // of a test
		return o
	}
	mux.HandleFunc("POST /webhooks", func(w http.ResponseWriter, r *http.Request) {
		o := order(r)
		write(w, http.StatusCreated, Thing{"data": shape(h.add(Hook{URL: o.URL, Active: o.Enabled, Topics: o.Events}))})
	})
	mux.HandleFunc("PUT /webhooks/{id}", func(w http.ResponseWriter, r *http.Request) {
		o := order(r)
		k, _ := h.change(r.PathValue("id"), func(k *Hook) { k.Active, k.Topics = o.Enabled, o.Events })
		write(w, http.StatusOK, Thing{"data": shape(k)})
	})
}

// Ping sends the test message of a shop: without a signature.
func Ping(address, id string) {
	res, err := http.PostForm(address, url.Values{"webhook_id": {id}})
	if err == nil {
		_ = res.Body.Close()
	}
}
