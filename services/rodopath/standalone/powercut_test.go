package standalone_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// powerCutDir names the data directory of the child of TestPowerCut, powerCutFirst its first webhook.
const powerCutDir, powerCutFirst = "RODOPATH_TEST_POWERCUT_DIR", "RODOPATH_TEST_POWERCUT_FIRST"

// powerCuts is how often the power is cut, and slowPowerCuts with RODOPATH_TEST_SLOW.
const powerCuts, slowPowerCuts = 2, 25

// TestPowerCut_LosesNoWebhookAndNoDecision: again and again kill -9 while webhooks arrive, and then each stream of the
// embedded NATS loses everything behind its last flush, as at a power cut. Every webhook that was answered 200 has
// its decisions afterwards, each once.
func TestPowerCut_LosesNoWebhookAndNoDecision(t *testing.T) {
	const decisions = 3 // about a sale of eight years ago
	if dir := os.Getenv(powerCutDir); dir != "" {
		serveUntilKilled(t, dir)
	}
	for _, index := range []string{"with its index", "without its index"} {
		t.Run(index, func(t *testing.T) {
			dir, cuts := unbraked(t), powerCuts
			if os.Getenv("RODOPATH_TEST_SLOW") != "" {
				cuts = slowPowerCuts
			}
			var taken []int
			for cut := range cuts {
				taken = append(taken, killUnderLoad(t, dir, cut*mostWebhooks)...)
				for _, stream := range []string{"FACTS", "DECISIONS", "RECEIPTS", "QUARANTINE"} {
					loseUnsynced(t, dir, stream, index == "with its index")
				}
			}
			m := start(t, dir, nil)
			defer m.stop()
			m.settle()
			var lines strings.Builder
			for _, line := range m.eventLines() {
				lines.Write(line)
			}
			for _, n := range taken {
				if got := strings.Count(lines.String(), fmt.Sprintf("\"p%d@example.com\"", n)); got != decisions {
					t.Errorf("webhook %d of %d was answered 200 and has %d decisions, want %d", n, len(taken), got, decisions)
				}
			}
		})
	}
}

// unbraked makes a data directory in which any number of persons may lose data at once.
func unbraked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.EnsureConfig(); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(h.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	config = append(config, "\napprove_above_percent: 100\n"...)
	if err := os.WriteFile(h.ConfigPath(), config, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serveUntilKilled runs a server that keeps a copy of each stream as of its last flush.
func serveUntilKilled(t *testing.T, dir string) {
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir}
	var flushes atomic.Int64
	m.Server, err = standalone.Start(t.Context(), standalone.Options{
		Home: h, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
		Synced: func(stream string) {
			// A copy counts once its directory has its final name.
			to := syncedCopies(dir, stream)
			part := filepath.Join(to, "part")
			err := errors.Join(os.RemoveAll(part), copyStream(messages(dir, stream), part))
			if err == nil {
				err = os.Rename(part, filepath.Join(to, fmt.Sprintf("%09d", flushes.Add(1))))
			}
			if err != nil {
				fmt.Println("FAIL", err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	first, err := strconv.ParseInt(os.Getenv(powerCutFirst), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	next.Store(first)
	for range 8 {
		go func() {
			for {
				n := next.Add(1)
				id := fmt.Sprint("p", n)
				m.taken("card", checkout(id, id+"@example.com", time.Now().AddDate(-8, 0, 0)))
				fmt.Println("taken", n)
			}
		}()
	}
	select {}
}

func messages(dir, stream string) string {
	return filepath.Join(dir, "nats", "jetstream", "$G", "streams", stream, "msgs")
}

// syncedCopies holds the copies of a stream; the last one is the newest.
func syncedCopies(dir, stream string) string { return filepath.Join(dir+"-synced", stream) }

// copyStream copies the files of a stream; a file that is removed meanwhile is left out.
func copyStream(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(from, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), data, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mostWebhooks is more than the senders can send before one kill.
const mostWebhooks = 1_000_000

// killUnderLoad starts a server with senders in a process of its own, kills the process, and returns the numbers
// of the webhooks that were answered, which begin after first.
func killUnderLoad(t *testing.T, dir string, first int) (taken []int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=TestPowerCut")
	cmd.Env = append(os.Environ(), powerCutDir+"="+dir, powerCutFirst+"="+strconv.Itoa(first))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const enough = 400
	var kill sync.Once
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "taken %d", &n); err == nil {
			taken = append(taken, n)
		} else if strings.Contains(lines.Text(), "FAIL") {
			t.Fatal(lines.Text())
		}
		if len(taken) >= enough {
			kill.Do(func() {
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Error(err)
				}
			})
		}
	}
	_ = cmd.Wait() // it was killed
	return taken
}

// loseUnsynced puts the messages of a stream back to the last flush; a stream without a flush is empty. The index
// of a stream may be newer than its messages.
func loseUnsynced(t *testing.T, dir, stream string, keepIndex bool) {
	t.Helper()
	now := messages(dir, stream)
	copies, err := filepath.Glob(filepath.Join(syncedCopies(dir, stream), "0*"))
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(now, "index.db"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	hasIndex := err == nil
	if err := os.RemoveAll(now); err != nil {
		t.Fatal(err)
	}
	if len(copies) > 0 {
		err = copyStream(copies[len(copies)-1], now)
	} else {
		err = os.MkdirAll(now, 0o700)
	}
	if err == nil && !keepIndex {
		err = os.RemoveAll(filepath.Join(now, "index.db"))
	}
	if err == nil && keepIndex && hasIndex {
		err = os.WriteFile(filepath.Join(now, "index.db"), index, 0o600)
	}
	// The files as they are now are on the disk, and the flushes of the next process are counted from one again.
	if err == nil {
		err = os.RemoveAll(syncedCopies(dir, stream))
	}
	if err == nil {
		err = copyStream(now, filepath.Join(syncedCopies(dir, stream), "000000000"))
	}
	if err != nil {
		t.Fatal(err)
	}
}
