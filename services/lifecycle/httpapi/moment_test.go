package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// TestAPI_ADayIsOneOfTheZoneOfThePolicy: a request is received within its day in Warsaw, and never in the future.
func TestAPI_ADayIsOneOfTheZoneOfThePolicy(t *testing.T) {
	// In Warsaw 30 November begins at 23:00 UTC.
	now := time.Date(2026, time.November, 29, 23, 30, 0, 0, time.UTC)
	for _, tt := range []struct{ at, want string }{
		{"2026-11-27", "2026-11-27T22:59:59Z"},
		{"2026-06-30", "2026-06-30T21:59:59Z"},
		{"2026-11-29", "2026-11-29T22:59:59Z"},
		{"2026-11-30", "2026-11-29T23:30:00Z"},
		{"2026-11-27T10:00:00Z", "2026-11-27T10:00:00Z"},
		{"2026-12-01", ""},
		{"2026-12-24", ""},
		{"2026-12-24T10:00:00Z", ""},
	} {
		told := &ear{}
		body := fmt.Sprintf(`{"person":"ala@example.com","right":"access","at":%q}`, tt.at)
		res := send(t, newAPINow(t, told, now), "POST", "/v1/requests", "all", body)
		if tt.want == "" {
			if res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "at is in the future") {
				t.Errorf("%s: got %d, %s; want a refusal", tt.at, res.Code, res.Body)
			}
			continue
		}
		if len(told.heard) != 1 {
			t.Errorf("%s: got %d, %s; want one fact", tt.at, res.Code, res.Body)
			continue
		}
		if got := told.heard[0].GetOccurred().AsTime().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: the receipt is at %s, want %s", tt.at, got, tt.want)
		}
	}
}

// newAPINow makes an API at an instant.
func newAPINow(t *testing.T, told *ear, now time.Time) http.Handler {
	t.Helper()
	st, vault := lifecycletest.Store(t), lifecycletest.Vault(t)
	api, err := httpapi.New(httpapi.Options{
		Directory: &directory.Directory{Store: st, Vault: vault}, Lists: st, Journal: st, Publisher: told, Vault: vault,
		Policy: lifecycletest.Policy(t), Tokens: []access.Token{{Secret: "all"}}, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Register(e)
	return e
}

// TestAPI_ADayFromWhichOnBegins: where something is counted since a day, the day counts from its first instant.
func TestAPI_ADayFromWhichOnBegins(t *testing.T) {
	for since, want := range map[string]string{
		"2026-07-01": "2026-06-30T22:00:00Z", "2026-12-01": "2026-11-30T23:00:00Z", "2026-12-01T10:00:00Z": "2026-12-01T10:00:00Z",
	} {
		var got time.Time
		st, vault := lifecycletest.Store(t), lifecycletest.Vault(t)
		api, err := httpapi.New(httpapi.Options{
			Directory: &directory.Directory{Store: st, Vault: vault}, Lists: st, Journal: st, Publisher: &ear{}, Vault: vault,
			Policy: lifecycletest.Policy(t), Tokens: []access.Token{{Secret: "all"}},
			Now: func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) },
			Replay: func(_ context.Context, from time.Time, _ string, _ func(background.Replayed) error) error {
				got = from
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		e := echo.New()
		api.Register(e)
		res := send(t, e, "POST", "/v1/replay", "all", fmt.Sprintf(`{"since":%q}`, since))
		if res.Code != http.StatusOK || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: got %d %s since %s, want 200 since %s", since, res.Code, res.Body, got.UTC(), want)
		}
	}
}
