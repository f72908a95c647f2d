package cli_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// burst sends sales until it is stopped, which returns the numbers that were taken.
func burst(t *testing.T, c control, dir string) (taken func() []int, stop func()) {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(dir, "secrets", "card"))
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg   sync.WaitGroup
		next atomic.Int64
		end  atomic.Bool
		mu   sync.Mutex
		all  []int
	)
	for range 4 {
		wg.Go(func() {
			for !end.Load() {
				n := int(next.Add(1))
				if !sale(c, strings.TrimSpace(string(secret)), n) {
					return
				}
				mu.Lock()
				all = append(all, n)
				mu.Unlock()
			}
		})
	}
	taken = func() []int {
		mu.Lock()
		defer mu.Unlock()
		return append([]int(nil), all...)
	}
	return taken, func() { end.Store(true); wg.Wait() }
}

func TestBackup_OfARunningServerHoldsAllThatWasTakenBefore(t *testing.T) {
	dir := t.TempDir()
	server, c := serve(t, dir)
	taken, stop := burst(t, c, dir)
	for len(taken()) < 60 {
		if server.ProcessState != nil {
			t.Fatal("the server ended")
		}
	}
	before := taken()
	file := filepath.Join(t.TempDir(), "copy.tar.gz")
	if said := ask(
		t,
		"backup",
		file,
		"--data",
		dir,
	); !strings.Contains(said, "The keys are not in the file") ||
		!strings.Contains(said, "DECISIONS: ") {
		t.Errorf("backup says: %s", said)
	}
	stop()
	shown(t, file, filepath.Join(dir, "secrets", "card"), "@example.com", "controller")
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // it was killed

	restored := filepath.Join(t.TempDir(), "data")
	said := ask(t, "restore", file, "--yes", "--data", restored, "--keys", filepath.Join(dir, "keys.json"))
	for _, want := range []string{"is restored to the state of", "received after that time are missing", "replay --since"} {
		if !strings.Contains(said, want) {
			t.Errorf("restore does not say %q: %s", want, said)
		}
	}
	ask(t, "explain", "p1@example.com", "--data", restored)
	out := ask(t, "events", "--json", "--data", restored)
	for _, n := range before {
		if got := strings.Count(out, fmt.Sprintf("\"p%d@example.com\"", n)); got != 1 {
			t.Errorf("webhook %d was taken before the backup and has %d decisions after it", n, got)
		}
	}
	if said := ask(t, "journal", "verify", "--data", restored); !strings.Contains(said, "digest") {
		t.Errorf("the journal is not whole: %s", said)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".backup-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// shown fails if an uncompressed backup holds a secret or one of the texts in the clear.
func shown(t *testing.T, file, secret string, texts ...string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(texts, strings.TrimSpace(string(own))) {
		if bytes.Contains(all, []byte(text)) {
			t.Errorf("%q is in the clear in the backup", text)
		}
	}
}

func TestRestore_RefusesWhatWouldNotWork(t *testing.T) {
	dir := t.TempDir()
	server, _ := serve(t, dir)
	file := filepath.Join(t.TempDir(), "copy.tar.gz")
	ask(t, "backup", file, "--data", dir)
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(dir, "keys.json")
	made := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(made, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	changed := bytes.Clone(whole)
	changed[len(changed)/2] ^= 1
	foreign := put("foreign.json", []byte(ask(t, "keys")))
	for _, c := range []struct {
		name, file, data, keys, says string
	}{
		{"broken off", put("half", whole[:len(whole)/2]), "", keys, "not a whole backup"},
		{"changed", put("changed", changed), "", keys, "not a whole backup"},
		{"something else", put("other", []byte("hello")), "", keys, "not a whole backup"},
		{"missing", filepath.Join(made, "none"), "", keys, "no such file"},
		{"without keys", file, "", "", "--keys"},
		{"foreign keys", file, "", foreign, "foreign.json are not those of this backup"},
		{"occupied", file, dir, keys, "the data directory is not empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := c.data
			if data == "" {
				data = filepath.Join(t.TempDir(), "data")
			}
			out, err := program(t, "restore", c.file, "--yes", "--data", data, "--keys", c.keys).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.says) {
				t.Errorf("%v: %s", err, out)
			}
			if entries, _ := os.ReadDir(filepath.Dir(data)); c.data == "" && len(entries) > 0 {
				t.Errorf("something was left: %v", entries)
			}
		})
	}
}

func TestBackup_WithKeysNeedsNothingElse(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir)
	// What a process left that was killed while it made a backup.
	if err := os.MkdirAll(filepath.Join(dir, ".backup-1", "streams"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy-with-keys.tar.gz")
	unnamed := filepath.Join(t.TempDir(), "copy.tar.gz")
	out, err := program(t, "backup", unnamed, "--with-keys", "--data", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), `choose a name that contains "with-keys"`) {
		t.Errorf("a name that does not say so: %v: %s", err, out)
	}
	if said := ask(
		t,
		"backup",
		file,
		"--with-keys",
		"--data",
		dir,
	); !strings.Contains(
		said,
		"The file holds the keys and gives access to all data.",
	) {
		t.Errorf("backup says: %s", said)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".backup-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	restored := filepath.Join(t.TempDir(), "data")
	ask(t, "restore", file, "--yes", "--data", restored)
	ask(t, "holds", "--data", restored)
	if info, err := os.Stat(filepath.Join(restored, "keys.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keys: %v, %v", info, err)
	}
}
