package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// isolate runs the program again within a network, mounts and processes of its own. Whatever the cluster starts, mounts
// or filters ends with that process.
func isolate(ctx context.Context, opts Options) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	text, err := json.Marshal(opts)
	if err != nil {
		return 1, err
	}
	restore := keepTunables()
	defer restore()
	defer removeGroups()
	cmd := exec.CommandContext(ctx, self, InsideFlag, string(text)) //nolint:gosec // ourselves
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		Unshareflags: syscall.CLONE_NEWNS, // and no mount reaches the machine
		Pdeathsig:    syscall.SIGKILL,
	}
	err = cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() > 0 {
		return ended.ExitCode(), nil
	}
	return 0, err
}

// mount is a file system over a directory of the machine.
type mount struct{ kind, at string }

// cover mounts what Kubernetes writes beside the directory of the run: nothing of it stays on the machine.
func cover() error {
	for _, m := range []mount{
		{"proc", "/proc"}, {"tmpfs", "/run"}, {"tmpfs", "/var/lib"}, {"tmpfs", "/var/log"}, {"tmpfs", "/opt"},
	} {
		if err := syscall.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.kind, m.at, err)
		}
	}
	// The mounts of pods must reach the containers.
	if err := syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("share the mounts: %w", err)
	}
	return nil
}
