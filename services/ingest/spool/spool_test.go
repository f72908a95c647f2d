package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// broker is a broker that can be away.
type broker struct {
	mu   sync.Mutex
	away bool
	// bad is the id of a delivery that the broker never accepts.
	bad string
	got []string
}

func (b *broker) Publish(_ context.Context, d *factv1.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return fmt.Errorf("%w: no responders", ingest.ErrUnavailable)
	}
	if b.bad != "" && d.GetId() == b.bad {
		return errors.New("too large")
	}
	b.got = append(b.got, d.GetId())
	return nil
}

func (b *broker) set(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *broker) ids() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

func open(t *testing.T, path string, b *broker, limit int64) *Spool {
	t.Helper()
	s, err := Open(Options{Path: path, MaxBytes: limit, Publisher: b, Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var received = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func delivery(id int) *factv1.Delivery {
	return &factv1.Delivery{Id: "shop:" + strconv.Itoa(id), Source: "shop", Received: timestamppb.New(received)}
}

func put(t *testing.T, s *Spool, ids ...int) {
	t.Helper()
	for _, id := range ids {
		if err := s.Publish(t.Context(), delivery(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func want(t *testing.T, b *broker, ids ...int) {
	t.Helper()
	var out []string
	for _, id := range ids {
		out = append(out, "shop:"+strconv.Itoa(id))
	}
	if got := b.ids(); !slices.Equal(got, out) {
		t.Errorf("the broker has %v, want %v", got, out)
	}
}

func TestPublish_GoesStraightToTheBrokerWhileItAnswers(t *testing.T) {
	b := &broker{}
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), b, 0)
	put(t, s, 1, 2)
	want(t, b, 1, 2)
	if n, _ := s.Depth(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

func TestPublish_KeepsTheOrderWhileTheBrokerIsAwayAndWhileItDrains(t *testing.T) {
	b := &broker{away: true}
	path := filepath.Join(t.TempDir(), "spool.db")
	s := open(t, path, b, 0)
	put(t, s, 1, 2)
	b.set(false)
	put(t, s, 3) // behind what waits, although the broker is back
	want(t, b)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, b, 0)
	if n, err := s.Drain(t.Context()); n != 3 || err != nil {
		t.Fatalf("%d drained, %v", n, err)
	}
	put(t, s, 4)
	want(t, b, 1, 2, 3, 4)
}

func TestPublish_SaysWhenItIsFullAndTakesAgainOnceThereIsRoom(t *testing.T) {
	b := &broker{away: true}
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), b, 90)
	var err error
	taken := 0
	for ; err == nil; taken++ {
		err = s.Publish(t.Context(), delivery(taken))
	}
	if !errors.Is(err, ErrFull) || !errors.Is(err, ingest.ErrUnavailable) || taken < 3 || !s.Full() {
		t.Fatalf("after %d: %v", taken, err)
	}
	b.set(false)
	if n, err := s.Drain(t.Context()); n != taken-1 || err != nil {
		t.Fatalf("%d of %d drained, %v", n, taken-1, err)
	}
	if s.Full() {
		t.Error("it is full with nothing in it")
	}
	b.set(true)
	put(t, s, 99)
}

func TestDrain_SetsAsideWhatCanNeverBePublished(t *testing.T) {
	b := &broker{away: true, bad: "shop:1"}
	path := filepath.Join(t.TempDir(), "spool.db")
	s := open(t, path, b, 0)
	put(t, s, 1, 2, 3)
	b.set(false)
	if n, err := s.Drain(t.Context()); n != 3 || err != nil {
		t.Fatalf("%d drained, %v", n, err)
	}
	want(t, b, 2, 3)
	put(t, s, 4)
	want(t, b, 2, 3, 4)
	if n, bytes := s.Depth(); n != 0 || bytes != 0 || s.DeadLetters() != 1 {
		t.Errorf("%d wait, %d bytes, %d dead letters", n, bytes, s.DeadLetters())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, path, b, 0); s.DeadLetters() != 1 {
		t.Errorf("%d dead letters after a restart", s.DeadLetters())
	}
}

func TestPublish_SetsAsideWhatTheBrokerNeverAccepts(t *testing.T) {
	b := &broker{bad: "shop:2"}
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), b, 0)
	put(t, s, 1, 2, 3)
	want(t, b, 1, 3)
	if n, _ := s.Depth(); n != 0 || s.DeadLetters() != 1 {
		t.Errorf("%d wait, %d dead letters", n, s.DeadLetters())
	}
}

func TestRun_DrainsByItselfOnceTheBrokerIsBack(t *testing.T) {
	b := &broker{away: true}
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), b, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	put(t, s, 1, 2, 3)
	b.set(false)
	for deadline := time.Now().Add(10 * time.Second); len(b.ids()) < 3; {
		if time.Now().After(deadline) {
			t.Fatal("nothing drains")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	want(t, b, 1, 2, 3)
}

func TestOpen_WhatWasAnsweredIsThereAfterAKill(t *testing.T) {
	if path := os.Getenv("SPOOL_CHILD"); path != "" {
		s, err := Open(Options{Path: path, Publisher: &broker{away: true}})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			if err := s.Publish(t.Context(), delivery(i)); err != nil {
				t.Fatal(err)
			}
			fmt.Println("taken", i)
		}
	}
	path := filepath.Join(t.TempDir(), "spool.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=WhatWasAnsweredIsThereAfterAKill", "-test.v")
	child.Env = append(os.Environ(), "SPOOL_CHILD="+path)
	out := &lines{hit: make(chan struct{}), n: 200}
	child.Stdout = out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	<-out.hit
	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	taken := strings.Count(out.text(), "taken ")
	b := &broker{}
	s := open(t, path, b, 0)
	n, err := s.Drain(t.Context())
	if err != nil || n < taken {
		t.Fatalf("%d were answered, %d are there, %v", taken, n, err)
	}
	for i, id := range b.ids() {
		if id != "shop:"+strconv.Itoa(i) {
			t.Fatalf("number %d is %s", i, id)
		}
	}
}

// lines counts the lines of a child.
type lines struct {
	mu  sync.Mutex
	b   strings.Builder
	hit chan struct{}
	n   int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(p)
	if l.n > 0 && strings.Count(l.b.String(), "taken ") >= l.n {
		l.n = 0
		close(l.hit)
	}
	return len(p), nil
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestOpen_ATornLastWriteLosesNothingThatWasAnswered damages what a power cut may
// damage: the page that would have finished the last write. Bolt has two such pages, and
// goes back to the other.
func TestOpen_ATornLastWriteLosesNothingThatWasAnswered(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "spool.db")
	s := open(t, path, &broker{away: true}, 0)
	put(t, s, 1, 2, 3)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, 4)
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := os.Getpagesize()
	torn := slices.Clone(after)
	changed := 0
	for page := range 2 {
		from, to := page*size, (page+1)*size
		if slices.Equal(before[from:to], after[from:to]) {
			continue
		}
		changed++
		for i := from + 16; i < from+80; i++ {
			torn[i] = 0xff
		}
	}
	if changed != 1 {
		t.Fatalf("%d of the two pages changed", changed)
	}
	if err := os.WriteFile(path+".torn", torn, 0o600); err != nil {
		t.Fatal(err)
	}
	b := &broker{}
	if n, err := open(t, path+".torn", b, 0).Drain(t.Context()); err != nil || n != 3 {
		t.Fatalf("%d are there, %v", n, err)
	}
	want(t, b, 1, 2, 3)
}

func TestOpen_OneProcessHasTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool.db")
	s := open(t, path, &broker{}, 0)
	if mode := mustStat(t, path).Mode().Perm(); mode != 0o600 {
		t.Errorf("others may read it: %o", mode)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustStat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestCollector_SaysHowMuchWaitsAndForHowLong(t *testing.T) {
	b := &broker{away: true}
	s := open(t, filepath.Join(t.TempDir(), "spool.db"), b, 0)
	put(t, s, 1, 2)
	_, bytes := s.Depth()
	text := fmt.Sprintf(`
# HELP rodopath_spool_bytes Size of the spooled webhooks in bytes.
# TYPE rodopath_spool_bytes gauge
rodopath_spool_bytes %d
# HELP rodopath_spool_dead_letters Webhooks set aside in the spool.
# TYPE rodopath_spool_dead_letters gauge
rodopath_spool_dead_letters 0
# HELP rodopath_spool_oldest_seconds Age of the oldest spooled webhook.
# TYPE rodopath_spool_oldest_seconds gauge
rodopath_spool_oldest_seconds 90
# HELP rodopath_spool_webhooks Webhooks spooled on the disk.
# TYPE rodopath_spool_webhooks gauge
rodopath_spool_webhooks 2
`, bytes)
	now := func() time.Time { return received.Add(90 * time.Second) }
	if err := testutil.CollectAndCompare(s.Collector(now), strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}
