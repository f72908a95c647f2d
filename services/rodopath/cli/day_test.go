package cli_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history/historytest"
)

// TestCommands_ADayIsOneOfTheZoneOfThePolicy and not of the machine: 2019 begins in Warsaw at 23:00 UTC.
func TestCommands_ADayIsOneOfTheZoneOfThePolicy(t *testing.T) {
	t.Setenv("TZ", "America/New_York")
	dir := t.TempDir()
	server := sold(t, dir)
	defer end(t, server)
	said := ask(t, "sources", "covered", "shop", "--since", "2019-01-01", "--data", dir)
	if !strings.Contains(said, "known since 2019-01-01") {
		t.Errorf("got %s, want that the history is known since the day", said)
	}
	if said := ask(t, "sources", "--json", "--data", dir); !strings.Contains(said, `"from":"2018-12-31T23:00:00Z"`) {
		t.Errorf("got %s, want the begin of the day in Warsaw", said)
	}
	var report struct {
		Statistics struct{ Year int }
	}
	said = ask(t, "journal", "report", "--json", "--data", dir)
	if err := json.Unmarshal([]byte(said), &report); err != nil {
		t.Fatalf("%v in %s", err, said)
	}
	if want := time.Now().In(warsaw(t)).Year(); report.Statistics.Year != want {
		t.Errorf("a report without --year: got the year %d, want %d", report.Statistics.Year, want)
	}
}

func warsaw(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestImport_TheDayIsOneOfTheZoneOfThePolicy also where the command reads the history by itself.
func TestImport_TheDayIsOneOfTheZoneOfThePolicy(t *testing.T) {
	t.Setenv("TZ", "America/New_York")
	past := httptest.NewServer(historytest.NewShop(3, 5).Handler())
	t.Cleanup(past.Close)
	i := newImporting(t, shopSource(past.URL))
	ask(t, i.args("import", "shop", "--since", "2019-01-01", "--yes")...)
	if said := ask(t, i.args("sources", "--json")...); !strings.Contains(said, `"from":"2018-12-31T23:00:00Z"`) {
		t.Errorf("got %s, want the begin of the day in Warsaw", said)
	}
}
