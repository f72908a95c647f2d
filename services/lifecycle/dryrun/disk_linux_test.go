package dryrun_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/dryrun"
)

// TestWalk_AFullDiskIsNamed: the error says that the disk is full, and the evaluation leaves nothing behind.
func TestWalk_AFullDiskIsNamed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a file system of a few MiB needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a file system of a few MiB cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var facts read
	for i := range 3000 {
		facts = append(facts, sale(fmt.Sprint(i), fmt.Sprintf("person%d@example.com", i), now))
	}
	none := func(*lifecycle.Subject) error { return nil }
	err := evaluator(t, dir, batches(facts), now).Walk(t.Context(), "x", none)
	if !errors.Is(err, dryrun.ErrFull) {
		t.Errorf("got %v, want %v", err, dryrun.ErrFull)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("an evaluation leaves %v", left)
	}
}

// batches are facts that are read a hundred at a time.
type batches []*factv1.Delivery

func (b batches) Read(ctx context.Context, _ string, visit func([]*factv1.Delivery) error) error {
	for part := range slices.Chunk(b, 100) {
		if err := errors.Join(visit(part), ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

func (batches) Drop(context.Context, string) error { return nil }
