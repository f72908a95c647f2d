package rotation_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/rotation"
)

// world is a configuration with the files of its secrets, as a Secret of Kubernetes is mounted.
type world struct {
	t      *testing.T
	dir    string
	config *config.Config
	log    bytes.Buffer
	watch  *rotation.Watch
	mounts int
}

func newWorld(t *testing.T, files map[string]string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	w.mount(files)
	path := filepath.Join(w.dir, "rodopath.yaml")
	if err := os.WriteFile(path, []byte("controller: Test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.config = c
	w.watch = rotation.New(c, 0, slog.New(slog.NewTextHandler(&w.log, nil)))
	return w
}

// mount replaces all files at once by a symbolic link, as the kubelet does.
func (w *world) mount(files map[string]string) {
	w.t.Helper()
	w.mounts++
	name := "data-" + string(rune('a'+w.mounts))
	must(w.t, os.Mkdir(filepath.Join(w.dir, name), 0o700))
	for file, text := range files {
		must(w.t, os.WriteFile(filepath.Join(w.dir, name, file), []byte(text), 0o600))
	}
	must(w.t, os.Symlink(name, filepath.Join(w.dir, "next")))
	must(w.t, os.Rename(filepath.Join(w.dir, "next"), filepath.Join(w.dir, "secrets")))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// follow follows the secrets "new" and "old", joined by "+".
func (w *world) follow() *rotation.Value[string] {
	w.t.Helper()
	references := []string{"file:secrets/new", "file:secrets/old", "env:NONE"}
	v, err := rotation.Follow(w.watch, "source shop", references, func() (string, error) {
		all, err := w.config.Secrets(references[:2])
		if err == nil && all[0] == "unusable" {
			err = errors.New("number 1: unusable secret")
		}
		return strings.Join(all, "+"), err
	})
	must(w.t, err)
	return v
}

func TestAChangedFileMakesTheValueAnew(t *testing.T) {
	w := newWorld(t, map[string]string{"new": "a", "old": "a"})
	v := w.follow()
	w.watch.Look()
	if got := v.Get(); got != "a+a" || w.log.Len() > 0 {
		t.Errorf("before a change: got %q and the log %q, want a+a and nothing", got, w.log.String())
	}
	w.mount(map[string]string{"new": "b", "old": "a"})
	w.watch.Look()
	if got := v.Get(); got != "b+a" ||
		!strings.Contains(w.log.String(), `"a changed secret is in force" of="source shop"`) {
		t.Errorf("after a change: got %q and the log %q, want b+a and a line", got, w.log.String())
	}
}

func TestAnUnusableSecretLeavesTheFormerInForceAndIsLoggedOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"new": "a", "old": "a"})
	v := w.follow()
	for _, files := range []map[string]string{{"new": "unusable", "old": "a"}, {"new": "", "old": "a"}, {"new": "b"}} {
		w.mount(files)
		w.log.Reset()
		w.watch.Look()
		w.watch.Look()
		if got, lines := v.Get(), strings.Count(
			w.log.String(),
			"the former secret stays in force",
		); got != "a+a" ||
			lines != 1 {
			t.Errorf("with %v: got %q and %d lines, want a+a and 1 line:\n%s", files, got, lines, w.log.String())
		}
	}
	w.mount(map[string]string{"new": "c", "old": "b"})
	w.watch.Look()
	if got := v.Get(); got != "c+b" {
		t.Errorf("after the correction: got %q, want c+b", got)
	}
}

func TestAValueThatCannotBeMadeIsAnError(t *testing.T) {
	w := newWorld(t, map[string]string{"new": "a"})
	_, err := rotation.Follow(w.watch, "source shop", []string{"file:secrets/old"}, func() (string, error) {
		return w.config.Secret("file:secrets/old")
	})
	if err == nil || !strings.Contains(err.Error(), "read secret file:secrets/old") {
		t.Errorf("got %v, want an error that names the reference", err)
	}
}

func TestRunLooksUntilTheContextEnds(t *testing.T) {
	w := newWorld(t, map[string]string{"new": "a", "old": "a"})
	v := w.follow()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.watch.Run(ctx); close(ended) }()
		w.mount(map[string]string{"new": "b", "old": "a"})
		timeout := rotation.DefaultEvery
		time.Sleep(timeout + 1)
		synctest.Wait()
		if got := v.Get(); got != "b+a" {
			t.Errorf("after %s: got %q, want b+a", timeout, got)
		}
		stop()
		<-ended
	})
}

func TestRunEndsWhenNothingCanChange(t *testing.T) {
	w := newWorld(t, map[string]string{"new": "a"})
	_, err := rotation.Follow(w.watch, "source shop", []string{"env:SHOP_SECRET"}, func() (int, error) { return 1, nil })
	must(t, err)
	w.watch.Run(t.Context()) // returns, as there is no file to look at
}
