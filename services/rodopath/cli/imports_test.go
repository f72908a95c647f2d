package cli_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history/historytest"
)

// awaits asks a command until its output has a text.
func (i *importing) awaits(text string, args ...string) string {
	i.t.Helper()
	var out string
	for until := time.Now().Add(60 * time.Second); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if out = ask(i.t, i.args(args...)...); strings.Contains(out, text) { // the server is another process
			return out
		}
	}
	i.t.Fatalf("%v never shows %q: %s", args, text, out)
	return ""
}

// TestImports_AKilledServerGoesOn: the server imports by itself, is killed in the middle, and the next server ends the
// import without an order.
func TestImports_AKilledServerGoesOn(t *testing.T) {
	shop := historytest.NewShop(21, 300)
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	i := newImporting(t, shopSource(server.URL))
	begin := func() func() {
		if err := os.RemoveAll(filepath.Join(i.dir, "control.json")); err != nil {
			t.Fatal(err)
		}
		cmd := program(t, i.args("serve", "--listen", "127.0.0.1:0")...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		end := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
		t.Cleanup(end)
		i.control()
		return end
	}
	kill := begin()
	reached, pages := make(chan struct{}), 0
	shop.OnOrders(func(ids []int64) { // the reconciliation reads the last week, which is empty
		if len(ids) > 0 {
			if pages++; pages == 2 {
				kill()
				close(reached)
			}
		}
	})
	out := ask(t, i.args("imports", "start", "shop")...)
	if !strings.Contains(out, "import") {
		t.Errorf("the order is answered with %s", out)
	}
	<-reached
	begin()
	out = i.awaits("done", "imports")
	if !strings.Contains(out, "import") {
		t.Errorf("at the end the imports are %s", out)
	}
	if out := ask(t, i.args("preview")...); !strings.Contains(out, "Persons: 300,") {
		t.Errorf("after the import the preview is %s", out)
	}
	if out := ask(t, i.args("sources")...); strings.Contains(out, "missing") {
		t.Errorf("after the import the sources are %s", out)
	}
}
