package sqlitestore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// firstSchema is what the first rodopath made of a file, word for word.
const firstSchema = `
CREATE TABLE IF NOT EXISTS subjects (
	id        TEXT PRIMARY KEY,
	version   INTEGER NOT NULL,
	review_at INTEGER,            -- unix milliseconds
	revision  TEXT,               -- null for redirects
	pending   INTEGER NOT NULL,
	doc       BLOB NOT NULL       -- lifecycle.Subject as JSON
) STRICT;
CREATE TABLE IF NOT EXISTS identities (
	key     TEXT PRIMARY KEY,     -- keyed hash
	subject TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subjects_review ON subjects (review_at, id) WHERE review_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS subjects_revision ON subjects (revision, id) WHERE revision IS NOT NULL;
CREATE INDEX IF NOT EXISTS subjects_pending ON subjects (id) WHERE pending = 1;
`

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// firstFile makes a file of the first rodopath that holds one person.
func firstFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rodopath.db")
	person := lifecycle.Subject{
		ID: "a", Version: 3, Keys: []string{"key-a"}, Revision: "r1", LastReceived: noon(),
		Facts: []fact.Fact{{ID: "fact-a", Kind: fact.KindSale, Occurred: noon(), Received: noon()}},
	}
	doc, err := json.Marshal(person)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, path, "PRAGMA journal_mode = WAL")
	execute(t, path, firstSchema)
	execute(
		t,
		path,
		"INSERT INTO subjects (id, version, review_at, revision, pending, doc) VALUES ('a', 3, NULL, 'r1', 0, ?)",
		doc,
	)
	execute(t, path, "INSERT INTO identities (key, subject) VALUES ('key-a', 'a')")
	return path
}

// execute runs statements on a file, as some other program would.
func execute(t *testing.T, path, statements string, args ...any) {
	t.Helper()
	with(t, path, func(db *sql.DB) {
		if _, err := db.ExecContext(t.Context(), statements, args...); err != nil {
			t.Fatal(err)
		}
	})
}

func with(t *testing.T, path string, do func(*sql.DB)) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	do(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// tables returns what a file says of itself: its version, then all tables and
// indexes.
func tables(t *testing.T, path string) []string {
	t.Helper()
	var out []string
	with(t, path, func(db *sql.DB) {
		rows, err := db.QueryContext(
			t.Context(),
			"SELECT 'version ' || user_version FROM pragma_user_version UNION ALL SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL",
		)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	})
	slices.Sort(out)
	return out
}

func TestOpen_FirstFile_IsBroughtUpToDate(t *testing.T) {
	path := firstFile(t)
	for range 2 { // what is up to date stays as it is
		st := open(t, path)
		if owners, err := st.Lookup(t.Context(), []string{"key-a"}); err != nil || owners["key-a"] != "a" {
			t.Fatalf("the key belongs to %v, %v", owners, err)
		}
		if n, err := st.Count(t.Context()); err != nil || n != 1 {
			t.Fatalf("%d subjects, %v", n, err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	useAll(t, open(t, path))
	fresh := filepath.Join(t.TempDir(), "rodopath.db")
	open(t, fresh)
	if diff := cmp.Diff(tables(t, fresh), tables(t, path)); diff != "" {
		t.Errorf("an old file is not what a new one is (-new +old):\n%s", diff)
	}
}

// useAll writes to everything that the first rodopath did not have.
func useAll(t *testing.T, st *sqlitestore.Store) {
	t.Helper()
	found, err := st.Load(t.Context(), []string{"a"})
	if err != nil || found["a"].Version != 3 || len(found["a"].Facts) != 1 {
		t.Fatalf("got %+v, %v", found, err)
	}
	s, due := found["a"], noon()
	s.RequestDue = &due
	if errs, err := st.Save(t.Context(), []store.Change{{Subject: s}}); err != nil || errs[0] != nil {
		t.Fatalf("save: %v, %v", errs, err)
	}
	if got, err := st.Requested(t.Context(), 10); err != nil || len(got) != 1 || got[0].Version != 4 {
		t.Errorf("got %+v, %v", got, err)
	}
	if errs, err := st.Append(
		t.Context(),
		[]chain.Entry{{Subject: "a", Seq: 1, At: noon(), Hash: "h"}},
	); err != nil ||
		errs[0] != nil {
		t.Errorf("append: %v, %v", errs, err)
	}
	if err := st.AddPolicy(t.Context(), store.Policy{Revision: "r1", From: noon()}); err != nil {
		t.Error(err)
	}
}

// TestOpen_AtOnce opens one file many times at the same moment: an old one, and
// one that is not there yet.
func TestOpen_AtOnce(t *testing.T) {
	for name, path := range map[string]string{"an old file": firstFile(t), "a new file": filepath.Join(t.TempDir(), "rodopath.db")} {
		t.Run(name, func(t *testing.T) {
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					<-start
					st, err := sqlitestore.Open(context.WithoutCancel(t.Context()), path)
					if err != nil {
						t.Errorf("open: %v", err)
						return
					}
					if err := st.AddPolicy(
						context.WithoutCancel(t.Context()),
						store.Policy{Revision: fmt.Sprintf("r%d", i), From: noon()},
					); err != nil {
						t.Errorf("adopt: %v", err)
					}
					if err := st.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				})
			}
			close(start)
			wg.Wait()
			if all, err := open(t, path).Policies(t.Context()); err != nil || len(all) != 8 {
				t.Errorf("%d policies, %v, want 8", len(all), err)
			}
		})
	}
}

func TestOpen_NewerFile_IsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rodopath.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, "PRAGMA user_version = 1000; DROP TABLE policies") // whatever a newer one does
	was := tables(t, path)
	st, err := sqlitestore.Open(t.Context(), path)
	if err == nil {
		_ = st.Close()
		t.Fatal("the file was opened")
	}
	if text := err.Error(); !strings.Contains(text, "was written by a newer version of rodopath; ") ||
		!strings.Contains(text, path) {
		t.Errorf("the error says: %s", text)
	}
	if diff := cmp.Diff(was, tables(t, path)); diff != "" {
		t.Errorf("the file was changed (-before +after):\n%s", diff)
	}
}

// TestOpen_NewFile_HasSmallPages: keys lie scattered over the file, and each writes a page. A copy of an old file has
// small pages as well, so that a backup and its restoration make the pages small.
func TestOpen_NewFile_HasSmallPages(t *testing.T) {
	const want = 1024
	for name, path := range map[string]string{
		"a new file": filepath.Join(t.TempDir(), "rodopath.db"), "an old file": firstFile(t),
	} {
		st, copied := open(t, path), filepath.Join(t.TempDir(), "copy.db")
		if _, err := st.Copy(t.Context(), copied); err != nil {
			t.Fatal(err)
		}
		with(t, copied, func(db *sql.DB) {
			var size int
			if err := db.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&size); err != nil || size != want {
				t.Errorf("the copy of %s has pages of %d bytes, %v, want %d", name, size, err, want)
			}
		})
	}
}
