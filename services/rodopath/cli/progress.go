package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rodopath/rodopath/services/ingest/backfill"
)

// How often progress is printed: as JSON, and as a line where there is no terminal.
const (
	progressJSONEvery = time.Second
	progressLineEvery = 5 * time.Second
	barEvery          = 200 * time.Millisecond
)

// progress shows how far an import is: a bar on a terminal, JSON for machines, or a line every few seconds.
type progress struct {
	out    io.Writer
	asJSON bool
	// onTerminal reports whether there is a bar.
	onTerminal bool

	mu      sync.Mutex
	bar     *progressbar.ProgressBar // nil before the first page of a part
	part    string
	partAt  int // the objects before the part, or before this run of the part
	began   time.Time
	last    time.Time
	current backfill.Progress
}

func newProgress(cmd *cobra.Command, asJSON bool) *progress {
	p := &progress{out: cmd.ErrOrStderr(), asJSON: asJSON, began: time.Now()}
	if asJSON {
		p.out = cmd.OutOrStdout()
	}
	p.onTerminal = !asJSON && term.IsTerminal(int(os.Stderr.Fd()))
	return p
}

// newBar makes the bar of a part. The bar moves the cursor, so it is written past the filter of the command line; it
// shows our own words alone.
func newBar() *progressbar.ProgressBar {
	return progressbar.NewOptions(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("objects"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(barEvery))
}

// show shows the progress after a page. A progress without a part is that of an earlier run.
func (p *progress) show(now backfill.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Part != p.part {
		p.clear()
		p.part, p.partAt, p.began = now.Part, p.current.Objects, time.Now()
	}
	p.current = now
	if now.Part != "" {
		p.print()
	}
}

// wait shows that the platform makes the import wait.
func (p *progress) wait(wait time.Duration, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current.Waiting = fmt.Sprintf("the platform makes the import wait %s: %s", wait.Round(time.Second), cause)
	p.print()
	p.current.Waiting = ""
}

// print prints the current progress, unless the last one was printed moments ago.
func (p *progress) print() {
	now := p.current
	if p.onTerminal {
		if p.bar == nil {
			p.bar = newBar()
		}
		p.bar.Describe(readingOf(now))
		read := now.Objects - p.partAt
		if now.Remaining > 0 {
			p.bar.ChangeMax(read + now.Remaining)
		}
		_ = p.bar.Set(read) // a closed terminal is no error
		return
	}
	every := progressLineEvery
	if p.asJSON {
		every = progressJSONEvery
	}
	if time.Since(p.last) < every {
		return
	}
	p.last = time.Now()
	rate := float64(now.Objects-p.partAt) / time.Since(p.began).Seconds()
	left := time.Duration(0)
	if rate > 0 {
		left = time.Duration(float64(now.Remaining) / rate * float64(time.Second)).Round(time.Second)
	}
	if p.asJSON {
		err := json.NewEncoder(p.out).Encode(struct {
			backfill.Progress
			PerSecond   int `json:"per_second"`
			SecondsLeft int `json:"seconds_left,omitempty"`
		}{now, int(rate), int(left.Seconds())})
		if err != nil {
			p.asJSON = false // nobody reads on; the result reports the error
		}
		return
	}
	line := fmt.Sprintf("%s; %d objects, %d facts, %.0f objects per second", readingOf(now), now.Objects, now.Facts, rate)
	if left > 0 {
		line += fmt.Sprintf(", %s left for the %s", left, now.Part)
	}
	fmt.Fprintln(p.out, line)
}

func readingOf(p backfill.Progress) string {
	if p.Waiting != "" {
		return p.Waiting
	}
	return "reading " + p.Part
}

// end removes the bar.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Finish() // a closed terminal is no error
		p.bar = nil
	}
}
