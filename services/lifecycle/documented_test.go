package lifecycle_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/scenario"
)

// TestDocumented_ExamplesAreTrue runs the case and reads the policy that the
// documentation of the language shows.
func TestDocumented_ExamplesAreTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	cases, policies := 0, 0
	for _, block := range regexp.MustCompile("(?s)```[a-z]*\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		switch {
		case strings.HasPrefix(block[1], "case "):
			cases++
			read, err := scenario.Read(strings.NewReader(block[1]))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range scenario.Run(lifecycletest.Changed, read[0]) {
				t.Error(f)
			}
		case strings.HasPrefix(block[1], "policy: "):
			policies++
			if _, err := policy.Parse("docs/policy.md", []byte(block[1]), ""); err != nil {
				t.Error(err)
			}
		}
	}
	if cases == 0 || policies == 0 {
		t.Errorf("%d cases and %d policies were found", cases, policies)
	}
}
