package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asks runs a command without a terminal, and checks that the command shows what it would do, and does nothing.
func asks(t *testing.T, shown string, args ...string) {
	t.Helper()
	cmd := program(t, args...)
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(text, "--yes") ||
		!strings.Contains(text, shown) {
		t.Errorf("%v: got exit code %d and %s, want 2, --yes and %q", args, cmd.ProcessState.ExitCode(), text, shown)
	}
}

func TestCommands_AskBeforeTheyEraseOrReplace(t *testing.T) {
	dir := t.TempDir()
	server := sold(t, dir)
	signup := filepath.Join(t.TempDir(), "signup.json")
	if err := os.WriteFile(signup, []byte(`{"kind":"signup","at":"2026-01-15T10:00:00Z","wording":"newsletter-offers",
		"channels":["email"],"evidence":{"form":"footer"},"person":{"email":"p1@example.com"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(t, "send", signup, "--data", dir)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // another process applies it
		if strings.Contains(ask(t, "explain", "p1@example.com", "--data", dir), "newsletter") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the sign-up is not applied")
		}
	}
	asks(t, "Erased: ", "requests", "open", "p1@example.com", "erasure", "--data", dir)
	asks(t, "nothing is erased", "requests", "open", "nobody@example.com", "erasure", "--data", dir)
	asks(t, "The time is", "brake", "release", "--data", dir)
	asks(t, "At most 0 deletions", "replay", "--since", "2026-01-01", "--data", dir)
	if said := ask(t, "requests", "--data", dir); !strings.Contains(said, "No request is open.") {
		t.Errorf("got %s, want no request", said)
	}
	ask(t, "requests", "open", "p1@example.com", "erasure", "--unverified", "--ref", "letter-1", "--data", dir)
	asks(t, "Erased: ", "requests", "verify", "letter-1", "--data", dir)
	ask(t, "requests", "verify", "letter-1", "--yes", "--data", dir)
	ask(t, "requests", "decide", "letter-1", "--outcome", "granted", "--data", dir) // erases nothing more
	ask(t, "requests", "open", "p1@example.com", "access", "--ref", "letter-2", "--data", dir)
	if said := ask(
		t,
		"requests",
		"mistake",
		"letter-2",
		"--reason",
		"recorded twice",
		"--yes",
		"--data",
		dir,
	); !strings.Contains(
		said,
		"letter-2: mistake is recorded.",
	) {
		t.Errorf("got %s, want that the mistake is recorded", said)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // another process applies it
		said := ask(t, "requests", "--data", dir)
		if !strings.Contains(said, "letter-2") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s, want no letter-2", said)
		}
	}
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	ask(t, "backup", file, "--data", dir)
	end(t, server)
	asks(t, "sealed anew", "keys", "rotate", "--data", dir)
	restored := filepath.Join(t.TempDir(), "restored")
	asks(t, "held again", "restore", file, "--data", restored, "--keys", filepath.Join(dir, "keys.json"))
	if _, err := os.Stat(restored); !os.IsNotExist(err) {
		t.Errorf("got %v, want no restored directory", err)
	}
}
