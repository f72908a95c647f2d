package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// Options say which server gets the webhooks, and how results are printed.
type Options struct {
	Client *client.Client
	Out    io.Writer
	// Describe says an event in words.
	Describe func(*stream.Event) string
	// Explain prints what may be held about a person.
	Explain func(out io.Writer, answer []byte) error
	// Now is the day of the run.
	Now time.Time
	// Pause is the time between two webhooks, in which the decisions that follow from the
	// first are printed. Zero means 150 ms.
	Pause time.Duration
	// DespiteLive reports whether the invented persons may reach recipients of an installation that does not observe.
	DespiteLive bool
}

// Run sends the webhooks, prints the decisions as they come, and then what may still be
// held about each person.
func Run(ctx context.Context, opts Options) error {
	c, err := config.Load(opts.Client.Control().Config, os.Environ())
	if err != nil {
		return err
	}
	send, err := newPlatforms(opts.Client.Control().Webhooks, opts.Now, c)
	if err != nil {
		return err
	}
	if opts.Pause == 0 {
		opts.Pause = 150 * time.Millisecond
	}
	s, err := next(ctx, opts)
	if err != nil {
		return err
	}
	_, err = opts.Client.Ask(ctx, "/v1/invented",
		map[string]any{"persons": s.emails(), "despite_live": opts.DespiteLive}, "")
	if err != nil {
		return err
	}
	out := &printer{out: opts.Out, emails: s.emails(), describe: opts.Describe}
	follow, stop := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() { out.fail(opts.Client.Events(follow, true, out.event)) })
	err = sendAll(ctx, opts, s, send, out)
	stop()
	listening.Wait()
	if err == nil {
		err = out.err
	}
	if err != nil {
		return err
	}
	return summary(ctx, opts, s)
}

// next finds the first run whose people are all unknown on this data directory.
func next(ctx context.Context, opts Options) (*business, error) {
	for number := 1; ; number++ {
		s := newBusiness(number, opts.Now)
		known, err := anyKnown(ctx, opts.Client, s.emails())
		if err != nil {
			return nil, err
		}
		if !known {
			return s, nil
		}
	}
}

func anyKnown(ctx context.Context, c *client.Client, emails []string) (bool, error) {
	for _, email := range emails {
		_, err := c.Explain(ctx, email, nil)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, client.ErrUnknownPerson) {
			return false, fmt.Errorf("find out which run of the demo this is: %w", err)
		}
	}
	return false, nil
}

func sendAll(ctx context.Context, opts Options, s *business, send *platforms, out *printer) error {
	out.line("The webhooks of an invented small business, and the decisions that follow (->).\n")
	for n, c := range s.webhooks() {
		id, err := send.send(ctx, n, &c)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.day.Format(time.DateOnly), id, err)
		}
		out.line(fmt.Sprintf("%s  %-8s %s.", c.day.Format(time.DateOnly), id, c.text))
		if !loop.Sleep(ctx, opts.Pause) {
			return ctx.Err()
		}
	}
	return nil
}

// printer prints webhooks and decisions in the order in which they come.
type printer struct {
	mu       sync.Mutex
	out      io.Writer
	emails   []string
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

// event prints an event about a person of this run.
func (p *printer) event(data []byte) error {
	e, err := stream.DecodeEvent(data)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(e.Data.Person.Emails, func(email string) bool { return slices.Contains(p.emails, email) }) {
		return nil // about another person
	}
	p.line("              -> " + p.describe(e))
	return nil
}

func summary(ctx context.Context, opts Options, s *business) error {
	if _, err := fmt.Fprint(opts.Out, "\nWhat may still be held about each person today, and why:\n"); err != nil {
		return err
	}
	for _, who := range s.people() {
		answer, err := opts.Client.Explain(ctx, s.email(who), nil)
		if err != nil {
			return fmt.Errorf("explain %s: %w", who, err)
		}
		if _, err := fmt.Fprintf(opts.Out, "\n== %s (%s): ", strings.ToUpper(who[:1])+who[1:], s.email(who)); err != nil {
			return err
		}
		if err := opts.Explain(opts.Out, answer); err != nil {
			return err
		}
	}
	return nil
}
