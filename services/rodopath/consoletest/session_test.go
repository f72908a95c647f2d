package consoletest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/console"
)

// TestSessions_OutliveARestart: the browser stays signed in, forms included, and nothing that is stored signs anybody
// in.
func TestSessions_OutliveARestart(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	v := s.visitor()
	v.signIn(s)
	u, err := url.Parse(s.Control.API + "/console/")
	if err != nil {
		t.Fatal(err)
	}
	cookie := v.client.Jar.Cookies(u)[0].Value
	stored := s.text(http.MethodGet, s.Control.API+"/v1/console/records?prefix=session.", "")
	if !strings.Contains(stored, "owner") || strings.Contains(stored, cookie) || strings.Contains(stored, v.seal()) {
		t.Errorf("the stored session shows what signs in, or nothing: %s", stored)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), cookie) {
			t.Errorf("%s has the cookie of a session", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	v.base = s.Control.API
	if status, body := v.get("/console/"); status != http.StatusOK || !strings.Contains(body, "Dziś") {
		t.Fatalf("after the restart: got %d, want 200", status)
	}
	if status, _ := v.post("/console/logout", "seal", v.seal()); status != http.StatusSeeOther {
		t.Errorf("signing out after the restart: got %d, want 303", status)
	}
	if status, _ := v.get("/console/"); status != http.StatusUnauthorized {
		t.Errorf("after signing out: got %d, want 401", status)
	}
}

// replica is a console of its own over the interface of the shop.
func (s *shop) replica(users ...console.User) *visitor {
	s.t.Helper()
	c, err := console.New(console.Options{API: s.Control.API, Token: s.Control.Token, Users: users})
	if err != nil {
		s.t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	s.t.Cleanup(server.Close)
	v := s.visitor()
	v.base = server.URL
	return v
}

// TestSessions_AreSharedByReplicas: a session of one replica is one of every replica, and so is its end; wrong
// passwords count together; and a session ends with the password or the user, and follows the role.
func TestSessions_AreSharedByReplicas(t *testing.T) {
	s := newShop(t, "")
	const right = "correct horse battery"
	hash, err := console.HashPassword(right)
	if err != nil {
		t.Fatal(err)
	}
	other, err := console.HashPassword("another long password")
	if err != nil {
		t.Fatal(err)
	}
	anna := console.User{Name: "anna", Role: console.RoleOwner, Hash: hash}
	one, two := s.replica(anna), s.replica(anna)
	two.client = one.client // one browser
	if status, _ := one.post("/console/password", "name", "anna", "password", right); status != http.StatusSeeOther {
		t.Fatalf("signing in: got %d, want 303", status)
	}
	if status, _ := two.get("/console/sessions"); status != http.StatusOK {
		t.Errorf("the other replica: got %d, want 200", status)
	}
	helper := anna
	helper.Role = console.RoleHelper
	third := s.replica(helper)
	third.client = one.client
	if status, body := third.get("/console/"); status != http.StatusOK || !strings.Contains(body, "anna, pomoc") {
		t.Errorf("after the role changed: got %d", status)
	}
	changed := anna
	changed.Hash = other
	fourth := s.replica(changed)
	fourth.client = one.client
	if status, _ := fourth.get("/console/"); status != http.StatusUnauthorized {
		t.Errorf("after the password changed: got %d, want 401", status)
	}
	if status, _ := two.get("/console/"); status != http.StatusUnauthorized {
		t.Errorf("a session that ended elsewhere: got %d, want 401", status)
	}
	for i := range 6 {
		v, want := one, http.StatusForbidden
		if i%2 == 1 {
			v = two
		}
		if i == 5 {
			want = http.StatusTooManyRequests
		}
		if status, _ := v.post("/console/password", "name", "anna", "password", "guess"); status != want {
			t.Errorf("guess %d: got %d, want %d", i, status, want)
		}
	}
}
