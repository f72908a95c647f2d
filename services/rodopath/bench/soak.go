package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

const (
	soakFor    = 20 * time.Minute
	soakWindow = 30 * time.Second
	soakShare  = 0.7 // of what the machine takes at most
	// soakGrows is how many bytes of memory one more decision may cost that can still be
	// read: NATS keeps the subject of each. Nothing else may grow.
	soakGrows = 1000
	// soakSlows is how much latency may grow, from the second quarter of the time to the last.
	soakSlows = 1.5
)

// window is what was seen in a part of a soak.
type window struct {
	got      *loaded
	resident int
}

// soak sends at a part of the limit for a long time to the real command, and looks
// whether memory and latency stay flat and nothing is lost.
func (b *bench) soak(ctx context.Context) (err error) {
	dir := filepath.Join(b.dir, "soak")
	secret, err := prepare(dir, "always")
	if err != nil {
		return err
	}
	cmd, err := b.command(ctx, dir, "--nats-listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }()
	url, consumer, err := reached(ctx, dir)
	if err != nil {
		return err
	}
	first := load{
		URL:         url,
		Secret:      secret,
		Connections: connections,
		For:         b.lasting(20 * time.Second),
		First:       50_000_000,
		Most:        20 * mostPerSecond,
		Consumer:    consumer,
	}
	limit, err := generate(ctx, first)
	if err != nil {
		return err
	}
	// Until the last event: what is taken faster than it is decided is no limit.
	rate := int(soakShare * float64(limit.Sent) / (limit.Took + limit.Event99).Seconds())
	b.say(
		"limit: %d webhooks in %v, events at most %v later; soaking at %d per second for %v",
		limit.Sent,
		limit.Took.Round(time.Millisecond),
		limit.Event99.Round(time.Millisecond),
		rate,
		b.lasting(soakFor),
	)
	windows, err := b.soakAt(
		ctx,
		load{
			URL:         url,
			Secret:      secret,
			Connections: connections,
			Rate:        rate,
			For:         soakWindow,
			Most:        rate*int(soakWindow.Seconds()) + 1,
			Consumer:    consumer,
		},
		cmd.Process.Pid,
	)
	if err != nil {
		return err
	}
	b.judge(rate, windows)
	return nil
}

// reached waits until the server says where its webhooks go, and where its events are heard.
func reached(ctx context.Context, dir string) (webhooks, consumer string, err error) {
	for {
		c, err := datadir.At(dir).ReadControl()
		if err == nil {
			at, err := os.ReadFile(datadir.At(dir).ConsumerURLPath())
			return c.Webhooks + "/webhooks/" + source, strings.TrimSpace(string(at)), err
		}
		select {
		case <-ctx.Done():
			return "", "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (b *bench) soakAt(ctx context.Context, l load, pid int) ([]window, error) {
	var out []window
	for i := range max(4, int(b.lasting(soakFor)/soakWindow)) {
		l.First = i * l.Most
		got, err := generate(ctx, l)
		if err != nil {
			return nil, err
		}
		w := window{got: got}
		if w.resident, err = memoryOf(pid, "VmRSS:"); err != nil {
			return nil, err
		}
		b.say("window %d: %d taken, %d refused, %d lost, p50 %v, p99 %v, %d MB", i+1, got.Sent, got.Refused, got.Lost,
			got.Event50.Round(time.Microsecond), got.Event99.Round(time.Microsecond), w.resident)
		out = append(out, w)
	}
	return out, nil
}

// judge compares the last quarter of the windows with the second. Every webhook is of
// somebody new, and leaves one decision that can be read for as long as decisions are kept.
func (b *bench) judge(rate int, windows []window) {
	n := len(windows)
	early, late := windows[n/4:n/2], windows[n-n/4:]
	between := 0
	for _, w := range windows[n/4+len(early)/2 : n-len(late)/2] {
		between += w.got.Sent
	}
	grown := (mean(late, resident) - mean(early, resident)) * (1 << 20) / float64(max(between, 1))
	slowed := mean(late, p99) / mean(early, p99)
	var sent, refused, lost int
	for _, w := range windows {
		sent, refused, lost = sent+w.got.Sent, refused+w.got.Refused, lost+w.got.Lost
	}
	of := fmt.Sprintf(" at %d per second over %v", rate, time.Duration(n)*soakWindow)
	b.table.add(
		"resident memory"+of,
		fmt.Sprintf("%.0f MB", mean(late, resident)),
		fmt.Sprintf("%.0f MB (early)", mean(early, resident)),
		fmt.Sprintf("%.0f bytes per decision kept", grown),
		fmt.Sprintf("<= %d", soakGrows),
		grown <= soakGrows,
	)
	b.table.add(
		"webhook to event, p99",
		fmt.Sprintf("%.1f ms", mean(late, p99)),
		fmt.Sprintf("%.1f ms (early)", mean(early, p99)),
		fmt.Sprintf("%.2f", slowed),
		fmt.Sprintf("<= %.2f", soakSlows),
		slowed <= soakSlows,
	)
	b.table.add(
		"webhooks taken / refused / without an event",
		fmt.Sprintf("%d / %d / %d", sent, refused, lost),
		"-",
		"-",
		"0 lost",
		lost == 0,
	)
}

func resident(w window) float64 { return float64(w.resident) }
func p99(w window) float64      { return w.got.Event99.Seconds() * 1000 }

func mean(windows []window, of func(window) float64) float64 {
	sum := 0.0
	for _, w := range windows {
		sum += of(w)
	}
	return sum / float64(len(windows))
}
