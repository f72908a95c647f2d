package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/rodopath/cli"
)

// TestPolicy_AFaultOfThePolicyIsANo: a script that checks a policy, or tries it on
// stories, tells a fault of the policy from a command that could not run.
func TestPolicy_AFaultOfThePolicyIsANo(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken := write("broken.yaml", "policy: my-shop\nextends: pl\nchoices: {tax: never}\n")
	sound := write("sound.yaml", "policy: my-shop\nextends: pl\n")
	write("one.case", "case nothing happens\n2026-03-01 10:00 time\n")
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"policy", "check", broken}, 4},
		{[]string{"policy", "test", dir, "--policy", broken}, 4},
		{[]string{"policy", "test", dir, "--policy", sound}, 0},
		{[]string{"policy", "test", filepath.Join(dir, "nowhere"), "--policy", sound}, 1},
	} {
		var out, errOut bytes.Buffer
		got := cli.Run(t.Context(), append(c.args, "--data", dir), &out, &errOut)
		if got != c.want || c.want == 4 && !strings.Contains(out.String(), "tax") {
			t.Errorf("%q: exit code %d, not %d:\n%s%s", c.args, got, c.want, &out, &errOut)
		}
	}
}
