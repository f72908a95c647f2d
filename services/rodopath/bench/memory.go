package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

const (
	command  = "github.com/rodopath/rodopath/services/rodopath/cmd/rodopath"
	mostIdle = 80  // MB
	mostBusy = 400 // MB
)

// memory measures how much of the machine's memory the real command holds.
func (b *bench) memory(ctx context.Context) (err error) {
	dir := filepath.Join(b.dir, "memory")
	secret, err := prepare(dir, "always")
	if err != nil {
		return err
	}
	cmd, err := b.command(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }()
	idle, busy, err := b.resident(ctx, cmd.Process.Pid, dir, secret)
	if err != nil {
		return err
	}
	b.table.add(
		"resident memory, idle",
		fmt.Sprintf("%d MB", idle),
		"-",
		"-",
		fmt.Sprintf("<= %d MB", mostIdle),
		idle <= mostIdle,
	)
	b.table.add(
		"resident memory, most under load",
		fmt.Sprintf("%d MB", busy),
		"-",
		"-",
		fmt.Sprintf("<= %d MB", mostBusy),
		busy <= mostBusy,
	)
	return nil
}

// command builds and starts the real command on a data directory, with more arguments. Who
// started it ends it.
func (b *bench) command(ctx context.Context, dir string, more ...string) (*exec.Cmd, error) {
	binary := filepath.Join(b.dir, "rodopath")
	b.say("building rodopath")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, command)
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), b.Progress
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	cmd := exec.CommandContext(
		ctx,
		binary,
		append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, more...)...)
	cmd.Stderr = b.Progress
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd, cmd.Start()
}

func (b *bench) resident(ctx context.Context, pid int, dir, secret string) (idle, busy int, err error) {
	time.Sleep(3 * time.Second)
	if idle, err = memoryOf(pid, "VmRSS:"); err != nil {
		return 0, 0, err
	}
	c, err := client.Open(ctx, dir, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, 0, err
	}
	url := c.Control().Webhooks + "/webhooks/" + source
	b.say("idle: %d MB; sending %d webhooks per second", idle, steady)
	if _, err := generate(ctx, steadily(url, secret, "", b.lasting(15*time.Second))); err != nil {
		return 0, 0, err
	}
	if busy, err = memoryOf(pid, "VmHWM:"); err != nil {
		return 0, 0, err
	}
	b.say("most so far: %d MB; sending at full speed", busy)
	lasts := b.lasting(10 * time.Second)
	burst := load{
		URL:         url,
		Secret:      secret,
		Connections: connections,
		For:         lasts,
		First:       10_000_000,
		Most:        int(lasts.Seconds() * mostPerSecond),
	}
	if _, err := generate(ctx, burst); err != nil {
		return 0, 0, err
	}
	busy, err = memoryOf(pid, "VmHWM:")
	return idle, busy, err
}

// memoryOf reads a size of a process in MB, as Linux tells it.
func memoryOf(pid int, name string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory can be measured on Linux only: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			kb, err := strconv.Atoi(fields[1])
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("%s is not told", name)
}
