package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// PartFlag marks the arguments of a part: a process of its own that serves or
// sends, so that neither disturbs what the other costs.
const PartFlag = "-part"

// part is what such a process is to do: one of the two.
type part struct {
	Load  *load  `json:",omitempty"`
	Serve *serve `json:",omitempty"`
}

// RunPart is the main function of a part.
func RunPart(ctx context.Context, text string, in io.Reader, out io.Writer) error {
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	if p.Serve != nil {
		return p.Serve.run(ctx, in, out)
	}
	result, err := p.Load.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// command makes the command that runs this program again as a part.
func (p *part) command(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, PartFlag, string(text))
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// generate carries a load out in a process of its own.
func generate(ctx context.Context, l load) (*loaded, error) {
	cmd, err := (&part{Load: &l}).command(ctx)
	if err != nil {
		return nil, err
	}
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("send webhooks: %w", err)
	}
	out := &loaded{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("send webhooks: %w", err)
	}
	if out.Refused > 0 {
		return nil, fmt.Errorf("%d of %d webhooks were not taken, such as: %s", out.Refused, out.Refused+out.Sent, out.Fault)
	}
	return out, nil
}

// server is a process that serves.
type server struct {
	serving
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

// start starts a server and returns once it listens.
func start(ctx context.Context, s serve) (*server, error) {
	cmd, err := (&part{Serve: &s}).command(ctx)
	if err != nil {
		return nil, err
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	running := &server{cmd: cmd, in: in, lines: bufio.NewScanner(out)}
	if err := running.read(&running.serving); err != nil {
		return nil, errors.Join(err, running.close())
	}
	return running, nil
}

func (s *server) read(into any) error {
	if !s.lines.Scan() {
		return errors.Join(errors.New("the server broke off"), s.lines.Err())
	}
	return json.Unmarshal(s.lines.Bytes(), into)
}

// settle waits until the server has nothing left to do and returns the
// processor time that it has used so far.
func (s *server) settle() (used time.Duration, err error) {
	if _, err := io.WriteString(s.in, "settle\n"); err != nil {
		return 0, err
	}
	err = s.read(&used)
	return used, err
}

func (s *server) close() error { return errors.Join(s.in.Close(), s.cmd.Wait()) }
