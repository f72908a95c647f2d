package standalone_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNode_AForgottenCourseCostsNobodyTheAccount(t *testing.T) {
	dir := observing(t)
	m := start(t, dir, nil)
	router := openAPI(t)
	m.orders(router, "POST", "/v1/live", `{"recipients":["books"]}`, 200, `"live":true`)
	sold := time.Now().Add(-30 * 24 * time.Hour).UTC().Format("2006-01-02T15:04:05")
	m.taken("shop", fmt.Sprintf(`{"id":17,"status":"completed","customer_id":0,"total":"99.00","currency":"PLN",
		"date_created_gmt":%[1]q,"date_modified_gmt":%[1]q,"date_paid_gmt":%[1]q,"date_completed_gmt":%[1]q,
		"billing":{"email":"jan@shop.pl"},"line_items":[{"id":1,"product_id":7,"sku":"forgotten","quantity":1}]}`, sold))
	m.settle()
	m.orders(router, "GET", "/v1/products", "", 200, `"keys":["forgotten","7"],"sales":1`)
	m.orders(router, "GET", heldDecisions, "", 200, `"reason":"unmapped_product"`)
	m.stop()
	path := filepath.Join(dir, "rodopath.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	corrected := strings.Replace(string(config), "    products:\n", "    products:\n      forgotten: course\n", 1)
	if err := os.WriteFile(path, []byte(corrected), 0o600); err != nil {
		t.Fatal(err)
	}
	m = start(t, dir, nil)
	defer m.stop()
	m.orders(router, "GET", "/v1/products", "", 200, `"products":[]`)
	deadline := time.Now().Add(20 * time.Second)
	for ; ; time.Sleep(20 * time.Millisecond) { // the release is a loop of the server
		data, err := http.DefaultClient.Do(m.request("GET", m.Control.API+heldDecisions, "", true))
		if err != nil {
			t.Fatal(err)
		}
		held, err := io.ReadAll(data.Body)
		if err := errors.Join(err, data.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(held), "contact") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s, want no deletion of the contact", held)
		}
	}
	m.orders(router, "POST", "/v1/explain", `{"person":"jan@shop.pl"}`, 200, "contract_course")
}
