package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a part that is restarted after every end, as by an orchestrator.
type process struct {
	name string
	part part
	log  *os.File

	mu      sync.Mutex
	cmd     *exec.Cmd
	stdin   io.Closer
	stopped chan struct{} // closed when no restart must follow
	done    chan struct{}
	// rest is the pause before the next restart.
	rest time.Duration
	// kills counts the kills, ends the other ends.
	kills, ends atomic.Int64
}

// The times of an orchestrator.
const (
	restartAfter = 100 * time.Millisecond
	stopWithin   = 10 * time.Second
)

// startProcess starts a part with its log in a file under logs.
func startProcess(ctx context.Context, name string, p part, logs string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	one := &process{name: name, part: p, log: log, stopped: make(chan struct{}), done: make(chan struct{})}
	if err := one.start(ctx); err != nil {
		return nil, err
	}
	go one.keep(ctx)
	return one, nil
}

// start starts the program again as a part.
func (p *process) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(p.part)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, PartFlag, string(text)) //nolint:gosec // ourselves
	cmd.Stdout, cmd.Stderr = p.log, p.log
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.stdin, p.rest = cmd, in, restartAfter
	return nil
}

// keep waits for the end of the process and restarts the process.
func (p *process) keep(ctx context.Context) {
	defer close(p.done)
	for {
		p.mu.Lock()
		cmd := p.cmd
		p.mu.Unlock()
		kills := p.kills.Load()
		_ = cmd.Wait() // the log has the reason
		p.mu.Lock()
		rest := p.rest
		p.mu.Unlock()
		select {
		case <-p.stopped:
			return
		case <-time.After(rest):
		}
		if p.kills.Load() == kills {
			p.ends.Add(1)
		}
		if err := p.start(ctx); err != nil {
			fmt.Fprintln(p.log, err)
			return
		}
	}
}

// kill kills the process; the restart follows after a pause.
func (p *process) kill(rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = rest
	p.kills.Add(1)
	_ = p.cmd.Process.Kill() // the process may have ended
}

// freeze stops the process until thaw.
func (p *process) freeze() { p.signal(syscall.SIGSTOP) }
func (p *process) thaw()   { p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s) // the process may have ended
}

// stop ends the process for good.
func (p *process) stop() {
	close(p.stopped)
	p.thaw()
	p.mu.Lock()
	_ = p.stdin.Close()
	p.mu.Unlock()
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		p.signal(syscall.SIGKILL)
		<-p.done
	}
	_ = p.log.Close()
}

// ready reports whether a service is ready.
func ready(ctx context.Context, client *http.Client, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func hostPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	return host, port, err
}
