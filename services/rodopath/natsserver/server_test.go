package natsserver_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/rodopath/natsserver"
)

// mark stands for an address in a message.
const mark = "streams-mark@example.com"

func start(t *testing.T, dir, key string) *natsserver.Server {
	t.Helper()
	s, err := natsserver.Start(natsserver.Options{Dir: dir, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, s *natsserver.Server) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(s.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if err := streams.Ensure(t.Context(), js, streams.Options{}); err != nil {
		t.Fatal(err)
	}
	return js
}

// inClear reports whether the mark can be read in a file below dir.
func inClear(t *testing.T, dir string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(mark))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestStart_WithAKeyLeavesNothingInTheClear(t *testing.T) {
	dir := t.TempDir()
	plain := start(t, dir, "")
	if _, err := open(t, plain).Publish(t.Context(), stream.FactsOf("shop"), []byte(mark)); err != nil {
		t.Fatal(err)
	}
	plain.Close()
	if !inClear(t, dir) {
		t.Fatal("the mark is not in the files of a server without a key: this test sees nothing")
	}
	sealed := start(t, dir, "key")
	js := open(t, sealed)
	if _, err := js.Publish(t.Context(), stream.FactsOf("shop"), []byte("another "+mark)); err != nil {
		t.Fatal(err)
	}
	sealed.Close()
	if inClear(t, dir) {
		t.Error("the mark is in the files of a server with a key")
	}
	again := start(t, dir, "key")
	defer again.Close()
	s, err := open(t, again).Stream(t.Context(), stream.Facts)
	if err != nil {
		t.Fatal(err)
	}
	for seq, want := range map[uint64]string{1: mark, 2: "another " + mark} {
		if m, err := s.GetMsg(t.Context(), seq); err != nil || string(m.Data) != want {
			t.Errorf("message %d: %v, %v", seq, m, err)
		}
	}
}
