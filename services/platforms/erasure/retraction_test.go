package erasure_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure"
)

func TestClient_ChecksTheDecisionDirectlyBeforeEachChange(t *testing.T) {
	var methods []string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		methods = append(methods, r.Method)
	}))
	defer srv.Close()
	c := erasure.New(erasure.Options{Name: "Shop", Base: srv.URL, Client: srv.Client(), Authorize: func(http.Header) {}})
	checks := 0
	ctx := dispatch.WithRecheck(t.Context(), func(context.Context) error {
		if checks++; checks > 1 {
			return dispatch.ErrChanged
		}
		return nil
	})
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodGet, http.MethodPut} {
		_, err := c.Call(ctx, "try", erasure.Request{Method: method, Path: "/"}, nil)
		if errors.Is(err, dispatch.ErrChanged) != (method == http.MethodPut) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if want := []string{http.MethodGet, http.MethodDelete, http.MethodGet}; !slices.Equal(methods, want) {
		t.Errorf("called %v, want %v", methods, want)
	}
}

func TestRetraction_AsksForAPersonAndIsOfARetractionAlone(t *testing.T) {
	e := &stream.Event{Data: stream.Decision{Kind: stream.KindRetract, Retract: &stream.Retract{Decision: "dec_1"}}}
	if a, ok := erasure.Retraction(e); !ok || a.Outcome != stream.OutcomePartial || a.Reason == "" {
		t.Errorf("got %+v, %v", a, ok)
	}
	if _, ok := erasure.Retraction(&stream.Event{Data: stream.Decision{Delete: &stream.Delete{}}}); ok {
		t.Error("a deletion is taken for a retraction")
	}
}
