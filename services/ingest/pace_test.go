package ingest_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/ingest"
)

// taker takes webhooks whose header says that they are signed.
type taker struct{}

func (taker) Verify(h http.Header, _ []byte, _ time.Time) error {
	if h.Get("Signed") == "" {
		return ingest.ErrSignature
	}
	return nil
}

func (taker) Read(http.Header, []byte, time.Time) (ingest.Reading, error) {
	return ingest.Reading{ID: "1"}, nil
}

func TestHandler_ASourceThatSendsTooMuchIsAskedToWaitAndOthersAreNot(t *testing.T) {
	now := epoch
	h, err := ingest.NewHandler(ingest.Options{
		Sources: map[string]ingest.Provider{"wild": taker{}, "tame": taker{}}, PerMinute: map[string]int{"wild": 3},
		Publisher: &broker{}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	h.Register(e)
	send := func(source, signed string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/"+source, strings.NewReader("{}"))
		r.Header.Set("Signed", signed)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w
	}
	for range 10 {
		send("wild", "") // what anybody can send takes nothing from the source
	}
	for i, want := range []int{200, 200, 200, 429} {
		if w := send("wild", "yes"); w.Code != want {
			t.Fatalf("webhook %d: %d, want %d", i+1, w.Code, want)
		}
	}
	if w := send(
		"wild",
		"yes",
	); w.Header().Get("Retry-After") != "60" ||
		!strings.Contains(w.Body.String(), "per_minute") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := send("tame", "yes"); w.Code != 200 {
		t.Errorf("another source: %d", w.Code)
	}
	now = now.Add(20 * time.Second)
	if w := send("wild", "yes"); w.Code != 200 {
		t.Errorf("a third of a minute later: %d", w.Code)
	}
	if w := send("wild", "yes"); w.Code != 429 {
		t.Errorf("and once more: %d", w.Code)
	}
}

func TestNewHandler_RefusesAPaceOfNothing(t *testing.T) {
	_, err := ingest.NewHandler(
		ingest.Options{
			Sources:   map[string]ingest.Provider{"shop": taker{}},
			PerMinute: map[string]int{"shop": 0},
			Publisher: &broker{},
		},
	)
	if err == nil || errors.Is(err, ingest.ErrRateLimited) {
		t.Errorf("got %v", err)
	}
}
