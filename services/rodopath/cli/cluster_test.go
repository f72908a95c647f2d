package cli_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/dispatch/natstest"
	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	lifecycleapp "github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
)

// TestImport_InACluster: an import goes to ingest at the port of its metrics, and lifecycle applies the facts and
// records that the history is known; every person has the facts of an import into one program.
func TestImport_InACluster(t *testing.T) {
	shop := httptest.NewServer(historytest.NewShop(12, 30).Handler())
	defer shop.Close()
	alone := newImporting(t, shopSource(shop.URL))
	ask(t, alone.args("import", "shop")...)

	const token = "a-token-of-the-owner"
	t.Setenv("RODOPATH_TEST_CLUSTER_TOKEN", token)
	c := *alone
	c.dir = t.TempDir()
	text, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(
		c.config,
		append(text, `api: {tokens: ["env:RODOPATH_TEST_CLUSTER_TOKEN"]}`+"\n"...),
		0o600,
	); err != nil {
		t.Fatal(err)
	}
	conf, err := config.Load(c.config, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	nats := natstest.Start(t)
	parts := service.Parts{Config: conf, NATS: nats.Connect(), Log: slog.New(slog.DiscardHandler)}
	ingest, err := ingestapp.Program("").New(t.Context(), parts)
	if err != nil {
		t.Fatal(err)
	}
	lifecycle, err := lifecycleapp.Program(c.dir, "").New(t.Context(), parts)
	if err != nil {
		t.Fatal(err)
	}
	inside, owner, outside := httptest.NewServer(ingest.Metrics()), httptest.NewServer(lifecycle.Handler()),
		httptest.NewServer(ingest.Handler())
	defer inside.Close()
	defer owner.Close()
	defer outside.Close()
	ingest.Start(t.Context())
	lifecycle.Start(t.Context())
	at := []string{
		"--config",
		c.config,
		"--data",
		t.TempDir(),
		"--lifecycle",
		owner.URL,
		"--ingest",
		inside.URL,
		"--token",
		"env:RODOPATH_TEST_CLUSTER_TOKEN",
	}
	if out, err := program(t, append([]string{"import", "shop"}, at[:6]...)...).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "needs all of --lifecycle, --ingest, --token and --config") {
		t.Errorf("without all addresses: %v: %s", err, out)
	}
	if out := ask(
		t,
		append([]string{"import", "shop"}, at...)...); !strings.Contains(
		out,
		"Recorded: the history of shop",
	) {
		t.Errorf("the import says %s", out)
	}
	if out := ask(
		t,
		append([]string{"sources"}, at...)...); !strings.Contains(out, "known") ||
		strings.Contains(out, "missing") {
		t.Errorf("the sources are %s", out)
	}
	for _, where := range []*httptest.Server{outside, owner} {
		if res, err := where.Client().
			Post(where.URL+"/v1/history/shop", "application/json", strings.NewReader("{}")); err != nil ||
			res.StatusCode == 200 {
			t.Errorf("%s takes a history: %v, %v", where.URL, res, err)
		}
	}
	if err := ingest.Close(); err != nil {
		t.Error(err)
	}
	if err := lifecycle.Close(); err != nil {
		t.Error(err)
	}
	same(t, c.stored(), alone.stored())
}
