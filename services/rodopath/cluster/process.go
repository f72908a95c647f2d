package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// daemon is a program of the node that runs until the end.
type daemon struct {
	name string
	args []string
	env  []string
}

// start starts a daemon with its log in a file. The end of a daemon before that of the context is an error of the run.
func (n *node) start(ctx context.Context, d daemon) error {
	log, err := os.OpenFile(n.path("logs", d.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	program := filepath.Join(n.bin, d.name)
	if _, err := os.Stat(program); err != nil {
		program = d.name // a program of the machine
	}
	cmd := exec.CommandContext(ctx, program, d.args...) //nolint:gosec // programs of the run
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, n.dir
	cmd.Env = append(append(os.Environ(), d.env...), "PATH="+n.bin+":"+os.Getenv("PATH"))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", d.name, err), log.Close())
	}
	n.done.Go(func() {
		err := cmd.Wait()
		_ = log.Close() // nothing writes any more
		if ctx.Err() == nil {
			n.fail(fmt.Errorf("%s ended: %w; its log is %s", d.name, err, log.Name()))
		}
	})
	return nil
}

// run runs a program and returns its output; the error has the output of the program.
func (n *node) run(ctx context.Context, stdin string, name string, args ...string) (string, error) {
	program := filepath.Join(n.bin, name)
	if _, err := os.Stat(program); err != nil {
		program = name
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // programs of the run
	cmd.Env = append(os.Environ(), "KUBECONFIG="+n.path("kubeconfig"), "HOME="+n.dir)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}

// kubectl asks the cluster, in the namespace of the shop.
func (n *node) kubectl(ctx context.Context, args ...string) (string, error) {
	return n.run(ctx, "", "kubectl", append([]string{"--namespace", namespace}, args...)...)
}

// ctr asks the container runtime, in the namespace of the kubelet.
func (n *node) ctr(ctx context.Context, args ...string) (string, error) {
	place := []string{"--address", n.path("containerd.sock"), "--namespace", "k8s.io"}
	return n.run(ctx, "", "ctr", append(place, args...)...)
}

// apply creates or changes objects.
func (n *node) apply(ctx context.Context, objects string) error {
	_, err := n.run(ctx, objects, "kubectl", "apply", "--filename", "-")
	return err
}

// await asks until there is no error any more, and returns the last error after a time.
func await(ctx context.Context, act string, within time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := do(ctx)
		if err == nil {
			return nil
		}
		if !loop.Sleep(ctx, awaitPause) {
			return fmt.Errorf("%s within %s: %w", act, within, err)
		}
	}
}

const awaitPause = 250 * time.Millisecond
