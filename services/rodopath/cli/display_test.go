package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTexts_ShowNothingThatControlsATerminal puts marks of direction into what comes from outside:
// texts replace the marks, and JSON is exact.
func TestTexts_ShowNothingThatControlsATerminal(t *testing.T) {
	dir := t.TempDir()
	_, c := serve(t, dir)
	secret, err := os.ReadFile(filepath.Join(dir, "secrets", "card"))
	if err != nil {
		t.Fatal(err)
	}
	if !sale(c, strings.TrimSpace(string(secret)), 1) {
		t.Fatal("the sale was refused")
	}
	const hostile = "\u202e\u2066\u200b\u2069"
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if program(t, "explain", "p1@example.com", "--data", dir).Run() == nil { // the sale is applied
			break
		}
	}
	ask(t, "hold", "p1@example.com", "--reason", "claim "+hostile, "--data", dir)
	said := ask(t, "holds", "--data", dir)
	if strings.ContainsAny(said, hostile) || !strings.Contains(said, "claim \ufffd\ufffd\ufffd\ufffd\n") {
		t.Errorf("the list shows %q", said)
	}
	if said := ask(t, "holds", "--json", "--data", dir); !strings.Contains(said, "claim "+hostile) {
		t.Errorf("JSON is not exact: %q", said)
	}
	for _, args := range [][]string{
		{"explain", "p1@example.com"}, {"journal", "p1@example.com"}, {"export", "p1@example.com", "--form", "page"},
	} {
		if said := ask(t, append(args, "--data", dir)...); strings.ContainsAny(said, hostile) {
			t.Errorf("%v shows %q", args, said)
		}
	}
	if said := ask(t, "explain", "p1@example.com", "--json", "--data", dir); !strings.Contains(said, hostile) {
		t.Errorf("JSON is not exact: %q", said)
	}
	out, err := program(t, "explain", "nobody\x1b[2K"+hostile, "--data", dir).CombinedOutput()
	if err == nil || bytes.ContainsAny(out, hostile+"\x1b") {
		t.Errorf("an error shows %q", out)
	}
}
