package access

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rodopath/rodopath/services/internal/problem"
)

func TestCheck_LetsInWhoShowsATokenOfTheScope(t *testing.T) {
	g, err := New(
		[]Token{
			{Secret: "all"},
			{Secret: "some", Scopes: []string{"read"}},
			{Secret: "crm", Scopes: []string{"receipts"}, Holder: "crm"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		header, scope, holder string
		status                int
	}{
		{"Bearer all", "export", "", 0},
		{"Bearer some", "read", "", 0},
		{"Bearer some", "export", "", http.StatusForbidden},
		{"Bearer crm", "receipts", "crm", 0},
		{"Bearer other", "read", "", http.StatusUnauthorized},
		{"Bearer ", "read", "", http.StatusUnauthorized},
		{"all", "read", "", http.StatusUnauthorized},
		{"", "read", "", http.StatusUnauthorized},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", c.header)
		holder, err := g.Check(r, c.scope)
		var p *problem.Problem
		if errors.As(err, &p) != (c.status != 0) || p != nil && p.Status != c.status || holder != c.holder {
			t.Errorf("%q for %s: got %q, %v", c.header, c.scope, holder, err)
		}
	}
}

func TestNew_RefusesAnEmptyToken(t *testing.T) {
	if _, err := New([]Token{{Secret: " "}}); err == nil {
		t.Error("an empty token was taken")
	}
}
