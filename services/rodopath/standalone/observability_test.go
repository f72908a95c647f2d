package standalone_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

const deployDir = "../../../deploy/"

// TestObservability_AsksForMetricsThatAreThere checks that the dashboard and the alerts
// name no metric that nobody tells.
func TestObservability_AsksForMetricsThatAreThere(t *testing.T) {
	sink, address := newCRM(t)
	dir := withRecipients(t, strings.ReplaceAll(threeRecipients, "URL", address))
	m := start(t, dir, nil)
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ala@example.com", time.Now().Add(-time.Hour)))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ala@example.com", time.Now().Add(-time.Minute)))
	m.taken("shop", `{"webhook_id": 7}`) // says nothing
	sink.next()
	var told []byte
	m.eventually("the count of deliveries", func() bool { // counted after the answer of the recipient
		told = m.metrics()
		return strings.Contains(string(told), "rodopath_deliveries_total")
	})
	if strings.Contains(string(told), "@") {
		t.Error("a metric holds an address")
	}
	for _, file := range []string{"observability/dashboard.json", "helm/rodopath/alerts.yaml"} {
		text, err := os.ReadFile(deployDir + file)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`rodopath_[a-z_]+`).FindAllString(string(text), -1)
		if len(names) < 4 {
			t.Errorf("%s asks for %v", file, names)
		}
		for _, name := range names {
			if !strings.Contains(string(told), "# TYPE "+strings.TrimSuffix(name, "_bucket")+" ") {
				t.Errorf("%s asks for %s, which nobody tells", file, name)
			}
		}
	}
}

func (m *machine) metrics() []byte {
	m.t.Helper()
	res, err := http.Get(m.Control.API + "/metrics")
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return body
}
