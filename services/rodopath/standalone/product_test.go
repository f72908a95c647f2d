package standalone_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/routers"
)

// forgotten sells a course a month ago that the configuration does not list, so the recipient, who is notified, waits.
func (m *machine) forgotten(router routers.Router) {
	m.t.Helper()
	m.orders(router, "POST", "/v1/live", `{"recipients":["books"]}`, 200, `"live":true`)
	sold := time.Now().Add(-30 * 24 * time.Hour).UTC().Format("2006-01-02T15:04:05")
	m.taken("shop", fmt.Sprintf(`{"id":17,"status":"completed","customer_id":0,"total":"99.00","currency":"PLN",
		"date_created_gmt":%[1]q,"date_modified_gmt":%[1]q,"date_paid_gmt":%[1]q,"date_completed_gmt":%[1]q,
		"billing":{"email":"jan@shop.pl"},"line_items":[{"id":1,"product_id":7,"sku":"forgotten","quantity":1}]}`, sold))
	m.settle()
	m.orders(router, "GET", "/v1/products", "", 200, `"keys":["forgotten","7"],"sales":1`)
	m.orders(router, "GET", heldDecisions, "", 200, `"reason":"unmapped_product"`)
}

// remembered waits until the course counts as a course.
func (m *machine) remembered(router routers.Router) {
	m.t.Helper()
	m.eventually("no deletion of the contact waits", func() bool {
		status, held := m.look(heldDecisions)
		return status == http.StatusOK && !strings.Contains(held, "contact")
	})
	m.orders(router, "GET", "/v1/products", "", 200, `"products":[]`)
	m.orders(router, "POST", "/v1/explain", `{"person":"jan@shop.pl"}`, 200, "contract_course")
}

func TestNode_AForgottenCourseCostsNobodyTheAccount(t *testing.T) {
	dir := observing(t)
	m := start(t, dir, nil)
	router := openAPI(t)
	m.forgotten(router)
	m.stop()
	path := filepath.Join(dir, "rodopath.yaml")
	write(t, path, strings.Replace(read(t, path), "    products:\n", "    products:\n      forgotten: course\n", 1))
	m = start(t, dir, nil)
	defer m.stop()
	m.remembered(router)
}

// TestNode_AProductIsListedWithoutARestart: the owner states over the interface what the configuration left out.
func TestNode_AProductIsListedWithoutARestart(t *testing.T) {
	dir := observing(t)
	m := start(t, dir, nil)
	router := openAPI(t)
	m.forgotten(router)
	const listed = "/v1/products/listed"
	course := `{"source":"shop","product":"forgotten","access":"course","days":365}`
	m.orders(router, "POST", listed, course, 202, `"days":365`)
	m.remembered(router)
	m.orders(router, "GET", listed, "", 200, `"product":"forgotten","access":"course","days":365,"by":"`)
	m.orders(router, "GET", "/v1/acts", "", 200, `"act":"product","kind":"settings","about":"shop:forgotten"`)

	m.stop()

	m = start(t, dir, nil) // the statement outlives a restart, and another one replaces it
	m.remembered(router)
	m.orders(router, "POST", listed, strings.Replace(course, "365", "30", 1), 202, `"days":30`)
	m.eventually("the other statement is in force", func() bool {
		_, products := m.look(listed)
		return strings.Contains(products, `"days":30,`)
	})
	m.stop()

	path := filepath.Join(dir, "rodopath.yaml") // the configuration has the last word
	write(t, path, strings.Replace(read(t, path), "    products:\n", "    products:\n      forgotten: service\n", 1))
	m = start(t, dir, nil)
	defer m.stop()
	m.orders(router, "GET", listed, "", 200, `"product":"forgotten","access":"service"}`)
	m.orders(router, "POST", listed, course, 409, "Change it under products")
}

func TestNode_AProductThatCannotBeListedIsRefused(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	router := openAPI(t)
	for _, wrong := range [][2]string{
		{`{"source":"none","product":"7","access":"course"}`, "no source with this id"},
		{`{"source":"shop","product":"jan@shop.pl","access":"course"}`, "product may not contain an address"},
		{`{"source":"shop","product":"7","access":"one_off","days":3}`, "leave days out"},
		{`{"source":"shop","product":"7","access":"gift"}`, "access"},
		{`{"source":"shop","access":"course"}`, "product"},
	} {
		m.orders(router, "POST", "/v1/products/listed", wrong[0], 422, wrong[1])
	}
}

// TestNode_AStatementThatWouldChangeNothingIsRefused: where the configuration lists everything, no sale is unlisted.
func TestNode_AStatementThatWouldChangeNothingIsRefused(t *testing.T) {
	dir := observing(t)
	path := filepath.Join(dir, "rodopath.yaml")
	write(t, path, strings.Replace(read(t, path), "    products:\n", "    products:\n      \"*\": one_off\n", 1))
	m := start(t, dir, nil)
	defer m.stop()
	for _, product := range []string{"forgotten", "*"} {
		m.orders(openAPI(t), "POST", "/v1/products/listed",
			`{"source":"shop","product":"`+product+`","access":"course"}`, 409, "The configuration lists")
	}
}

// look asks the interface, which may be away.
func (m *machine) look(path string) (int, string) {
	m.t.Helper()
	res, err := http.DefaultClient.Do(m.request(http.MethodGet, m.Control.API+path, "", true))
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	if err := res.Write(&text); err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, text.String()
}
