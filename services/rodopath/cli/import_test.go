package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/preview"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	"github.com/rodopath/rodopath/services/platforms/sender"
)

// customers is the size of the generated shop.
func customers(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("RODOPATH_TEST_IMPORT_CUSTOMERS"))
	if err != nil {
		n = 300
	}
	return n
}

// importing is an installation whose sources read stand-ins.
type importing struct {
	t                 *testing.T
	dir, config, keys string
}

const importSecret = "s3cret-of-the-import"

// newImporting configures an installation with a source of each kind that the addresses name.
func newImporting(t *testing.T, sources string) *importing {
	t.Helper()
	t.Setenv("RODOPATH_TEST_IMPORT_SECRET", importSecret)
	t.Setenv("RODOPATH_TEST_IMPORT_KEY", historytest.Key)
	t.Setenv("RODOPATH_TEST_IMPORT_STRIPE_KEY", historytest.StripeKey)
	t.Setenv("RODOPATH_TEST_IMPORT_SHOP_KEY", historytest.ShopKey)
	base := t.TempDir()
	i := &importing{t, t.TempDir(), filepath.Join(base, "rodopath.yaml"), filepath.Join(base, "keys.json")}
	if err := os.WriteFile(i.keys, []byte(ask(t, "keys")), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "controller: Sklep\nkeys: file:keys.json\nsources:\n" + sources
	if err := os.WriteFile(i.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

func shopSource(address string) string {
	return `  - {id: shop, platform: woocommerce, secrets: ["env:RODOPATH_TEST_IMPORT_SECRET"], wording: newsletter-offers, ` +
		`products: {"17": course}, read: {url: "` + address + `", key: "env:RODOPATH_TEST_IMPORT_SHOP_KEY", allow_private: true, per_second: 1000}}` + "\n"
}

func otherSources(card, list string) string {
	const secret = `secrets: ["env:RODOPATH_TEST_IMPORT_SECRET"]`
	return `  - {id: card, platform: stripe, ` + secret + `, read: {url: "` + card +
		`", key: "env:RODOPATH_TEST_IMPORT_STRIPE_KEY", allow_private: true, per_second: 1000}}` + "\n" +
		`  - {id: letters, platform: mailerlite, ` + secret + `, groups: {"` + historytest.Webinar + `": webinar}, read: {url: "` +
		list + `", key: "env:RODOPATH_TEST_IMPORT_KEY", allow_private: true, per_second: 1000}}` + "\n"
}

func (i *importing) args(args ...string) []string {
	return append(args, "--data", i.dir, "--config", i.config)
}

// killed imports and is killed at a call of the stand-in.
func (i *importing) killed(plan func(func(int) historytest.Fault), at int, source string) {
	i.t.Helper()
	cmd := program(i.t, i.args("import", source)...)
	started := make(chan struct{})
	calls := 0
	plan(func(int) historytest.Fault {
		if calls++; calls == at {
			<-started
			_ = cmd.Process.Kill()
		}
		return historytest.None
	})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	close(started)
	if err := cmd.Wait(); err == nil {
		i.t.Fatalf("the import was over before it was killed: %s", out.String())
	} else if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != -1 {
		i.t.Fatalf("the import ended by itself: %v: %s", err, out.String())
	}
	plan(nil)
}

// stored are the facts of every person of a stopped installation, in an order of their own. The times of receipt
// differ from installation to installation.
func (i *importing) stored() []string {
	return i.facts(func(*fact.Fact) bool { return true })
}

// standing are the facts of every person that a later state has not taken back, without observations: of an order that
// changed while it was read, it depends on the moment which former states were seen.
func (i *importing) standing() []string {
	return i.facts(func(f *fact.Fact) bool {
		f.AsOf = nil
		return f.Void == nil && !f.Kind.IsObservation()
	})
}

// facts are the facts of every person that count, which may be changed.
func (i *importing) facts(counts func(*fact.Fact) bool) []string {
	i.t.Helper()
	st, err := sqlitestore.Open(i.t.Context(), filepath.Join(i.dir, "rodopath.db"))
	if err != nil {
		i.t.Fatal(err)
	}
	defer st.Close()
	var all []string
	for after := ""; ; {
		page, err := st.Walk(i.t.Context(), after, 100)
		if err != nil {
			i.t.Fatal(err)
		}
		for s := range page {
			var person []string
			for _, f := range page[s].Facts {
				f.Received, f.Reports = time.Time{}, nil
				if !counts(&f) {
					continue
				}
				if len(f.Proof) > 0 {
					f.Proof = []byte("sealed") // another text at every sealing
				}
				text, err := json.Marshal(f)
				if err != nil {
					i.t.Fatal(err)
				}
				person = append(person, string(text))
			}
			slices.Sort(person)
			if len(person) > 0 {
				all = append(all, strings.Join(person, "\n"))
			}
			after = page[s].ID
		}
		if len(page) == 0 {
			slices.Sort(all)
			return all
		}
	}
}

// tellByWebhooks starts a server, sends webhooks and stops the server.
func (i *importing) tellByWebhooks(source string, webhooks []sender.Webhook) {
	i.t.Helper()
	cmd := program(i.t, i.args("serve", "--listen", "127.0.0.1:0")...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended long ago
	c := i.control()
	for n := range webhooks {
		header := http.Header{}
		if err := webhooks[n].Sign(header, importSecret); err != nil {
			i.t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodPost, c.Webhooks+"/webhooks/"+source, bytes.NewReader(webhooks[n].Body))
		if err != nil {
			i.t.Fatal(err)
		}
		req.Header = header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			i.t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			i.t.Fatalf("webhook %d: %s", n, res.Status)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		i.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		i.t.Fatalf("stop: %v: %s", err, log.String())
	}
	ask(i.t, i.args("sources")...) // applies what the server received last
}

// control waits for the address of a starting server.
func (i *importing) control() control {
	i.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		var c control
		data, err := os.ReadFile(filepath.Join(i.dir, "control.json"))
		if err == nil && json.Unmarshal(data, &c) == nil {
			return c
		}
		time.Sleep(10 * time.Millisecond) // another process; there is nothing to wait on
	}
	i.t.Fatal("the server did not start")
	return control{}
}

// same compares the facts of two installations with the same keys, person by person.
func same(t *testing.T, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf(
			"%d persons, want %d; the facts differ (-webhooks +import):\n%s",
			len(got),
			len(want),
			diff[:min(len(diff), 4000)],
		)
	}
}

// TestImport_KilledAndResumedIsTheShopByWebhooks: an import of a stopped installation is killed four times and goes
// on; every person has the facts that the webhooks of the same shop tell.
func TestImport_KilledAndResumedIsTheShopByWebhooks(t *testing.T) {
	shop := historytest.NewShop(7, customers(t))
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	imported := newImporting(t, shopSource(server.URL))
	for _, at := range []int{2, 3, 1, 4} {
		imported.killed(shop.Plan, at, "shop")
	}
	out := ask(t, imported.args("import", "shop")...)
	if !strings.Contains(out, "Recorded: the history of shop is known. See what follows: rodopath preview") ||
		!strings.Contains(out, "Not listed under products, so each counts as delivered once (1") {
		t.Errorf("the import says %s", out)
	}
	if left, err := filepath.Glob(filepath.Join(imported.dir, "history", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if out := ask(t, imported.args("sources")...); strings.Contains(out, "missing") {
		t.Errorf("after the import the sources are %s", out)
	}

	webhooks := *imported
	webhooks.dir = t.TempDir()
	var all []sender.Webhook
	shop.Each(func(topic string, thing historytest.Thing) {
		all = append(all, sender.Webhook{
			Platform: "woocommerce", ID: fmt.Sprint(len(all)), Topic: topic, At: time.Now(), Body: thing.Body(),
		})
	})
	webhooks.tellByWebhooks("shop", all)
	same(t, imported.stored(), webhooks.stored())
}

// TestImport_ADryRunCountsAndChangesNothing asks a running server.
func TestImport_ADryRunCountsAndChangesNothing(t *testing.T) {
	shop := historytest.NewShop(8, 40)
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	i := newImporting(t, shopSource(server.URL))
	out := ask(t, i.args("import", "shop", "--dry-run", "--json")...)
	var sum struct {
		Done    bool           `json:"done"`
		Facts   int            `json:"facts"`
		Persons int            `json:"persons"`
		Kinds   map[string]int `json:"kinds"`
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !sum.Done || sum.Persons != 40 || sum.Facts == 0 || sum.Kinds["sale"] == 0 {
		t.Errorf("the dry run counts %+v, want 40 persons and sales", sum)
	}
	if got := i.stored(); len(got) > 0 {
		t.Errorf("the dry run stored %d persons", len(got))
	}
	if out := ask(t, i.args("sources")...); !strings.Contains(out, "missing") {
		t.Errorf("after the dry run the sources are %s", out)
	}
}

// keepsNoDryRun looks whether the stream of dry runs has facts on the disk.
func (i *importing) keepsNoDryRun() {
	i.t.Helper()
	var kept int64
	err := filepath.WalkDir(i.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "DRYRUNS") || filepath.Ext(path) != ".blk" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			kept += info.Size()
		}
		return err
	})
	const marks = 1 << 10 // of what was removed
	if err != nil || kept > marks {
		i.t.Errorf("the dry run left %d bytes of facts, %v; want none", kept, err)
	}
}

// TestImport_ADryRunShowsWhatTheImportBrings: its preview is that of the import, before anything is stored.
func TestImport_ADryRunShowsWhatTheImportBrings(t *testing.T) {
	shop := historytest.NewShop(8, 120)
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	i := newImporting(t, shopSource(server.URL)+"recipients:\n  - {id: bookkeeper, by: hand}\n")
	out := ask(t, i.args("import", "shop", "--dry-run", "--json")...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var last struct{ Preview preview.Preview }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := i.stored(); len(got) > 0 {
		t.Errorf("the dry run stored %d persons", len(got))
	}
	if left, _ := filepath.Glob(filepath.Join(i.dir, "rodopath-dry-run-*")); len(left) > 0 {
		t.Errorf("the dry run left %v", left)
	}
	i.keepsNoDryRun()
	if said := ask(t, i.args("import", "shop", "--dry-run")...); !strings.Contains(said, "nothing was stored") ||
		!strings.Contains(said, "WOULD BE DELETED NOW") || !strings.Contains(said, "other sources") {
		t.Errorf("the dry run says %s", said)
	}
	ask(t, i.args("import", "shop")...)
	var after preview.Preview
	if err := json.Unmarshal([]byte(ask(t, i.args("preview", "--json")...)), &after); err != nil {
		t.Fatal(err)
	}
	after.At = last.Preview.At
	if diff := cmp.Diff(after, last.Preview); diff != "" || len(after.Waiting) == 0 || len(after.Months) == 0 {
		t.Errorf("the preview of the import (-) is not that of the dry run (+), or is empty: %+v\n%s", after, diff)
	}
}

// TestImport_ARunningServerHasAppliedEverything: the history is recorded as known once its facts are applied, and not
// while they wait.
func TestImport_ARunningServerHasAppliedEverything(t *testing.T) {
	const persons = 400
	shop := httptest.NewServer(historytest.NewShop(11, persons).Handler())
	defer shop.Close()
	i := newImporting(t, shopSource(shop.URL))
	cmd := program(t, i.args("serve", "--listen", "127.0.0.1:0")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // nothing remains to be done
		_ = cmd.Wait()
	})
	i.control()
	ask(t, i.args("import", "shop")...)
	metrics := i.metrics()
	for _, idle := range []string{"\nrodopath_intake_webhooks 0\n", "\nrodopath_stream_waiting{stream=\"FACTS\"} 0\n"} {
		if !strings.Contains(metrics, idle) {
			t.Errorf("after the import there is no %q among the metrics", strings.TrimSpace(idle))
		}
	}
	if out := ask(t, i.args("preview")...); !strings.Contains(out, fmt.Sprintf("Persons: %d,", persons)) {
		t.Errorf("after the import the preview is %s", out)
	}
}

// metrics are the metrics of the running server.
func (i *importing) metrics() string {
	i.t.Helper()
	res, err := http.Get(i.control().API + "/metrics")
	if err != nil {
		i.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return string(data)
}

// TestImport_EveryPlatform: the buyers of three platforms are one person each, and a repeated import changes nothing.
func TestImport_EveryPlatform(t *testing.T) {
	const persons = 60
	shop, card, list := httptest.NewServer(historytest.NewShop(9, persons).Handler()),
		httptest.NewServer(historytest.NewAccount(9, persons).Handler()),
		httptest.NewServer(historytest.NewList(9, persons).Handler())
	defer shop.Close()
	defer card.Close()
	defer list.Close()
	i := newImporting(t, shopSource(shop.URL)+otherSources(card.URL, list.URL))
	for _, source := range []string{"letters", "card", "shop"} {
		if out := ask(t, i.args("import", source)...); !strings.Contains(out, "Recorded: the history of "+source) {
			t.Errorf("the import says %s", out)
		}
	}
	once := i.stored()
	if len(once) != persons {
		t.Errorf("got %d persons, want %d", len(once), persons)
	}
	if out := ask(t, i.args("sources")...); strings.Contains(out, "missing") {
		t.Errorf("after the imports the sources are %s", out)
	}
	for _, source := range []string{"shop", "card", "letters"} {
		ask(t, i.args("import", source, "--since", "2019-01-01")...)
	}
	same(t, i.stored(), once)
}

// TestImport_AFileOfObjectsIsTheInterface: the objects of a shop in one file give the facts of its interface.
func TestImport_AFileOfObjectsIsTheInterface(t *testing.T) {
	shop := historytest.NewShop(10, 40)
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	byInterface := newImporting(t, shopSource(server.URL))
	ask(t, byInterface.args("import", "shop")...)

	byFile := *byInterface
	byFile.dir = t.TempDir()
	var all []historytest.Thing
	shop.Each(func(_ string, thing historytest.Thing) { all = append(all, thing) })
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "shop.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := ask(t, byFile.args("import", "shop", "--file", file)...); !strings.Contains(out, "sources covered shop") {
		t.Errorf("the import says %s", out)
	}
	same(t, byFile.stored(), byInterface.stored())
	if out := ask(t, byFile.args("sources")...); !strings.Contains(out, "missing") {
		t.Errorf("a file states nothing of what it lacks, and the sources are %s", out)
	}
}

// TestImport_OwnTable: rows that are not understood are named by their numbers, without their values.
func TestImport_OwnTable(t *testing.T) {
	t.Setenv("RODOPATH_TEST_IMPORT_FORMS", "whsec_MDEyMzQ1Njc4OWFiY2RlZg==")
	i := newImporting(
		t,
		`  - {id: forms, platform: standard, secrets: ["env:RODOPATH_TEST_IMPORT_FORMS"], zone: Europe/Warsaw}`+"\n",
	)
	const table = "Klient;Dzień;Numer;access\n" +
		"ala@example.com;2024-03-01;order-1;course\n" +
		"ola@example.com;soon;order-2;course\n" +
		"ula@example.com;2024-03-03;;course\n"
	file := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	args := i.args("import", "forms", "--file", file, "--set", "kind=sale",
		"--map", "Klient=email", "--map", "Dzień=at", "--map", "Numer=ref")
	out := ask(t, append(args, "--dry-run")...)
	if !strings.Contains(out, "Persons: 1.") || len(i.stored()) > 0 {
		t.Errorf("the dry run says %s, and stored %d persons", out, len(i.stored()))
	}
	out = ask(t, args...)
	for _, want := range []string{"1 facts (sale 1)", "row 3: at is not of its form", "row 4: ", "ref is missing", "rodopath sources covered forms"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in: %s", want, out)
		}
	}
	if strings.Contains(out, "ula@") || strings.Contains(out, "soon") {
		t.Errorf("the report shows values: %s", out)
	}
	if out := ask(t, i.args("explain", "ala@example.com")...); !strings.Contains(out, "forms:order-1") {
		t.Errorf("the sale of the table is not explained: %s", out)
	}
	once := i.stored()
	ask(t, args...)
	same(t, i.stored(), once)
}

func TestImport_SaysWhatIsMissing(t *testing.T) {
	i := newImporting(t, `  - {id: card, platform: stripe, secrets: ["env:RODOPATH_TEST_IMPORT_SECRET"]}`+"\n")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"import"}, 2, "import --help"},
		{[]string{"import", "shop"}, 2, "no source shop"},
		{[]string{"import", "card"}, 2, "no access to its platform: add read:"},
		{[]string{"import", "card", "--since", "soon"}, 2, "2027-01-01"},
		{[]string{"import", "card", "--resume", "--restart"}, 2, "exclude each other"},
	} {
		out, err := program(t, i.args(c.args...)...).CombinedOutput()
		code := 0
		if exit, ok := err.(*exec.ExitError); ok {
			code = exit.ExitCode()
		}
		if code != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%v: exit %d, want %d; says %s", c.args, code, c.code, out)
		}
	}
}

func TestImport_AsksWhileRecipientsAreNotified(t *testing.T) {
	shop := historytest.NewShop(8, 4)
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	i := newImporting(t, shopSource(server.URL)+"observe: false\nrecipients: [{id: bookkeeper, by: hand}]\n")
	for _, c := range []struct {
		flag string
		code int
		says string
	}{
		{"", 2, "Recipients are notified"}, {"--dry-run", 0, ""}, {"--yes", 0, "Recorded: the history of shop"},
	} {
		args := i.args("import", "shop")
		if c.flag != "" {
			args = append(args, c.flag)
		}
		out, err := program(t, args...).CombinedOutput()
		code := 0
		if exit, ok := err.(*exec.ExitError); ok {
			code = exit.ExitCode()
		}
		if code != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("import shop %s: exit %d, want %d; says %s", c.flag, code, c.code, out)
		}
	}
}
