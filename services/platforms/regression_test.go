// Package platforms_test reads the webhooks of testdata/webhooks, one behaviour of a platform a file.
package platforms_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/webhook"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/webhook"
)

var rewrite = flag.Bool("rewrite", false, "write the readings into testdata; read the difference before you keep it")

// recorded is one webhook of a behaviour. Raw replaces the body where the body is no JSON. Groups are those
// of the source, as the first webhook states them.
type recorded struct {
	Topic string          `json:"topic"`
	Body  json.RawMessage `json:"body"`
	Raw   string          `json:"raw"`

	Groups map[string]string `json:"groups"`
}

// TestWebhooks reads the webhooks of each file NAME.json, a list in the order of sending, and compares
// their readings with NAME.want. A state is a line "state", with the kinds of its facts.
func TestWebhooks(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "webhooks", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded webhooks", err)
	}
	for _, file := range files {
		platform := filepath.Base(filepath.Dir(file))
		t.Run(platform+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var webhooks []recorded
			if err := json.Unmarshal(data, &webhooks); err != nil {
				t.Fatal(err)
			}
			got := readAll(t, platform, webhooks)
			compare(t, strings.TrimSuffix(file, ".json")+".want", got)
		})
	}
}

// readAll reads webhooks in order and formats their readings, with an empty line between two.
func readAll(t *testing.T, platform string, webhooks []recorded) string {
	t.Helper()
	p := provider(t, platform, webhooks[0].Groups)
	var readings []string
	for _, w := range webhooks {
		body := []byte(w.Raw)
		if w.Raw == "" {
			var b bytes.Buffer
			if err := json.Compact(&b, w.Body); err != nil {
				t.Fatal(err)
			}
			body = b.Bytes()
		}
		header := http.Header{"X-Wc-Webhook-Topic": {w.Topic}, "X-Wc-Webhook-Id": {"7"}}
		got, err := p.Read(header, body, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		for _, flaw := range facttest.Flaws("main", got, err) {
			t.Error(flaw)
		}
		text := facttest.Reading(got)
		for line := range strings.Lines(facttest.States(got)) {
			text += "state " + line
		}
		readings = append(readings, text)
	}
	return strings.Join(readings, "\n")
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// provider reads the webhooks of a source "main" of a platform, which may have groups.
func provider(t *testing.T, platform string, groups map[string]string) ingest.Provider {
	t.Helper()
	source := ingest.Source{
		ID: "main", Secrets: []string{"whsec_c2VjcmV0c2VjcmV0c2VjcmV0"}, Wording: "newsletter-offers", Zone: time.UTC,
		OptIn:     map[string]string{"_wc_other/sklep/oferty": "offers-phone"},
		TaxIDKeys: []string{"_firma_nip"},
		Groups:    groups,
		Products: map[string]ingest.Product{
			"900":       {Access: factv1.Access_ACCESS_COURSE, Days: 365},
			"prod_kurs": {Access: factv1.Access_ACCESS_COURSE, Days: 365},
			"901":       {Access: factv1.Access_ACCESS_SERVICE},
		},
	}
	var (
		p   ingest.Provider
		err error
	)
	switch platform {
	case "woocommerce":
		p, err = woocommerce.New(source)
	case "stripe":
		p, err = stripe.New(source)
	case "mailerlite":
		p, err = mailerlite.New(source)
	}
	if err != nil || p == nil {
		t.Fatal(platform, err)
	}
	return p
}
