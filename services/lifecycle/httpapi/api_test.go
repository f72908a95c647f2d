package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// ear takes what it is told.
type ear struct{ heard []*factv1.Fact }

func (e *ear) Publish(_ context.Context, d *factv1.Delivery) error {
	e.heard = append(e.heard, d.GetFacts()...)
	return nil
}

func newAPI(t *testing.T, told *ear, tokens ...access.Token) http.Handler {
	t.Helper()
	return newAPIOf(t, told, nil, tokens...)
}

// newAPIOf makes an API with lists; nil means those of its store.
func newAPIOf(t *testing.T, told *ear, lists httpapi.Lists, tokens ...access.Token) http.Handler {
	t.Helper()
	st, vault := lifecycletest.Store(t), lifecycletest.Vault(t)
	if lists == nil {
		lists = st
	}
	api, err := httpapi.New(httpapi.Options{
		Directory: &directory.Directory{
			Store: st,
			Vault: vault,
		},
		Lists:     lists,
		Journal:   st,
		Publisher: told,
		Vault:     vault,
		Policy:    lifecycletest.Policy(t),
		Tokens:    tokens,
		Verify:    func(context.Context) (*journal.Report, error) { return &journal.Report{}, nil },
		Ready:     func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Register(e)
	return e
}

func send(t *testing.T, h http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res := httptest.NewRecorder()
	h.ServeHTTP(res, req)
	return res
}

// TestAPI_ATokenOpensItsScopesAndNoOthers tries every path with a token for each scope.
func TestAPI_ATokenOpensItsScopesAndNoOthers(t *testing.T) {
	scopes := []string{
		httpapi.ScopeRead,
		httpapi.ScopeExport,
		httpapi.ScopeRequests,
		httpapi.ScopeHolds,
		httpapi.ScopePolicy,
		httpapi.ScopeJournal,
		httpapi.ScopeSubjects,
	}
	tokens := []access.Token{{Secret: "all"}}
	for _, s := range scopes {
		tokens = append(tokens, access.Token{Secret: "only-" + s, Scopes: []string{s}})
	}
	h := newAPI(t, &ear{}, tokens...)
	for path, scope := range map[string]string{
		"POST /v1/explain": httpapi.ScopeRead, "POST /v1/subjects": httpapi.ScopeRead, "POST /v1/bases": httpapi.ScopeRead,
		"POST /v1/may": httpapi.ScopeRead, "GET /v1/requests": httpapi.ScopeRead, "GET /v1/holds": httpapi.ScopeRead, "POST /v1/export": httpapi.ScopeExport,
		"GET /v1/evidence": httpapi.ScopeExport, "POST /v1/requests": httpapi.ScopeRequests, "POST /v1/requests/r/answer": httpapi.ScopeRequests,
		"POST /v1/holds": httpapi.ScopeHolds, "POST /v1/holds/release": httpapi.ScopeHolds, "GET /v1/policy": httpapi.ScopePolicy,
		"GET /v1/brake": httpapi.ScopePolicy, "POST /v1/brake/release": httpapi.ScopePolicy,
		"POST /v1/subjects/split": httpapi.ScopeSubjects, "POST /v1/subjects/join": httpapi.ScopeSubjects,
		"POST /v1/journal": httpapi.ScopeJournal, "GET /v1/journal/verify": httpapi.ScopeJournal,
	} {
		method, url, _ := strings.Cut(path, " ")
		for _, s := range append(scopes, "all") {
			token := "only-" + s
			if s == "all" {
				token = s
			}
			code := send(t, h, method, url, token, "{}").Code
			if open := code != http.StatusForbidden; open != (s == scope || s == "all") {
				t.Errorf("%s with a token for %s: %d", path, s, code)
			}
		}
		for _, wrong := range []string{"", "nobody's", "only-", "all "} {
			if code := send(t, h, method, url, wrong, "{}").Code; code != http.StatusUnauthorized {
				t.Errorf("%s with token %q: %d", path, wrong, code)
			}
		}
	}
}

func TestAPI_AStrangerMayAskAndIsTakenDown(t *testing.T) {
	told := &ear{}
	h := newAPI(t, told, access.Token{Secret: "all"})
	res := send(
		t,
		h,
		"POST",
		"/v1/requests",
		"all",
		`{"person":"stranger@example.com","right":"access","unverified":true}`,
	)
	if res.Code != http.StatusAccepted || !strings.Contains(res.Body.String(), `"state":"received"`) {
		t.Errorf("%d: %s", res.Code, res.Body)
	}
	if len(told.heard) != 1 || told.heard[0].GetKind() != factv1.Kind_KIND_ACCESS_REQUEST ||
		told.heard[0].GetTraits()[0] != "unverified" ||
		told.heard[0].GetIdentities()[0].GetValue() != "stranger@example.com" ||
		!strings.HasPrefix(told.heard[0].GetLocators()[0], "request:req-") {
		t.Errorf("told %v", told.heard)
	}
}

// TestAPI_TheWayOfARequestIsRecorded as a trait of its fact, and told with the request.
func TestAPI_TheWayOfARequestIsRecorded(t *testing.T) {
	for _, way := range []string{"letter", "email", "voice", "form"} {
		told := &ear{}
		h := newAPI(t, told, access.Token{Secret: "all"})
		res := send(t, h, "POST", "/v1/requests", "all",
			`{"person":"stranger@example.com","right":"access","way":"`+way+`"}`)
		if res.Code != http.StatusAccepted || !strings.Contains(res.Body.String(), `"way":"`+way+`"`) {
			t.Errorf("%s: got %d: %s", way, res.Code, res.Body)
		}
		if len(told.heard) != 1 || !slices.Equal(told.heard[0].GetTraits(), []string{"by_" + way}) {
			t.Errorf("%s: got %v, want the trait by_%s", way, told.heard, way)
		}
	}
}

func TestAPI_WhatIsWrongIsNamedWithoutItsValue(t *testing.T) {
	h := newAPI(t, &ear{}, access.Token{Secret: "all"})
	for body, want := range map[string]string{
		`{"person":"ala@example.com","right":"flight"}`:                             "right must be one of access",
		`{"right":"access"}`:                                                        "person is missing",
		`{"person":"ala@example.com","right":"access","ref":"ola@example.com"}`:     "ref may not contain an address",
		`{"person":"ala@example.com","right":"restriction"}`:                        "ground is missing",
		`{"person":"ala@example.com","right":"access","at":"2099-01-01T00:00:00Z"}`: "at is in the future",
		`{"person":"ala@example.com","right":"access","way":"pigeon"}`:              "way must be one of letter",
		`{"person":"ala@example.com","rights":"access"}`:                            "Send JSON such as",
		`{`: "Send JSON such as",
	} {
		res := send(t, h, "POST", "/v1/requests", "all", body)
		if res.Code != http.StatusUnprocessableEntity && res.Code != http.StatusBadRequest ||
			!strings.Contains(res.Body.String(), want) {
			t.Errorf("%s: %d, %s", body, res.Code, res.Body)
		}
		if strings.Contains(res.Body.String(), "ola@") {
			t.Errorf("the answer repeats an address: %s", res.Body)
		}
	}
}
