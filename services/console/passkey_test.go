package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// passkeyStore is the part of the interface that keeps passkeys.
type passkeyStore struct {
	mu     sync.Mutex
	stored string
}

// ServeHTTP answers as the interface does: passkeys replace those that were read.
func (p *passkeyStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodPut {
		var change struct{ Passkeys, Former string }
		if err := json.NewDecoder(r.Body).Decode(&change); err != nil || change.Former != p.stored {
			w.WriteHeader(http.StatusConflict)
			_, _ = fmt.Fprintf(w, `{"status": %d}`, http.StatusConflict)
			return
		}
		p.stored = change.Passkeys
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"passkeys": p.stored})
}

// TestPasskeys_OfUsersAtOnceAreAllKept: users who add passkeys at the same time overwrite nothing of each other.
func TestPasskeys_OfUsersAtOnceAreAllKept(t *testing.T) {
	server := httptest.NewServer(&passkeyStore{})
	defer server.Close()
	a := newAPI(server.URL, "token")
	const users, each = 3, 4
	var all sync.WaitGroup
	for u := range users {
		all.Go(func() {
			for n := range each {
				add := func(h *holder) { h.Keys = append(h.Keys, passkey{Label: fmt.Sprint(n)}) }
				if err := a.changePasskeys(t.Context(), fmt.Sprint("user ", u), add); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	stored, err := a.passkeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for u := range users {
		h := stored[fmt.Sprint("user ", u)]
		if h == nil || len(h.Keys) != each || len(h.Handle) != handleSize {
			t.Errorf("user %d: got %+v, want %d passkeys and a handle", u, h, each)
		}
	}
}
