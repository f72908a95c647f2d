package standalone_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/routers"
)

// observing makes a data directory with recipients of which nobody is notified yet.
func observing(t *testing.T) string {
	t.Helper()
	dir := withRecipients(t, "recipients: [{id: books, holds: [\"*\"], by: hand}]\n")
	path := filepath.Join(dir, "rodopath.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	config = []byte(strings.Replace(string(config), "observe: false\n", "", 1))
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// heldDecisions is the list of the decisions that wait.
const heldDecisions = "/v1/decisions?state=held"

// orders sends a request about invented persons or live recipients, and checks the status and a part of the answer.
func (m *machine) orders(router routers.Router, method, path, body string, status int, part string) {
	m.t.Helper()
	req := m.request(method, m.Control.API+path, body, true)
	var got string
	if path == "/v1/live" || path == heldDecisions { // not in the document
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			m.t.Fatal(err)
		}
		defer res.Body.Close()
		text := new(strings.Builder)
		if err := res.Write(text); err != nil {
			m.t.Fatal(err)
		}
		if got = text.String(); res.StatusCode != status {
			m.t.Errorf("%s %s: got status %d, want %d: %s", method, path, res.StatusCode, status, got)
		}
	} else {
		got = string(exchange(m.t, router, req, status))
	}
	if !strings.Contains(got, part) {
		m.t.Errorf("%s %s: got %s, want a part %q", method, path, got, part)
	}
}

const inventAla = `{"persons":["ala@example.com"]}`

func TestNode_NoRecipientIsNotifiedOfAnInventedPerson(t *testing.T) {
	m := start(t, observing(t), nil)
	defer m.stop()
	router := openAPI(t)
	m.orders(router, "POST", "/v1/invented", `{"persons":["jan@shop.pl"]}`, 422, "example.com")
	m.orders(router, "POST", "/v1/invented", inventAla, 200, `{"persons":1}`)
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	m.orders(router, "POST", "/v1/live", `{"recipients":[]}`, 409, "rodopath demo remove")
	m.orders(router, "DELETE", "/v1/invented", "", 200, `{"removed":1,"kept":0}`)
	m.orders(router, "GET", "/v1/invented", "", 200, `{"persons":0}`)
	m.orders(router, "POST", "/v1/explain", `{"person":"ala@example.com"}`, 404, "")
	m.orders(router, "GET", "/v1/journal/verify", "", 200, `"faults":[]`)
	m.orders(router, "POST", "/v1/live", `{"recipients":[]}`, 200, "")
	m.orders(router, "POST", "/v1/invented", inventAla, 409, "rodopath observe")
}

func TestNode_WithoutObservationAPersonIsInventedOnlyOnAnOrder(t *testing.T) {
	dir := observing(t)
	m := start(t, dir, nil)
	router := openAPI(t)
	m.orders(router, "POST", "/v1/invented", inventAla, 200, `{"persons":1}`)
	m.stop()
	path := filepath.Join(dir, "rodopath.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(config, "observe: false\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	m = start(t, dir, nil) // observes, because invented persons are stored
	m.orders(router, "GET", "/v1/live", "", 200, `"observing":true`)
	m.orders(router, "DELETE", "/v1/invented", "", 200, `{"removed":0,"kept":0}`)
	m.stop()
	m = start(t, dir, nil)
	defer m.stop()
	m.orders(router, "GET", "/v1/live", "", 200, `"observing":false`)
	m.orders(router, "POST", "/v1/invented", inventAla, 409, "observe: false")
	m.orders(router, "POST", "/v1/invented", `{"persons":["ala@example.com"],"despite_live":true}`, 200, `{"persons":1}`)
}
