package ingest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	mailerlitewebhook "github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
	standardwebhook "github.com/rodopath/rodopath/services/platforms/standard/webhook"
	stripewebhook "github.com/rodopath/rodopath/services/platforms/stripe/webhook"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
	woocommercewebhook "github.com/rodopath/rodopath/services/platforms/woocommerce/webhook"
)

var epoch = time.Unix(1_760_000_000, 0).UTC()

const (
	secret         = "s3cret"
	standardSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
	maxBody        = 4 << 10
)

// broker keeps what it is given, or gives back an error.
type broker struct {
	mu   sync.Mutex
	got  []*factv1.Delivery
	fail error
}

func (b *broker) Publish(_ context.Context, d *factv1.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail == nil {
		b.got = append(b.got, d)
	}
	return b.fail
}

// world is a service with one source of each platform.
type world struct {
	*httptest.Server
	handler *ingest.Handler
	broker  *broker
	log     *bytes.Buffer
	metrics *prometheus.Registry
}

func newWorld(t *testing.T) *world {
	t.Helper()
	source := func(id, secret string) ingest.Source { return ingest.Source{ID: id, Secrets: []string{secret}} }
	pay, err1 := stripewebhook.New(source("pay", secret))
	shop, err2 := woocommercewebhook.New(source("shop", secret))
	list, err3 := mailerlitewebhook.New(source("list", secret))
	forms, err4 := standardwebhook.New(source("forms", standardSecret))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	w := &world{broker: &broker{}, log: &bytes.Buffer{}, metrics: prometheus.NewRegistry()}
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := ingest.NewHandler(ingest.Options{
		Sources:   map[string]ingest.Provider{"pay": pay, "shop": shop, "list": list, "forms": forms},
		Publisher: w.broker,
		Now:       func() time.Time { return epoch },
		Log:       log,
		Metrics:   w.metrics,
		MaxBody:   map[string]int64{"pay": maxBody, "shop": maxBody, "list": maxBody, "forms": maxBody},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.handler = h
	e := echo.New()
	e.HTTPErrorHandler = ingest.ProblemHandler(log)
	h.Register(e)
	e.GET("/broken", func(echo.Context) error { return errors.New("no luck for ann@example.com") })
	w.Server = httptest.NewServer(e)
	t.Cleanup(w.Close)
	return w
}

type answer struct {
	status  int
	header  http.Header
	body    string
	problem problem.Problem
}

func (w *world) send(t *testing.T, method, path string, header map[string]string, body io.Reader) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := w.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: strings.TrimSpace(string(text))}
	if res.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(text, &a.problem); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func woo(topic, body string) map[string]string {
	return map[string]string{
		"Content-Type": "application/json", "X-WC-Webhook-Topic": topic, "X-WC-Webhook-ID": "7",
		"X-WC-Webhook-Signature": woocommerce.Sign(secret, []byte(body)),
	}
}

func ours(t *testing.T, body string) map[string]string {
	t.Helper()
	s, err := signature.SignStandard(standardSecret, "msg_1", epoch, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"Content-Type": "application/json", "webhook-id": "msg_1",
		"webhook-timestamp": fmt.Sprint(epoch.Unix()), "webhook-signature": s,
	}
}

var (
	paidOrder  = facttest.Payload("order_paid")
	draftOrder = facttest.Payload("order_draft")
	erasure    = facttest.Payload("erasure")
)

func TestFactsArePublished(t *testing.T) {
	w := newWorld(t)
	a := w.send(t, "POST", "/webhooks/shop", woo("order.created", paidOrder), strings.NewReader(paidOrder))
	if a.status != http.StatusOK || a.body != `{"facts":1,"silent":[]}` {
		t.Fatalf("answer %d %s", a.status, a.body)
	}
	if len(w.broker.got) != 1 {
		t.Fatalf("%d deliveries", len(w.broker.got))
	}
	d := w.broker.got[0]
	if !strings.HasPrefix(d.GetId(), "shop:7:order.created:") || d.GetSource() != "shop" ||
		!d.GetReceived().AsTime().Equal(epoch) {
		t.Errorf("delivery %s from %s at %s", d.GetId(), d.GetSource(), d.GetReceived().AsTime())
	}
	want := "sale 2025-10-09T08:00:00Z ref=woocommerce:order/17@shop access=one_off awaited who=email:ann@example.com locators=woocommerce:5@shop"
	if diff := cmp.Diff(want, facttest.Fact(d.GetFacts()[0])); diff != "" {
		t.Error(diff)
	}
}

func TestSilenceIsWelcomed(t *testing.T) {
	w := newWorld(t)
	a := w.send(t, "POST", "/webhooks/shop", woo("order.created", draftOrder), strings.NewReader(draftOrder))
	if a.status != http.StatusOK || a.body != `{"facts":0,"silent":["draft"]}` {
		t.Errorf("answer %d %s", a.status, a.body)
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	a = w.send(t, "POST", "/webhooks/shop", form, strings.NewReader("webhook_id=7"))
	if a.status != http.StatusOK || a.body != `{"facts":0,"silent":["ping"]}` {
		t.Errorf("ping: answer %d %s", a.status, a.body)
	}
	if len(w.broker.got) != 0 {
		t.Error("published without a fact")
	}
	want := `
# HELP rodopath_silent_total Parts of webhooks that gave no fact, by source and reason.
# TYPE rodopath_silent_total counter
rodopath_silent_total{reason="draft",source="shop"} 1
# HELP rodopath_webhooks_total Webhooks received, by source and outcome.
# TYPE rodopath_webhooks_total counter
rodopath_webhooks_total{outcome="ping",source="shop"} 1
rodopath_webhooks_total{outcome="silent",source="shop"} 1
`
	if err := testutil.GatherAndCompare(
		w.metrics,
		strings.NewReader(want),
		"rodopath_silent_total",
		"rodopath_webhooks_total",
	); err != nil {
		t.Error(err)
	}
}

func zipped(t *testing.T, body string) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// signedZip signs a compressed body.
func signedZip(t *testing.T, body string) map[string]string {
	t.Helper()
	data, err := io.ReadAll(zipped(t, body))
	if err != nil {
		t.Fatal(err)
	}
	h := ours(t, string(data))
	h["Content-Encoding"] = "gzip"
	return h
}

// TestDoors: a right signature counts, whatever the address, the type or the encoding of the request.
func TestDoors(t *testing.T) {
	header := func(name, value string) map[string]string {
		h := ours(t, erasure)
		h[name] = value
		return h
	}
	for _, c := range []struct {
		name, path string
		header     map[string]string
		body       io.Reader
	}{
		{"slash at the end", "/webhooks/forms/", ours(t, erasure), strings.NewReader(erasure)},
		{"doubled slash", "//webhooks//forms", ours(t, erasure), strings.NewReader(erasure)},
		{"plain text", "/webhooks/forms", header("Content-Type", "text/plain"), strings.NewReader(erasure)},
		{"no type", "/webhooks/forms", header("Content-Type", ""), strings.NewReader(erasure)},
		{"a doubled charset", "/webhooks/forms", header("Content-Type", "application/json; charset=UTF-8; charset=utf-8"), strings.NewReader(erasure)},
		{"compressed before the signature", "/webhooks/forms", signedZip(t, erasure), zipped(t, erasure)},
		{"not compressed, it says", "/webhooks/forms", header("Content-Encoding", "identity"), strings.NewReader(erasure)},
		{"a charset in place of the encoding", "/webhooks/forms", header("Content-Encoding", "UTF-8"), strings.NewReader(erasure)},
		{"an encoding by name only", "/webhooks/forms", header("Content-Encoding", "br"), strings.NewReader(erasure)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if a := w.send(t, "POST", c.path, c.header, c.body); a.status != http.StatusOK {
				t.Errorf("got %d %s, want 200", a.status, a.body)
			}
			if len(w.broker.got) != 1 {
				t.Errorf("got %d deliveries, want 1", len(w.broker.got))
			}
		})
	}
}

// TestUnread: a signed body that no reader understands is kept, and the shop gets a 200, because a shop
// sends a webhook once and disables a webhook after five refusals.
func TestUnread(t *testing.T) {
	const body = `{"order":{"id":17,"billing_address":{"email":"ann@example.com"}}}`
	w := newWorld(t)
	a := w.send(t, "POST", "/webhooks/shop", woo("order.updated", body), strings.NewReader(body))
	if want := `{"facts":0,"silent":["unread"]}`; a.status != http.StatusOK || a.body != want {
		t.Errorf("got %d %s, want 200 %s", a.status, a.body, want)
	}
	if len(w.broker.got) != 1 {
		t.Fatalf("got %d deliveries, want 1", len(w.broker.got))
	}
	unread := w.broker.got[0].GetUnread()
	if unread.GetReason() != ingest.UnreadVersion || unread.GetTopic() != "order.updated" {
		t.Errorf("got %s of %s, want %s of order.updated", unread.GetReason(), unread.GetTopic(), ingest.UnreadVersion)
	}
	r, err := gzip.NewReader(bytes.NewReader(unread.GetBody()))
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := io.ReadAll(r); err != nil || string(kept) != body {
		t.Errorf("kept %s, %v, want %s", kept, err, body)
	}
	if log := w.log.String(); !strings.Contains(log, `"level":"WARN"`) || strings.Contains(log, "ann@example.com") {
		t.Errorf("got the log %s, want a warning without an address", log)
	}
}

// TestUnread_UnknownEncoding: a signed body in an encoding that is not decoded is kept as signed.
func TestUnread_UnknownEncoding(t *testing.T) {
	const body = "\x0b\x02\x80{}\x03"
	w := newWorld(t)
	header := woo("order.updated", body)
	header["Content-Encoding"] = "br"
	a := w.send(t, "POST", "/webhooks/shop", header, strings.NewReader(body))
	if want := `{"facts":0,"silent":["unread"]}`; a.status != http.StatusOK || a.body != want {
		t.Errorf("got %d %s, want 200 %s", a.status, a.body, want)
	}
	if len(w.broker.got) != 1 || w.broker.got[0].GetUnread().GetReason() != ingest.UnreadNotJSON {
		t.Errorf("got %v, want one unread delivery", w.broker.got)
	}
}

// TestTooLarge_TheAnswerArrives: a client that writes the whole body before it reads gets the answer.
func TestTooLarge_TheAnswerArrives(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const size = 20 << 20
	if _, err := fmt.Fprintf(
		conn,
		"POST /webhooks/pay HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
		size,
	); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(make([]byte, size)); err != nil {
		t.Fatalf("write: %v", err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d, want 413", res.StatusCode)
	}
}

func TestRefusals(t *testing.T) {
	const base = "https://rodopath.dev/problems/"
	impossible := strings.Replace(erasure, "erasure", "sale", 1)
	torn := ours(t, erasure)
	torn["Content-Encoding"] = "gzip"
	bomb := ours(t, erasure)
	bomb["Content-Encoding"] = "gzip"
	large := strings.Repeat("x", maxBody+1)
	for _, c := range []struct {
		name, method, path string
		header             map[string]string
		body               io.Reader
		fail               error
		status             int
		kind, outcome      string
	}{
		{"no signature", "POST", "/webhooks/pay", nil, strings.NewReader("{}"), nil, 401, base + "bad-signature", "bad_signature"},
		{"unknown source", "POST", "/webhooks/ann@example.com", nil, strings.NewReader("{}"), nil, 404, base + "unknown-source", "unknown_source"},
		{"too large, and says so", "POST", "/webhooks/pay", nil, strings.NewReader(large), nil, 413, base + "too-large", "too_large"},
		{"too large, and does not", "POST", "/webhooks/pay", nil, io.MultiReader(strings.NewReader(large)), nil, 413, base + "too-large", "too_large"},
		{"encoded by gzip, it says", "POST", "/webhooks/forms", torn, strings.NewReader(erasure), nil, 415, base + "unsupported-content-encoding", "content_encoding"},
		{"too large when decoded", "POST", "/webhooks/forms", signedZip(t, large), zipped(t, large), nil, 413, base + "too-large", "too_large"},
		{"compressed after the signature", "POST", "/webhooks/forms", bomb, zipped(t, erasure), nil, 401, base + "bad-signature", "bad_signature"},
		{"not JSON", "POST", "/webhooks/forms", ours(t, "{"), strings.NewReader("{"), nil, 400, base + "unreadable", "unreadable"},
		{"impossible", "POST", "/webhooks/forms", ours(t, impossible), strings.NewReader(impossible), nil, 422, base + "impossible", "impossible"},
		{"no broker", "POST", "/webhooks/forms", ours(t, erasure), strings.NewReader(erasure), fmt.Errorf("dial: %w", ingest.ErrUnavailable), 503, base + "unavailable", "unavailable"},
		{"slow broker", "POST", "/webhooks/forms", ours(t, erasure), strings.NewReader(erasure), context.DeadlineExceeded, 503, base + "unavailable", "unavailable"},
		{"a fault of ours", "POST", "/webhooks/forms", ours(t, erasure), strings.NewReader(erasure), errors.New("ann@example.com"), 500, "about:blank", "failed"},
		{"wrong method", "GET", "/webhooks/shop", nil, nil, nil, 405, "about:blank", ""},
		{"wrong path", "POST", "/webhook/shop", nil, strings.NewReader("{}"), nil, 404, "about:blank", ""},
		{"an error of another handler", "GET", "/broken", nil, nil, nil, 500, "about:blank", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.broker.fail = c.fail
			a := w.send(t, c.method, c.path, c.header, c.body)
			if a.status != c.status || a.problem.Status != c.status || a.problem.Type != c.kind || a.problem.Title == "" {
				t.Errorf("answer %d %s", a.status, a.body)
			}
			if strings.Contains(a.body, "@") {
				t.Errorf("the answer shows an address: %s", a.body)
			}
			if retry := a.header.Get("Retry-After"); (retry == "5") != (c.status == 503) {
				t.Errorf("Retry-After %q", retry)
			}
			if c.status == 405 && !strings.Contains(a.header.Get("Allow"), "POST") {
				t.Errorf("Allow %q", a.header.Get("Allow"))
			}
			w.counted(t, c.outcome)
		})
	}
}

// counted checks that one webhook was counted, as outcome, and under no source
// that is not configured.
func (w *world) counted(t *testing.T, outcome string) {
	t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				switch {
				case label.GetName() == "outcome":
					got += label.GetValue()
				case strings.Contains(label.GetValue(), "@"):
					t.Errorf("label %s=%s", label.GetName(), label.GetValue())
				}
			}
		}
	}
	if got != outcome {
		t.Errorf("counted as %q, want %q", got, outcome)
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	req := httptest.NewRequest("POST", "/webhooks/shop", io.MultiReader(strings.NewReader("{"), brokenReader{}))
	rec := httptest.NewRecorder()
	w.Config.Handler.ServeHTTP(rec, req)
	if rec.Code != http.StatusBadRequest {
		t.Errorf("answer %d %s", rec.Code, rec.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("reset by ann@example.com") }

func TestOneLineWhereAnErrorStops(t *testing.T) {
	w := newWorld(t)
	sent := map[string]string{"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	w.send(t, "POST", "/webhooks/pay", sent, strings.NewReader("{}"))
	lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("%d lines:\n%s", len(lines), w.log)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "WARN", "msg": "webhook refused", "source": "pay", "outcome": "bad_signature", "status": 401.0,
		"error": "verify: signature not accepted: signature missing", "trace_id": "0af7651916cd43dd8448eb211c80319c",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 40 {
		body := strings.Replace(paidOrder, `"id":17`, fmt.Sprintf(`"id":%d`, 1000+i), 1)
		all.Go(func() {
			a := w.send(t, "POST", "/webhooks/shop", woo("order.created", body), strings.NewReader(body))
			if a.status != http.StatusOK {
				t.Errorf("answer %d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	refs := map[string]bool{}
	for _, d := range w.broker.got {
		refs[d.GetFacts()[0].GetRef()] = true
	}
	if len(refs) != 40 {
		t.Errorf("%d orders of 40", len(refs))
	}
}

func TestOptions(t *testing.T) {
	good := func() ingest.Options {
		p, err := mailerlitewebhook.New(ingest.Source{ID: "list", Secrets: []string{secret}})
		if err != nil {
			t.Fatal(err)
		}
		return ingest.Options{Sources: map[string]ingest.Provider{"list": p}, Publisher: &broker{}}
	}
	if _, err := ingest.NewHandler(good()); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*ingest.Options){
		"no sources":           func(o *ingest.Options) { o.Sources = nil },
		"a source of no name":  func(o *ingest.Options) { o.Sources[""] = o.Sources["list"] },
		"a name with capitals": func(o *ingest.Options) { o.Sources["List"] = o.Sources["list"] },
		"a name with a slash":  func(o *ingest.Options) { o.Sources["a/b"] = o.Sources["list"] },
		"a name with a dot":    func(o *ingest.Options) { o.Sources["a.b"] = o.Sources["list"] },
		"no provider":          func(o *ingest.Options) { o.Sources["other"] = nil },
		"no publisher":         func(o *ingest.Options) { o.Publisher = nil },
		"a body below nothing": func(o *ingest.Options) { o.MaxBody = map[string]int64{"pay": -1} },
		"metrics already there": func(o *ingest.Options) {
			o.Metrics = prometheus.NewRegistry()
			if _, err := ingest.NewHandler(*o); err != nil {
				t.Error(err)
			}
		},
	} {
		o := good()
		change(&o)
		if _, err := ingest.NewHandler(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
