package standalone_test

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// used makes a data directory with a person and returns its path.
func used(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m := start(t, dir, nil)
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	m.stop()
	return dir
}

// begin starts a server on a directory and returns the error.
func begin(t *testing.T, dir string) error {
	t.Helper()
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	n, err := standalone.Start(t.Context(), standalone.Options{
		Home: h, Listen: "127.0.0.1:0", Still: true, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = n.Close()
	}
	return err
}

// TestStart_ADirectoryThatIsNotWholeIsRefused: each part that is missing, or is that of another installation or of an
// earlier time, is refused with the way out, and nothing is changed.
func TestStart_ADirectoryThatIsNotWholeIsRefused(t *testing.T) {
	other := used(t)
	for name, c := range map[string]struct {
		lose func(t *testing.T, dir string)
		says string
	}{
		"configuration": {func(t *testing.T, dir string) { remove(t, dir, "rodopath.yaml") }, "rodopath.yaml is missing"},
		"database": {func(t *testing.T, dir string) {
			remove(t, dir, "rodopath.db", "rodopath.db-wal", "rodopath.db-shm")
		}, "rodopath.db is missing"},
		"streams": {func(t *testing.T, dir string) { remove(t, dir, "nats") }, "the stream FACTS in"},
		"decisions": {func(t *testing.T, dir string) {
			remove(t, dir, "nats/jetstream/$G/streams/DECISIONS")
		}, "the stream DECISIONS in"},
		"messages": {func(t *testing.T, dir string) {
			remove(t, dir, "nats/jetstream/$G/streams/FACTS/msgs")
		}, "the stream FACTS in"},
		"segments":   {func(t *testing.T, dir string) { remove(t, dir, "intake/segments") }, "the intake log in"},
		"intake log": {func(t *testing.T, dir string) { remove(t, dir, "intake") }, "the intake log in"},
		"keys":       {func(t *testing.T, dir string) { remove(t, dir, "keys.json") }, "keys.json is missing"},
		"an empty database": {func(t *testing.T, dir string) {
			remove(t, dir, "rodopath.db", "rodopath.db-wal", "rodopath.db-shm")
			if err := os.WriteFile(filepath.Join(dir, "rodopath.db"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "another installation"},
		"the database of another": {func(t *testing.T, dir string) {
			remove(t, dir, "rodopath.db")
			copyInto(t, filepath.Join(other, "rodopath.db"), filepath.Join(dir, "rodopath.db"))
		}, "another installation"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := used(t)
			c.lose(t, dir)
			before := listing(t, dir)
			err := begin(t, dir)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want an error that says %q", err, c.says)
			}
			if name != "keys" && !errors.Is(err, datadir.ErrLost) && !strings.Contains(err.Error(), "backup") {
				t.Errorf("%v: want the way out", err)
			}
			if after := listing(t, dir); after != before && !strings.Contains(name, "database") {
				t.Errorf("the directory was changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

// TestStart_AnOldCopyOfTheDatabaseIsRefused: a file without its write-ahead log, or from an earlier day.
func TestStart_AnOldCopyOfTheDatabaseIsRefused(t *testing.T) {
	dir := used(t)
	copyInto(t, filepath.Join(dir, "rodopath.db"), filepath.Join(dir, "old"))
	if err := begin(t, dir); err != nil {
		t.Fatal(err)
	}
	remove(t, dir, "rodopath.db")
	copyInto(t, filepath.Join(dir, "old"), filepath.Join(dir, "rodopath.db"))
	if err := begin(
		t,
		dir,
	); !errors.Is(err, datadir.ErrLost) ||
		!strings.Contains(err.Error(), "older than the directory") {
		t.Errorf("got %v, want a refusal of the older database", err)
	}
	remove(t, dir, datadir.MarkerFile)
	if err := begin(t, dir); err != nil {
		t.Errorf("without the marker: %v, want a start with what is there", err)
	}
}

// TestStart_ALostWriteAheadLogIsRefused: of a program that was killed, and the file alone looks whole.
func TestStart_ALostWriteAheadLogIsRefused(t *testing.T) {
	dir := used(t)
	path := filepath.Join(dir, datadir.MarkerFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	killed := strings.Replace(string(data), `"running": false`, `"running": true`, 1)
	if killed == string(data) {
		t.Fatalf("the marker is %s, want one of a program that ended", data)
	}
	if err := os.WriteFile(path, []byte(killed), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := begin(t, dir); !errors.Is(err, datadir.ErrLost) || !strings.Contains(err.Error(), "-wal") {
		t.Errorf("got %v, want a refusal for the missing write-ahead log", err)
	}
}

// TestStart_AnUpgradeThatCannotGoOnChangesNothing: the policy in force cannot be read by this version.
func TestStart_AnUpgradeThatCannotGoOnChangesNothing(t *testing.T) {
	dir := used(t)
	path := filepath.Join(dir, "rodopath.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`UPDATE policies SET doc = CAST('{"revision":"of-another-version","from":"2026-01-01T00:00:00Z","text":"rules: {new: syntax}"}' AS BLOB)`,
		"PRAGMA user_version = 5", "DROP TABLE state", "PRAGMA wal_checkpoint(TRUNCATE)",
	} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(t, dir); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Fatalf("got %v, want a refusal that says that nothing was changed", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the database was changed, %v", err)
	}
}

func remove(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func copyInto(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// listing lists the files of a directory.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, "\n")
}
