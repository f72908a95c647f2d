package chaos

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// clock is the clock of a run: the clock of the machine plus an offset in a file that every process
// reads at each use, so that the clock steps for all processes at once.
type clock struct {
	path string
	last atomic.Int64
}

func newClock(dir string) *clock { return &clock{path: filepath.Join(dir, "clock")} }

// now returns the time.
func (c *clock) now() time.Time {
	if data, err := os.ReadFile(c.path); err == nil && len(data) == 8 {
		c.last.Store(int64(binary.BigEndian.Uint64(data))) //nolint:gosec // written from an int64
	}
	return time.Now().Add(time.Duration(c.last.Load()))
}

// step moves the clock, forwards or backwards.
func (c *clock) step(by time.Duration) error {
	c.now()
	part := c.path + ".part"
	data := binary.BigEndian.AppendUint64(nil, uint64(c.last.Load()+int64(by))) //nolint:gosec // read as an int64
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("step the clock: %w", err)
	}
	if err := os.Rename(part, c.path); err != nil {
		return fmt.Errorf("step the clock: %w", err)
	}
	return nil
}
