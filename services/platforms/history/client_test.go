package history_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
)

// client calls a stand-in.
func client(t *testing.T, answer http.HandlerFunc, change func(*history.Options)) *history.Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	o := history.Options{AllowPrivate: true, PerSecond: 1e6, Backoff: time.Millisecond}
	if change != nil {
		change(&o)
	}
	c := history.NewClient(o, 1)
	c.Name, c.Base, c.KeyHelp, c.Authorize = "Shop", server.URL, "create a key", func(http.Header) {}
	return c
}

// TestClient_WaitsAsAsked: the wait that a platform asks for is kept, whatever our own would be.
func TestClient_WaitsAsAsked(t *testing.T) {
	for status, header := range map[int]string{http.StatusTooManyRequests: "77", http.StatusServiceUnavailable: "78"} {
		ctx, cancel := context.WithCancel(t.Context())
		var waited time.Duration
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(status)
		}, func(o *history.Options) {
			o.Waiting = func(wait time.Duration, _ error) {
				waited = wait
				cancel()
			}
		})
		_, err := c.Get(ctx, "list orders", "/orders", nil, 0, &struct{}{})
		if want, _ := time.ParseDuration(header + "s"); waited != want || !errors.Is(err, context.Canceled) {
			t.Errorf("%d: waited %v, want %v; %v", status, waited, want, err)
		}
	}
}

// TestClient_AFinalAnswerIsNotRepeated, and no error has the text of an answer.
func TestClient_AFinalAnswerIsNotRepeated(t *testing.T) {
	for status, want := range map[int]string{
		401: "create a key", 403: "create a key", 301: "redirects are not followed", 400: "the answer was 400", 404: "no such path",
	} {
		calls := 0
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.Header().Set("Location", "/elsewhere")
			http.Error(w, `{"message":"ala@example.com"}`, status)
		}, nil)
		_, err := c.Get(t.Context(), "list orders", "/orders", nil, 0, &struct{}{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ala@") || calls != 1 {
			t.Errorf("%d: %v after %d calls, want %q after one", status, err, calls, want)
		}
	}
}

// TestClient_AHeavyPageIsGivenUpEarly, so that its reader can ask for a smaller one.
func TestClient_AHeavyPageIsGivenUpEarly(t *testing.T) {
	calls := 0
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusInternalServerError)
	}, nil)
	if _, err := c.Get(t.Context(), "list orders", "/orders", nil, 3, &struct{}{}); !history.IsHeavy(err) || calls != 3 {
		t.Errorf("%v after %d calls, want an error of a heavy page after 3", err, calls)
	}
}

func TestClient_CallsNoPrivateAddress(t *testing.T) {
	called := false
	c := client(
		t,
		func(http.ResponseWriter, *http.Request) { called = true },
		func(o *history.Options) { o.AllowPrivate = false },
	)
	if _, err := c.Get(t.Context(), "list orders", "/orders", nil, 0, &struct{}{}); called ||
		err == nil || !strings.Contains(err.Error(), "allow_private") {
		t.Errorf("a private address: called %v, %v", called, err)
	}
}
