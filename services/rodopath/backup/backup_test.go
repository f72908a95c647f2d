package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/rodopath/backup"
)

// private are contents that only a holder of the keys may read.
func private() map[string]string {
	return map[string]string{
		"secrets/card":     "whsec_a-signing-secret",
		"consumer.url":     "nats://outside:password-of-outside@127.0.0.1:4222",
		"consumer-crm.url": "nats://crm:password-of-crm@127.0.0.1:4222",
		"rodopath.yaml":    "controller: A confidential business\n",
		"intake/1.log":     "webhook about ala@example.com",
	}
}

// installation makes a data directory with keys and private contents.
func installation(t *testing.T) *backup.Machine {
	t.Helper()
	dir := t.TempDir()
	for name, text := range private() {
		if !strings.HasPrefix(name, "intake/") {
			put(t, filepath.Join(dir, name), []byte(text))
		}
	}
	if err := identity.CheckDataKeys(dir); err != nil {
		t.Fatal(err)
	}
	return &backup.Machine{
		Dir:   dir,
		Vault: vault(t, filepath.Join(dir, "keys.json")),
		Intake: func(to string) (int, error) {
			put(t, filepath.Join(to, "1.log"), []byte(private()["intake/1.log"]))
			return 1, nil
		},
	}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err = errors.Join(err, os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func vault(t *testing.T, path string) *identity.Vault {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := identity.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := identity.NewVault(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// take makes a backup and returns its file.
func take(t *testing.T, m *backup.Machine, withKeys bool) string {
	t.Helper()
	c, err := backup.Take(t.Context(), m, withKeys, time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.tar.gz")
	put(t, path, out.Bytes())
	return path
}

type entry struct {
	name string
	data []byte
}

// entries reads the entries of an archive in order.
func entries(t *testing.T, path string) (out []entry) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(packed)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{h.Name, data})
	}
}

// pack writes entries as an archive.
func pack(t *testing.T, all []entry) string {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	archive := tar.NewWriter(packed)
	for _, e := range all {
		err := archive.WriteHeader(&tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.data)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = archive.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), packed.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "packed.tar.gz")
	put(t, path, out.Bytes())
	return path
}

// restore restores a backup and returns what was told.
func restore(t *testing.T, file, keys string) (dir, told string, err error) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	r := &backup.Restore{File: file, Dir: dir, Keys: keys, Log: slog.New(slog.DiscardHandler), Tell: func(what string) {
		told += what + "\n"
	}}
	_, err = r.Run(context.Background())
	return dir, told, err
}

func TestBackup_WithoutKeysShowsNothingPrivate(t *testing.T) {
	m := installation(t)
	file := take(t, m, false)
	for _, e := range entries(t, file) {
		for _, text := range private() {
			if bytes.Contains(e.data, []byte(text)) {
				t.Errorf("%s is in the clear in %s", text, e.name)
			}
		}
	}
	dir, _, err := restore(t, file, filepath.Join(m.Dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range private() {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := backup.Verify(file, m.Vault); err != nil {
		t.Error(err)
	}
}

func TestBackup_WithoutKeysIsUselessWithoutThem(t *testing.T) {
	file := take(t, installation(t), false)
	foreign := filepath.Join(installation(t).Dir, "keys.json")
	for keys, says := range map[string]string{"": "--keys", foreign: "are not those of this backup"} {
		if _, _, err := restore(t, file, keys); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", keys, err)
		}
	}
	if _, err := backup.Verify(file, nil); err != nil {
		t.Errorf("without keys: %v", err)
	}
}

// changed returns a backup with a changed manifest.
func changed(t *testing.T, file string) string {
	t.Helper()
	all := entries(t, file)
	for i := range all {
		if all[i].name == "manifest.json" {
			all[i].data = bytes.Replace(all[i].data, []byte("2026-11-25"), []byte("2026-11-20"), 1)
		}
	}
	return pack(t, all)
}

func TestRestore_RefusesAChangedManifest(t *testing.T) {
	m := installation(t)
	keys := filepath.Join(m.Dir, "keys.json")
	for name, file := range map[string]string{
		"sealed": take(t, m, false), "with keys": take(t, m, true),
	} {
		file = changed(t, file)
		if _, err := backup.Verify(file, m.Vault); !errors.Is(err, backup.ErrForged) {
			t.Errorf("%s: verified: %v", name, err)
		}
		if dir, _, err := restore(t, file, keys); !errors.Is(err, backup.ErrForged) {
			t.Errorf("%s: restored to %s: %v", name, dir, err)
		}
	}
}

func TestRestore_RefusesEntriesThatWereExchangedOrAdded(t *testing.T) {
	m := installation(t)
	all := entries(t, take(t, m, false))
	for name, change := range map[string]func([]entry) []entry{
		"no code":         func(e []entry) []entry { return e[:len(e)-1] },
		"after the code":  func(e []entry) []entry { return append(e, entry{"data/more", nil}) },
		"no data key":     func(e []entry) []entry { return e[1:] },
		"twice":           func(e []entry) []entry { return append([]entry{e[0], e[1]}, e[1:]...) },
		"outside":         func(e []entry) []entry { return append([]entry{e[0], {"data/../../x", nil}}, e[1:]...) },
		"no manifest":     func(e []entry) []entry { return e[:len(e)-2] },
		"exchanged files": func(e []entry) []entry { e[1].data, e[2].data = e[2].data, e[1].data; return e },
	} {
		file := pack(t, change(append([]entry(nil), all...)))
		if _, _, err := restore(t, file, filepath.Join(m.Dir, "keys.json")); !errors.Is(err, backup.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRestore_ReadsFormat1WithAWarning(t *testing.T) {
	m := installation(t)
	files := map[string]string{}
	var all []entry
	for name, text := range private() {
		sum := sha256.Sum256([]byte(text))
		files["data/"+name] = hex.EncodeToString(sum[:])
		all = append(all, entry{"data/" + name, []byte(text)})
	}
	manifest, err := json.Marshal(map[string]any{
		"format": 1, "created": "2026-11-25T12:00:00Z", "keys": filepath.Join(m.Dir, "keys.json"), "files": files,
	})
	if err != nil {
		t.Fatal(err)
	}
	file := pack(t, append(all, entry{"manifest.json", manifest}))
	dir, told, err := restore(t, file, filepath.Join(m.Dir, "keys.json"))
	if err != nil || !strings.Contains(told, "warning: the backup has format 1") {
		t.Fatalf("%v: %s", err, told)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "secrets", "card")); err != nil || len(got) == 0 {
		t.Error(err)
	}
	newer := pack(
		t,
		append(all, entry{"manifest.json", bytes.Replace(manifest, []byte(`"format":1`), []byte(`"format":3`), 1)}),
	)
	if _, _, err := restore(
		t,
		newer,
		filepath.Join(m.Dir, "keys.json"),
	); err == nil ||
		!strings.Contains(err.Error(), "the file has format 3") {
		t.Errorf("a newer format: %v", err)
	}
}

func TestRestore_KeepsTheKeysThatWait(t *testing.T) {
	m := installation(t)
	file := take(t, m, true)
	other := installation(t)
	dir := filepath.Join(t.TempDir(), "data")
	text, err := os.ReadFile(filepath.Join(other.Dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "keys.json"), text)
	r := &backup.Restore{File: file, Dir: dir, Log: slog.New(slog.DiscardHandler), Tell: func(string) {}}
	if _, err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "are not those of this backup") {
		t.Errorf("other keys: %v", err)
	}
	if left, err := os.ReadFile(filepath.Join(dir, "keys.json")); err != nil || !bytes.Equal(left, text) {
		t.Errorf("the keys were replaced: %v", err)
	}
}

func TestBackup_OfKeysElsewhere(t *testing.T) {
	m := installation(t)
	keys := filepath.Join(t.TempDir(), "configured.json")
	if err := os.Rename(filepath.Join(m.Dir, "keys.json"), keys); err != nil {
		t.Fatal(err)
	}
	m.KeysElsewhere = true
	if _, err := backup.Take(t.Context(), m, true, time.Now()); !errors.Is(err, backup.ErrKeysElsewhere) {
		t.Errorf("with keys: %v", err)
	}
	file := take(t, m, false)
	dir, _, err := restore(t, file, keys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys.json")); err == nil {
		t.Error("the configured keys were put into the data directory")
	}
	if _, _, err := restore(t, changed(t, file), keys); !errors.Is(err, backup.ErrForged) {
		t.Errorf("a changed manifest: %v", err)
	}
}
