package standalone_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// unpack extracts a data directory that was made by a former version, with the modes that a
// data directory has, and returns its path.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(dir, "data")
		}
		if err != nil {
			t.Fatal(err)
		}
		unpackEntry(t, root, h, r)
	}
}

func unpackEntry(t *testing.T, root *os.Root, h *tar.Header, content io.Reader) {
	t.Helper()
	name := filepath.Clean(h.Name)
	if h.Typeflag == tar.TypeDir {
		if err := root.MkdirAll(name, 0o700); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The orders of the data directory: Ala bought in 2016, and all her data were deleted by the
// former version; Ola bought in 2024 and had a part of the price refunded by Stripe.
const (
	alasOrder = `{"id":17,"status":"completed","currency":"PLN","total":"49.00","customer_id":0,` +
		`"date_created_gmt":"2016-03-01T10:00:00","date_modified_gmt":"2016-03-01T11:00:00",` +
		`"date_paid_gmt":"2016-03-01T10:05:00","date_completed_gmt":"2016-03-01T11:00:00",` +
		`"billing":{"email":"ala@example.com"},"transaction_id":"ch_3Ala","payment_method":"stripe",` +
		`"line_items":[{"id":1,"product_id":5,"sku":"mug","quantity":1}],"refunds":[],"meta_data":[]}`
	alasInvoice = "dec_reoeisphxmc4aikwposezo3s"
	alasOrders  = "dec_lkec2exnpyfwqoo4gkgujkug"
)

// TestServer_OpensTheDataOfTheVersionBefore starts on a data directory of the version that named
// a record by its alphabetically least name. The records get their canonical names, no deletion
// is announced again, and the receipts of the decisions of then complete their certificate.
func TestServer_OpensTheDataOfTheVersionBefore(t *testing.T) {
	dir := unpack(t, filepath.Join("testdata", "data-before-record-names.tar.gz"))
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	m := start(t, dir, func(o *standalone.Options) { o.Now = func() time.Time { return now } })
	defer m.stop()
	m.settle()

	ola := m.ask("/v1/explain", map[string]any{"person": "ola@example.com"}, "text/plain")
	for _, want := range []string{
		"woocommerce:order/18@shop\n(stripe:ch_3Ola,\nstripe:pi_3Ola)",
		"2029-12-31  2030-01-01 00:00  tax documents",
		"2030-12-31  2031-01-01 00:00  legal claims",
		"dec_ltbrzhg3cj6wlh6ereflbcdk",
	} {
		if !strings.Contains(ola, want) {
			t.Errorf("explain ola@example.com does not say %q:\n%s", want, ola)
		}
	}

	before := decisionsOf(m.decisions("all"))
	want := []string{alasOrders, alasInvoice, "dec_y45cjruidj6kz7gqkkfx3m25"}
	if !slices.Equal(before, want) {
		t.Errorf("the stored decisions are %q, want %q", before, want)
	}
	m.taken("shop", alasOrder) // a redelivery of ten years ago
	m.settle()
	if after := decisionsOf(m.decisions("all")); !slices.Equal(after, before) {
		t.Errorf("a redelivery changed the decisions from %q to %q", before, after)
	}

	for _, answer := range []struct{ decision, recipient string }{
		{alasInvoice, "bookkeeper"}, {alasOrders, "bookkeeper"}, {alasOrders, "warehouse"},
	} {
		m.ask("/v1/decisions/receipts", map[string]any{
			"decision": answer.decision, "recipient": answer.recipient, "outcome": stream.OutcomeDone, "at": now,
		}, "")
	}
	for _, d := range m.decisions("all").Decisions {
		if d.Decision != "dec_y45cjruidj6kz7gqkkfx3m25" && d.State != "confirmed" {
			t.Errorf("decision %s is %s, want confirmed", d.Decision, d.State)
		}
	}
	if proof := m.ask("/v1/decisions/"+alasInvoice+"/certificate", nil, ""); proof == "" {
		t.Error("no certificate of the confirmed deletion")
	}
}

func decisionsOf(l listed) []string {
	var ids []string
	for _, d := range l.Decisions {
		ids = append(ids, d.Decision)
	}
	slices.Sort(ids)
	return ids
}
