package intake_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/intake"
)

// smallDisk mounts a file system with a number of MiB, and returns its directory.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a file system of a few MiB needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Skipf("a file system of a few MiB cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// large is a delivery of 64 KiB.
func large(id int) *factv1.Delivery {
	d := delivery(id)
	d.Traceparent = strings.Repeat("x", 64<<10)
	return d
}

// fill publishes large deliveries until one is refused, and returns their number.
func fill(t *testing.T, l *intake.Log, from int) int {
	t.Helper()
	for taken := 0; ; taken++ {
		err := l.Publish(t.Context(), large(from+taken))
		if err == nil {
			continue
		}
		if !errors.Is(err, intake.ErrFull) || !errors.Is(err, ingest.ErrUnavailable) {
			t.Fatalf("after %d deliveries: got %v, want %v", taken, err, intake.ErrFull)
		}
		return taken
	}
}

func TestPublish_AFullDiskIsAFullLog(t *testing.T) {
	b, dir := &broker{}, smallDisk(t, 100)
	l := open(t, intake.Options{Dir: dir, Broker: b, MaxBytes: 1 << 30})
	published := 0
	for round := range 3 {
		taken := fill(t, l, published)
		published += taken
		if taken < 100 || !l.Full() {
			t.Fatalf("round %d: %d deliveries were accepted and full is %t, want more than 100 and true", round, taken, l.Full())
		}
		if more := fill(t, l, published); more > 0 {
			t.Errorf("round %d: %d deliveries were accepted by a full log", round, more)
		}
		forward(t, l, taken)
		remove(t, l)
		if l.Full() {
			t.Errorf("round %d: the log is full although everything is removed", round)
		}
	}
	var want []int
	for id := range published {
		want = append(want, id)
	}
	wantIDs(t, b, want...)
}

// Others fill the disk and leave it again: the log tries by itself, since a service that is not ready gets no webhooks.
func TestRun_ADiskThatOthersFilledIsTriedAgain(t *testing.T) {
	b, dir := &broker{}, smallDisk(t, 100)
	l := open(t, intake.Options{Dir: dir, Broker: b, RetryEvery: time.Millisecond, RemoveEvery: time.Millisecond})
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, make([]byte, 70<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Publish(t.Context(), delivery(1)); !errors.Is(err, intake.ErrFull) || !l.Full() {
		t.Fatalf("on a full disk: got %v and full is %t, want %v and true", err, l.Full(), intake.ErrFull)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	for l.Full() {
		runtime.Gosched()
	}
	publish(t, l, 2)
	cancel()
	<-done
	wantIDs(t, b, 2)
}

func TestPublish_AFullDiskLosesNothingOverARestart(t *testing.T) {
	b, dir := &broker{}, smallDisk(t, 100)
	l := open(t, intake.Options{Dir: dir, Broker: b, MaxBytes: 1 << 30})
	taken := fill(t, l, 0)
	closeLog(l)
	l = open(t, intake.Options{Dir: dir, Broker: b, MaxBytes: 1 << 30})
	forward(t, l, taken)
	remove(t, l)
	publish(t, l, taken)
}
