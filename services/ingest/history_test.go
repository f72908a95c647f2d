package ingest_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/access"
	standardwebhook "github.com/rodopath/rodopath/services/platforms/standard/webhook"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
	woocommercewebhook "github.com/rodopath/rodopath/services/platforms/woocommerce/webhook"
)

// past is a handler of histories with a shop and forms.
func past(t *testing.T, b *broker) *echo.Echo {
	t.Helper()
	shop, err := woocommercewebhook.New(ingest.Source{ID: "shop", Secrets: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	forms, err := standardwebhook.New(ingest.Source{ID: "forms", Secrets: []string{standardSecret}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := ingest.NewHistory(ingest.HistoryOptions{
		Sources: map[string]ingest.Provider{"shop": shop, "forms": forms}, Publisher: b,
		Tokens: []access.Token{{Secret: "all"}, {Secret: "reader", Scopes: []string{"read"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = ingest.ProblemHandler(slog.New(slog.DiscardHandler))
	h.Register(e)
	return e
}

// ids are the ids of the facts of a delivery.
func ids(d *factv1.Delivery) []string {
	var out []string
	for _, f := range d.GetFacts() {
		out = append(out, f.GetId())
	}
	return out
}

func tellPast(e http.Handler, source, token, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/v1/history/"+source, strings.NewReader(body))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res := httptest.NewRecorder()
	e.ServeHTTP(res, req)
	return res
}

const (
	pastOrder = `{"id": 17, "status": "completed", "total": "9.00", "date_created_gmt": "2021-03-01T10:00:00",
		"date_paid_gmt": "2021-03-01T10:01:00", "date_modified_gmt": "2021-03-02T10:00:00", "billing": {"email": "ala@example.com"}}`
	pastDraft = `{"id": 18, "status": "draft", "total": "9.00", "date_created_gmt": "2021-03-01T10:00:00"}`
	pastTopic = `{"X-WC-Webhook-Topic": "order.updated"}`
)

const pastObjects = `{"objects": [{"header": ` + pastTopic + `, "body": ` + pastOrder + `}, {"header": ` + pastTopic +
	`, "body": ` + pastDraft + `}, {"header": ` + pastTopic + `, "body": {"status": "completed", "total": "1.00"}}]`

// TestHistory_GivesTheFactsOfTheWebhook: an object gives the facts, and the delivery, of the webhook with its body.
func TestHistory_GivesTheFactsOfTheWebhook(t *testing.T) {
	b := &broker{}
	res := tellPast(past(t, b), "shop", "all", pastObjects+"}")
	var got struct {
		Facts  int
		Kinds  map[string]int
		Silent map[string]int
		Faults []struct {
			Index  int
			Reason string
		}
	}
	if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil || res.Code != http.StatusOK {
		t.Fatalf("%d, %v: %s", res.Code, err, res.Body)
	}
	if got.Facts != 3 || got.Kinds["sale"] != 1 || got.Silent["draft"] != 1 || len(got.Faults) != 1 ||
		got.Faults[0].Index != 2 || got.Faults[0].Reason != ingest.UnreadNoRecord {
		t.Errorf("the answer is %+v", got)
	}
	w := newWorld(t)
	compact := &bytes.Buffer{}
	if err := json.Compact(compact, []byte(pastOrder)); err != nil {
		t.Fatal(err)
	}
	w.send(t, http.MethodPost, "/webhooks/shop", map[string]string{
		"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": woocommerce.Sign(secret, compact.Bytes()),
	}, compact)
	if len(w.broker.got) != 1 {
		t.Fatalf("the webhook gave %d deliveries", len(w.broker.got))
	}
	want := w.broker.got[0]
	at := slices.IndexFunc(b.got, func(d *factv1.Delivery) bool { return len(d.GetFacts()) > 0 })
	if at < 0 || len(b.got) != 2 {
		t.Fatalf("got %d deliveries, want that of the order and that for the quarantine", len(b.got))
	}
	if diff := cmp.Diff(ids(want), ids(b.got[at])); diff != "" {
		t.Errorf("the facts differ (-webhook +history):\n%s", diff)
	}
}

func TestHistory_ADryRunStoresNothing(t *testing.T) {
	b := &broker{}
	res := tellPast(past(t, b), "shop", "all", pastObjects+`, "dry_run": true}`)
	var got struct{ Persons []string }
	if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil || len(got.Persons) != 1 {
		t.Errorf("%v: %s", err, res.Body)
	}
	if len(b.got) > 0 || bytes.Contains(res.Body.Bytes(), []byte("ala@")) {
		t.Errorf("stored %d deliveries; the answer is %s", len(b.got), res.Body)
	}
}

func TestHistory_RefusesWhoMayNotAndWhatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		source, token, body string
		fail                error
		want                int
	}{
		"no token":         {"shop", "", pastObjects + "}", nil, 401},
		"another scope":    {"shop", "reader", pastObjects + "}", nil, 403},
		"no such source":   {"nobody", "all", pastObjects + "}", nil, 404},
		"no objects":       {"shop", "all", `{"objects": []}`, nil, 400},
		"an unknown key":   {"shop", "all", pastObjects + `, "dry": true}`, nil, 400},
		"a full log":       {"shop", "all", pastObjects + "}", ingest.ErrUnavailable, 503},
		"a broken message": {"forms", "all", `{"objects": [{"body": {"kind": "sale"}}]}`, nil, 200},
	} {
		res := tellPast(past(t, &broker{fail: c.fail}), c.source, c.token, c.body)
		if res.Code != c.want || c.want == 503 && res.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got %d, want %d: %s", name, res.Code, c.want, res.Body)
		}
	}
}
