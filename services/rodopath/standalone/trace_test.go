package standalone_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rodopath/rodopath/services/internal/trace"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
)

// collector takes traces by OTLP over HTTP.
type collector struct {
	t     *testing.T
	mu    sync.Mutex
	spans []*tracev1.Span
	// said is everything that came, as text.
	said strings.Builder
}

func newCollector(t *testing.T) (*collector, string) {
	t.Helper()
	c := &collector{t: t}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return c, srv.URL
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var in collectorv1.ExportTraceServiceRequest
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = proto.Unmarshal(body, &in)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		c.t.Errorf("%s: %v", r.URL.Path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said.Write(body)
	c.said.WriteString(in.String())
	for _, resource := range in.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// walk returns the spans of a trace, each after its parent, beginning with the child of
// the span that is given.
func (c *collector) walk(traceID, parent string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for range c.spans {
		for _, s := range c.spans {
			if fmt.Sprintf("%x", s.GetTraceId()) == traceID && fmt.Sprintf("%x", s.GetParentSpanId()) == parent {
				names, parent = append(names, said(s)), fmt.Sprintf("%x", s.GetSpanId())
				break
			}
		}
	}
	return names
}

// said is a span in words.
func said(s *tracev1.Span) string {
	words := []string{s.GetName()}
	for _, a := range s.GetAttributes() {
		value := a.GetValue().GetStringValue()
		if value == "" {
			value = fmt.Sprint(a.GetValue().GetIntValue())
		}
		words = append(words, strings.TrimPrefix(a.GetKey(), "rodopath.")+"="+value)
	}
	return strings.Join(words, " ")
}

// headers notes the trace contexts in the headers of a broker's messages, by the
// beginnings of their subjects.
type headers struct {
	mu    sync.Mutex
	found map[string][]string
}

func listenForTraces(t testing.TB, url string) *headers {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	h := &headers{found: map[string][]string{}}
	_, err = nc.Subscribe("rodopath.>", func(m *nats.Msg) {
		h.mu.Lock()
		defer h.mu.Unlock()
		stream := strings.Join(strings.Split(m.Subject, ".")[:2], ".")
		h.found[stream] = append(h.found[stream], m.Header.Get(trace.Header))
	})
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// has reports whether a message of a stream was in a trace.
func (h *headers) has(stream, traceID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Contains(strings.Join(h.found[stream], " "), "00-"+traceID+"-")
}

// traced sends a signed webhook in a trace.
func (m *machine) traced(body, traceparent string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(
		m.t.Context(),
		http.MethodPost,
		m.Control.Webhooks+"/webhooks/letters",
		strings.NewReader(body),
	)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Signature", mailerlite.Sign(m.secret("letters"), []byte(body)))
	req.Header.Set("Traceparent", traceparent)
	req.Header.Set("Tracestate", "who=ala@example.com")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		m.t.Fatalf("status %d", res.StatusCode)
	}
}

const (
	senderTrace = "0af7651916cd43dd8448eb211c80319c"
	senderSpan  = "b7ad6b7169203331"
)

// tracedScene is a node between a broker that is listened to, a recipient and a collector.
func tracedScene(t *testing.T, share string) (*machine, *headers, chan string, *collector) {
	t.Helper()
	told := make(chan string, 10)
	recipient := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told <- r.Header.Get("Traceparent") + r.Header.Get("Tracestate")
	}))
	t.Cleanup(recipient.Close)
	spans, url := newCollector(t)
	broker := natsOn(t, filepath.Join(t.TempDir(), "nats"), -1).ClientURL()
	heard := listenForTraces(t, broker)
	dir := withRecipients(t, fmt.Sprintf(`
nats: {url: %q}
traces: {url: %q, share: %s}
recipients:
  - {id: crm, holds: ["*"], by: webhook, url: %q, secrets: ["file:secrets/crm"], allow_private: true}
`, broker, url, share, recipient.URL))
	return start(t, dir, nil), heard, told, spans
}

// wantTold waits until the recipient is told the trace of the sender, with flags.
func wantTold(t *testing.T, told <-chan string, flags string) {
	t.Helper()
	select {
	case got := <-told:
		if parts := strings.Split(got, "-"); len(parts) != 4 || parts[1] != senderTrace || parts[3] != flags {
			t.Errorf("the recipient is told the trace %q", got)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the recipient was told nothing")
	}
}

// TestTrace_FollowsAWebhookToTheRecipient sees one trace everywhere, and nobody's address.
func TestTrace_FollowsAWebhookToTheRecipient(t *testing.T) {
	m, heard, told, spans := tracedScene(t, "1")
	now := time.Now()
	m.traced(subscriber("created", "active", "ala@example.com", now.Add(-time.Hour)), "00-ala@example.com-01")
	m.traced(
		subscriber("unsubscribed", "unsubscribed", "ala@example.com", now.Add(-time.Minute)),
		"00-"+senderTrace+"-"+senderSpan+"-01",
	)
	wantTold(t, told, "01")
	m.stop() // exports what is left
	for _, stream := range []string{"rodopath.facts", "rodopath.decisions"} {
		if !heard.has(stream, senderTrace) {
			t.Errorf("no message of %s is in the trace: %v", stream, heard.found)
		}
	}
	want := []string{
		"webhook source=letters facts=1 outcome=facts",
		"apply stream=FACTS facts=1 outcome=applied",
		"publish kind=delete recipients=1 outcome=published",
		"deliver recipient=crm outcome=sent",
	}
	if got := spans.walk(senderTrace, senderSpan); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the walk is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := strings.ToLower(spans.said.String()); got == "" || strings.Contains(got, "example.com") {
		t.Errorf("the collector is told of an address, or of nothing:\n%s", got)
	}
	for _, s := range spans.spans {
		if strings.Contains(said(s), "@") {
			t.Errorf("a span holds an address: %s", said(s))
		}
	}
}

// TestTrace_OfWhichNothingIsExportedGoesThrough has the collector take a share of none.
func TestTrace_OfWhichNothingIsExportedGoesThrough(t *testing.T) {
	m, _, told, spans := tracedScene(t, "0")
	now := time.Now()
	m.traced(subscriber("created", "active", "ala@example.com", now.Add(-time.Hour)), "")
	m.traced(
		subscriber("unsubscribed", "unsubscribed", "ala@example.com", now.Add(-time.Minute)),
		"00-"+senderTrace+"-"+senderSpan+"-01",
	)
	wantTold(t, told, "00")
	m.stop()
	if len(spans.spans) > 0 {
		t.Errorf("%d spans were exported", len(spans.spans))
	}
}
