package standalone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// importRun is an import as the interface shows it.
type importRun struct {
	State, Fault, Error string
	Kept                string
	Summary             struct{ Objects, Facts, Persons int }
}

// importer is a machine with a shop of the past, and with forms that have a file.
type importer struct {
	*machine
	shop   *historytest.Shop
	router routers.Router
}

func newImporter(t *testing.T) *importer {
	t.Helper()
	shop := historytest.NewShop(1, 120)
	server := httptest.NewServer(shop.Handler())
	t.Cleanup(server.Close)
	i := &importer{shop: shop, router: openAPI(t)}
	t.Setenv("RODOPATH_TEST_LOOK_SECRET", lookSecret)
	t.Setenv("RODOPATH_TEST_LOOK_SHOP_KEY", historytest.ShopKey)
	config := filepath.Join(t.TempDir(), "rodopath.yaml")
	text := "controller: Sklep\nsources:\n" +
		`  - {id: shop, platform: woocommerce, secrets: ["env:RODOPATH_TEST_LOOK_SECRET"], read: {url: "` + server.URL +
		`", key: "env:RODOPATH_TEST_LOOK_SHOP_KEY", allow_private: true, per_second: 1000}}` + "\n" +
		`  - {id: forms, platform: standard, secrets: ["env:RODOPATH_TEST_LOOK_SECRET"]}` + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// No look of the reconciliation is due: what the shop tells, the import tells.
	i.machine = start(t, t.TempDir(), func(o *standalone.Options) { o.ConfigPath, o.LookTick = config, time.Hour })
	t.Cleanup(i.stop)
	return i
}

// ask asks the interface and checks the answer against openapi.yaml.
func (i *importer) ask(method, path, body string, status int) []byte {
	i.t.Helper()
	return exchange(i.t, i.router, i.request(method, i.Control.API+path, body, true), status)
}

// awaits waits until an import or a dry run has a state.
func (i *importer) awaits(source, run, state string) importRun {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), 30*time.Second)
	defer cancel()
	var got map[string]json.RawMessage
	var out importRun
	err := loop.Poll(ctx, "await the import", 20*time.Millisecond, func(context.Context) (bool, error) {
		if err := json.Unmarshal(i.ask(http.MethodGet, "/v1/imports/"+source, "", http.StatusOK), &got); err != nil {
			return false, err
		}
		out = importRun{}
		if len(got[run]) == 0 {
			return false, nil
		}
		err := json.Unmarshal(got[run], &out)
		return out.State == state, err
	})
	if err != nil {
		i.t.Fatalf("%v; the %s is %+v\n%s", err, run, out, i.log)
	}
	return out
}

func (i *importer) covered(source string) bool {
	i.t.Helper()
	s := i.sources()[source]
	return s.History != nil && s.History.Covered
}

// previewsTheDryRun counts what would follow from a dry run, and nothing of a dry run that is unknown.
func (i *importer) previewsTheDryRun(kept string, persons int) {
	i.t.Helper()
	var would struct {
		Persons int
		DryRun  string `json:"dry_run"`
		Months  []any
	}
	answer := i.ask(http.MethodGet, "/v1/preview?dry_run="+kept, "", http.StatusOK)
	if err := json.Unmarshal(answer, &would); err != nil {
		i.t.Fatal(err)
	}
	if would.DryRun != kept || would.Persons != persons || len(would.Months) == 0 {
		i.t.Errorf("the preview of the dry run %q is %s, want %d persons and what lapses", kept, answer, persons)
	}
	i.ask(http.MethodGet, "/v1/preview?dry_run=unknown", "", http.StatusNotFound)
	i.ask(http.MethodDelete, "/v1/preview?dry_run=unknown", "", http.StatusNoContent)
	i.ask(http.MethodGet, "/v1/preview?dry_run=../x", "", http.StatusNotFound)
}

// TestImports_TheServerReadsAHistory: a dry run stores nothing, a refused key is named, and the import goes on from
// there and makes the history known.
func TestImports_TheServerReadsAHistory(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	i := newImporter(t)
	i.ask(http.MethodPost, "/v1/imports/shop", `{"dry_run":true}`, http.StatusOK)
	dry := i.awaits("shop", "dry_run", "done")
	if dry.Summary.Persons == 0 || dry.Summary.Facts == 0 {
		t.Errorf("the dry run found %+v", dry.Summary)
	}
	var counts struct{ Persons int }
	read := func() int {
		if err := json.Unmarshal(i.ask(http.MethodGet, "/v1/counts", "", http.StatusOK), &counts); err != nil {
			t.Fatal(err)
		}
		return counts.Persons
	}
	if n := read(); n != 0 {
		t.Errorf("after the dry run %d persons are stored, want none", n)
	}
	i.previewsTheDryRun(dry.Kept, dry.Summary.Persons)
	before := i.shop.Calls()
	i.shop.Plan(func(call int) historytest.Fault {
		if call > before+2 {
			return historytest.Unauthorized
		}
		return historytest.None
	})
	i.ask(http.MethodPost, "/v1/imports/shop", `{}`, http.StatusOK)
	failed := i.awaits("shop", "import", "failed")
	if failed.Fault != "key_refused" || !strings.Contains(failed.Error, "REST API") {
		t.Errorf("a refused key: %+v", failed)
	}
	if i.covered("shop") {
		t.Error("the history is known after an import that failed")
	}
	i.shop.Plan(nil)
	i.ask(http.MethodPost, "/v1/imports/shop", `{"since":"2024-01-01T00:00:00Z"}`, http.StatusConflict)
	i.ask(http.MethodPost, "/v1/imports/shop", `{}`, http.StatusOK)
	i.ask(http.MethodGet, "/v1/imports/shop?follow=1", "", http.StatusOK)
	done := i.awaits("shop", "import", "done")
	if done.Summary.Facts != dry.Summary.Facts {
		t.Errorf("the import gave %d facts, the dry run %d", done.Summary.Facts, dry.Summary.Facts)
	}
	if n := read(); n == 0 || !i.covered("shop") {
		t.Errorf("after the import: %d persons, known %v", n, i.covered("shop"))
	}
	i.eventually("the facts of the dry run are gone with the import", func() bool {
		return i.awaits("shop", "dry_run", "done").Kept == ""
	})
	i.ask(http.MethodGet, "/v1/preview?dry_run="+dry.Kept, "", http.StatusNotFound)
	i.ask(http.MethodGet, "/v1/imports", "", http.StatusOK)
	i.ask(http.MethodPost, "/v1/imports/shop/stop", `{}`, http.StatusOK)
	i.ask(http.MethodPost, "/v1/imports/nobody", `{}`, http.StatusNotFound)
	i.ask(http.MethodPost, "/v1/imports/forms", `{}`, http.StatusUnprocessableEntity)
	i.ask(http.MethodPost, "/v1/imports/shop", `{"hurry":true}`, http.StatusBadRequest)
	req := i.request(http.MethodPost, i.Control.API+"/v1/imports/shop", `{}`, false)
	exchange(t, i.router, req, http.StatusUnauthorized)
}

// TestImports_ReadsAnUploadedFile once, and removes the file.
func TestImports_ReadsAnUploadedFile(t *testing.T) {
	i := newImporter(t)
	upload := func(name, content string, status int) (id string) {
		t.Helper()
		req := i.request(http.MethodPost, i.Control.API+"/v1/imports/forms/file?name="+name, content, true)
		req.Header.Set("Content-Type", "application/octet-stream")
		var got struct{ File string }
		if body := exchange(t, i.router, req, status); status == http.StatusOK {
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
		}
		return got.File
	}
	upload("sales.xlsx", "x", http.StatusUnprocessableEntity)
	id := upload(
		"sales.csv",
		"Customer,Date,Number,access\nala@example.com,2024-03-01,order-1,course\nnobody,x,y,z\n",
		200,
	)
	order := func(dry string, columns string) string {
		return `{"dry_run":` + dry + `,"file":"` + id + `","file_name":"sales.csv","set":{"kind":"sale"},"map":{` + columns + `}}`
	}
	i.ask(http.MethodPost, "/v1/imports/forms", order("true", `"Customer":"nonsense"`), http.StatusOK)
	if failed := i.awaits("forms", "dry_run", "failed"); failed.Error == "" {
		t.Errorf("columns of no meaning: %+v", failed)
	}
	columns := `"Customer":"email","Date":"at","Number":"ref"`
	i.ask(http.MethodPost, "/v1/imports/forms", order("true", columns), http.StatusOK)
	if dry := i.awaits("forms", "dry_run", "done"); dry.Summary.Facts != 1 {
		t.Errorf("the dry run found %+v", dry.Summary)
	}
	i.ask(http.MethodPost, "/v1/imports/forms", order("false", columns), http.StatusOK)
	i.awaits("forms", "import", "done")
	var found bytes.Buffer
	found.Write(i.ask(http.MethodPost, "/v1/explain", `{"person":"ala@example.com"}`, http.StatusOK))
	if !strings.Contains(found.String(), "order-1") {
		t.Errorf("the person of the file: %s", &found)
	}
	i.ask(http.MethodPost, "/v1/imports/forms", order("true", columns), http.StatusOK)
	if gone := i.awaits("forms", "dry_run", "failed"); gone.Fault != "file" {
		t.Errorf("the file after its import: %+v", gone)
	}
}
