package report_test

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestRemarks_NameWhatTheConsoleShows: the pages and buttons that the remarks of a draft name are those of the console.
func TestRemarks_NameWhatTheConsoleShows(t *testing.T) {
	source, err := os.ReadFile("../../console/words.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var words map[string]map[string]string
	if err := yaml.Unmarshal(source, &words); err != nil {
		t.Fatal(err)
	}
	remarks, err := os.ReadFile("letterwords.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"requests", "step_decide", "people", "export_page", "export_portable"} {
		for lang, marks := range map[string][2]string{"pl": {"„", "”"}, "en": {"“", "”"}} {
			if name := marks[0] + words[key][lang] + marks[1]; !strings.Contains(string(remarks), name) {
				t.Errorf("no remark names %s, which the console shows for %s", name, key)
			}
		}
	}
}
