package cli_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sold serves from a directory, and takes the sale of one person.
func sold(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	server, c := serve(t, dir)
	secret, err := os.ReadFile(filepath.Join(dir, "secrets", "card"))
	if err != nil {
		t.Fatal(err)
	}
	if !sale(c, strings.TrimSpace(string(secret)), 1) {
		t.Fatal("the webhook was not taken")
	}
	const tries = 100
	for n := 1; program(t, "explain", "p1@example.com", "--data", dir).Run() != nil; n++ { // another process applies it
		if n == tries {
			t.Fatal("the sale is not applied")
		}
		time.Sleep(50 * time.Millisecond)
	}
	return server
}

// end has a server end by itself.
func end(t *testing.T, server *exec.Cmd) {
	t.Helper()
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestKeysRotate_EverybodyIsFoundAndTheOldKeysAreOfNoUse(t *testing.T) {
	dir := t.TempDir()
	server := sold(t, dir)
	path := filepath.Join(dir, "keys.json")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := program(
		t,
		"keys",
		"rotate",
		"--yes",
		"--data",
		dir,
	).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "stop the server first") {
		t.Errorf("with a running server: %v: %s", err, out)
	}
	end(t, server)
	if said := ask(
		t,
		"keys",
		"rotate",
		"--yes",
		"--data",
		dir,
	); !strings.Contains(
		said,
		"1 hashed and sealed with the new keys",
	) {
		t.Errorf("rotate says: %s", said)
	}
	if said := ask(t, "explain", "p1@example.com", "--data", dir); !strings.Contains(said, "p1@example.com") {
		t.Errorf("after the rotation: %s", said)
	}
	rotated, err := os.ReadFile(path)
	if err != nil || bytes.Equal(old, rotated) {
		t.Fatalf("the keys did not change: %v", err)
	}
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := program(t, "explain", "p1@example.com", "--data", dir).CombinedOutput(); err == nil {
		t.Errorf("the old keys still open names: %s", out)
	}
}

func TestKeys_ThoseOfADataDirectoryAreNotChangedAlone(t *testing.T) {
	dir := t.TempDir()
	server, _ := serve(t, dir)
	path := filepath.Join(dir, "keys.json")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"keys", "rotate", "--yes", "--file", path}, {"keys", "prune", "--file", path, "--resealed"}} {
		if out, err := program(
			t,
			args...).CombinedOutput(); err == nil ||
			!strings.Contains(string(out), "keys rotate --data "+dir) {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(old, now) {
		t.Errorf("the keys were changed: %v", err)
	}
	loose := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(loose, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := ask(t, "keys", "rotate", "--yes", "--file", loose); !strings.Contains(said, "keys reseal") {
		t.Errorf("rotate says: %s", said)
	}
	if out, err := program(
		t,
		"keys",
		"prune",
		"--file",
		loose,
	).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "--resealed") {
		t.Errorf("prune without a word of the reseal: %v: %s", err, out)
	}
	ask(t, "keys", "prune", "--file", loose, "--resealed")
	_ = server.Process.Kill()
}

func TestKeysRotate_TwiceAtOnceLocksNobodyOut(t *testing.T) {
	dir := t.TempDir()
	server := sold(t, dir)
	end(t, server)
	for range 3 {
		a, b := program(t, "keys", "rotate", "--yes", "--data", dir), program(t, "keys", "rotate", "--yes", "--data", dir)
		if err := errors.Join(a.Start(), b.Start()); err != nil {
			t.Fatal(err)
		}
		_, _ = a.Wait(), b.Wait() // either may find the other there
	}
	if said := ask(t, "keys", "rotate", "--yes", "--data", dir); !strings.Contains(said, "Done") {
		t.Errorf("rotate says: %s", said)
	}
	if said := ask(t, "explain", "p1@example.com", "--data", dir); !strings.Contains(said, "p1@example.com") {
		t.Errorf("afterwards: %s", said)
	}
}
