package service_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/internal/service"
)

// answering starts a server that answers with the codes in turn, and the last for ever.
func answering(t *testing.T, codes ...int) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int(asked.Add(1))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(codes[min(n, len(codes))-1])
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestCheckIsContentWhenAllAnswer200(t *testing.T) {
	a, _ := answering(t, 200)
	b, _ := answering(t, 200)
	if err := service.Check(t.Context(), []string{a + "/readyz", b + "/readyz"}); err != nil {
		t.Fatal(err)
	}
}

func TestCheckAsksAgainUntilOneIsReady(t *testing.T) {
	url, asked := answering(t, 503, 200)
	if err := service.Check(t.Context(), []string{url}); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 2 {
		t.Fatalf("asked %d times, want 2", n)
	}
}

func TestCheckNamesWhoDoesNotAnswer200(t *testing.T) {
	well, _ := answering(t, 200)
	for _, code := range []int{http.StatusNoContent, http.StatusFound, http.StatusServiceUnavailable} {
		ill, _ := answering(t, code)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := service.Check(ctx, []string{well, ill})
		cancel()
		if err == nil {
			t.Fatalf("%d is taken for 200", code)
		}
		if !strings.Contains(err.Error(), ill) || strings.Contains(err.Error(), well) ||
			!strings.Contains(err.Error(), http.StatusText(code)) {
			t.Errorf("%d: the error must name the one that failed and how: %v", code, err)
		}
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer stuck.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := service.Check(ctx, []string{stuck.URL}); err == nil {
		t.Fatal("one that never answers is taken for ready")
	}
}

func TestCheckRefusesWhatIsNoAddress(t *testing.T) {
	for _, raw := range []string{"", "readyz", "http://", "ftp://host/", "http://user:secret@host:port/"} {
		err := service.Check(t.Context(), []string{raw})
		if err == nil {
			t.Errorf("%q is taken for an address", raw)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error holds the password: %v", raw, err)
		}
	}
}
