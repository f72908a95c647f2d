package lifecycle_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/scenario"
)

var rewrite = flag.Bool(
	"rewrite",
	false,
	"write what the cases give into their files; read the difference before you keep it",
)

func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.case")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := scenario.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var all []scenario.Failure
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				for _, f := range scenario.Run(lifecycletest.Changed, c) {
					all = append(all, f)
					if !*rewrite || f.Err != nil {
						t.Errorf("%s: %s", file, f)
					}
				}
			})
		}
		if *rewrite {
			rewriteFile(t, file, string(data), all)
		}
	}
}

// rewriteFile puts what came out in the place of what was expected.
func rewriteFile(t *testing.T, file, old string, failures []scenario.Failure) {
	t.Helper()
	got := map[int][]string{}
	for _, f := range failures {
		got[f.Step.Line] = f.Got
	}
	var out strings.Builder
	skip := false
	for i, line := range strings.Split(strings.TrimSuffix(old, "\n"), "\n") {
		indented := strings.HasPrefix(line, " ")
		if skip && indented {
			continue
		}
		fmt.Fprintln(&out, line)
		_, skip = got[i+1]
		for _, g := range got[i+1] {
			fmt.Fprintln(&out, "  "+g)
		}
	}
	if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
