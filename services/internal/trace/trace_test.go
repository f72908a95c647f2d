package trace_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/trace"
)

const sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestContinue_TakesOnlyWhatIsWellFormed(t *testing.T) {
	if got := trace.Parent(trace.Continue(t.Context(), sender)); got != sender {
		t.Errorf("got %q", got)
	}
	for _, bad := range []string{
		"", "00", "ala@example.com", "00-ala@example.com-b7ad6b7169203331-01", sender + "-ala@example.com", strings.ToUpper(sender),
		"ff" + sender[2:], "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", sender + "\n", " " + sender,
	} {
		if got := trace.Parent(trace.Continue(t.Context(), bad)); got != "" {
			t.Errorf("%q is taken as %q", bad, got)
		}
	}
	later := "01" + sender[2:] + "-ala@example.com"
	if got := trace.Parent(trace.Continue(t.Context(), later)); got != sender {
		t.Errorf("of a later version, %q is taken", got)
	}
}

func TestStart_WithoutACollectorLetsTracesThrough(t *testing.T) {
	open, err := trace.Open(t.Context(), trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for _, tracer := range []*trace.Tracer{nil, open} {
		ctx, span := tracer.Start(trace.Continue(t.Context(), sender), "webhook", trace.KindServer)
		span.Outcome("facts")
		span.End()
		if got := trace.Parent(ctx); got != sender {
			t.Errorf("got %q", got)
		}
		one, _ := tracer.Start(t.Context(), "webhook", trace.KindServer)
		other, _ := tracer.Start(t.Context(), "webhook", trace.KindServer)
		if a, b := trace.ID(one), trace.ID(other); len(a) != 32 || a == b || !strings.HasSuffix(trace.Parent(one), "-00") {
			t.Errorf("the ids of two traces are %s and %s", a, b)
		}
	}
	tracer := (*trace.Tracer)(nil)
	tracer.Close()
}

func TestLog_CarriesTheTraceWhereThereIsOne(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	trace.Log(trace.Continue(t.Context(), sender), log).Info("in")
	trace.Log(t.Context(), log).Info("out")
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[0], "trace_id=0af7651916cd43dd8448eb211c80319c") || strings.Contains(lines[1], "trace_id") {
		t.Error(out.String())
	}
}

// A collector that is away or refuses holds up nobody, and is complained of once.
func TestTracer_SaysOnceThatTheCollectorDoesNotTakeTraces(t *testing.T) {
	asked := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer srv.Close()
	for url, path := range map[string]string{srv.URL: "/v1/traces", srv.URL + "/": "/v1/traces", srv.URL + "/tenant/traces": "/tenant/traces"} {
		var out bytes.Buffer
		tracer, err := trace.Open(context.WithoutCancel(t.Context()), trace.Options{
			Traces: config.Traces{URL: url}, Service: "test", Log: slog.New(slog.NewTextHandler(&out, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 { // more than one batch
			_, span := tracer.Start(t.Context(), "webhook", trace.KindServer)
			span.End()
		}
		tracer.Close()
		if got := <-asked; got != path {
			t.Errorf("%s: asked for %s", url, got)
		}
		for len(asked) > 0 {
			<-asked
		}
		if n := strings.Count(out.String(), "does not accept traces"); n != 1 {
			t.Errorf("%s: said %d times: %s", url, n, out.String())
		}
	}
}
