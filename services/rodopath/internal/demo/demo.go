package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/config"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/internal/client"
)

// Options say where the story is told.
type Options struct {
	Client *client.Client
	Out    io.Writer
	// Describe says an event in words.
	Describe func(*stream.Event) string
	// Explain writes what may be held of a person.
	Explain func(out io.Writer, answer []byte) error
	// Now is the day of the telling.
	Now time.Time
	// Pause is how long to wait for what follows a webhook before the next is
	// sent, so that the reader sees which follows from which. Zero means 150 ms.
	Pause time.Duration
}

// Run tells the story: it sends the webhooks, prints the events as they come, and
// then what may still be held of each person.
func Run(ctx context.Context, opts Options) error {
	c, err := config.Load(opts.Client.Control().Config, os.Environ())
	if err != nil {
		return err
	}
	send, err := newSender(opts.Client.Control().Webhooks, c)
	if err != nil {
		return err
	}
	if opts.Pause == 0 {
		opts.Pause = 150 * time.Millisecond
	}
	s := &story{run: strconv.FormatInt(opts.Now.Unix(), 36), base: int(opts.Now.Unix()), now: opts.Now.UTC()}
	out := &printer{out: opts.Out, run: "." + s.run + "@", describe: opts.Describe}
	follow, stop := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() { out.fail(opts.Client.Events(follow, true, out.event)) })
	err = tell(ctx, opts, s, send, out)
	stop()
	listening.Wait()
	if err == nil {
		err = out.err
	}
	if err != nil {
		return err
	}
	return epilogue(ctx, opts, s)
}

func tell(ctx context.Context, opts Options, s *story, send *sender, out *printer) error {
	out.line("A story of a small business, in the webhooks that its platforms send.\n")
	for n, c := range s.chapters() {
		id, err := send.send(ctx, n, &c)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.day.Format(time.DateOnly), id, err)
		}
		out.line(fmt.Sprintf("%s  %-8s %s.", c.day.Format(time.DateOnly), id, c.text))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(opts.Pause):
		}
	}
	return nil
}

// printer prints lines of the story and events, whichever comes.
type printer struct {
	mu       sync.Mutex
	out      io.Writer
	run      string
	describe func(*stream.Event) string
	err      error
}

func (p *printer) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintln(p.out, text); err != nil && p.err == nil {
		p.err = err
	}
}

func (p *printer) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}

// event prints an event about somebody of this telling.
func (p *printer) event(data []byte) error {
	if !strings.Contains(string(data), p.run) {
		return nil // somebody else's
	}
	e, err := stream.DecodeEvent(data)
	if err != nil {
		return err
	}
	p.line("              -> " + p.describe(e))
	return nil
}

func epilogue(ctx context.Context, opts Options, s *story) error {
	if _, err := fmt.Fprint(opts.Out, "\nWhat may still be held of each of them today, and why:\n"); err != nil {
		return err
	}
	for _, who := range s.people() {
		answer, err := opts.Client.Explain(ctx, s.email(who), nil)
		if err != nil {
			return fmt.Errorf("explain %s: %w", who, err)
		}
		if _, err := fmt.Fprintf(opts.Out, "\n== %s: ", strings.ToUpper(who[:1])+who[1:]); err != nil {
			return err
		}
		if err := opts.Explain(opts.Out, answer); err != nil {
			return err
		}
	}
	return nil
}
