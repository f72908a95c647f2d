package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// settledPoll is the interval of the questions whether everything is applied.
const settledPoll = 200 * time.Millisecond

// Settle waits until the server has applied everything that it accepted before the call. Webhooks may go on arriving.
func (c *Client) Settle(ctx context.Context) error {
	if c.own != nil {
		return c.own.Settle(ctx)
	}
	since := time.Now()
	return loop.Poll(ctx, "wait until everything is applied", settledPoll, func(ctx context.Context) (bool, error) {
		data, err := c.Get(ctx, "/metrics", "")
		if err != nil {
			return false, err
		}
		oldest, err := oldestWaiting(data)
		return oldest < time.Since(since), err
	})
}

// oldestWaiting is the age of the oldest webhook that is accepted and not applied yet; 0 when none waits.
func oldestWaiting(metrics []byte) (time.Duration, error) {
	var oldest time.Duration
	lines := bufio.NewScanner(bytes.NewReader(metrics))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		family, _, _ := strings.Cut(name, "{")
		if !ok || family != "rodopath_intake_oldest_seconds" && family != "rodopath_stream_oldest_seconds" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read the metric %s: %w", family, err)
		}
		oldest = max(oldest, time.Duration(seconds*float64(time.Second)))
	}
	return oldest, lines.Err()
}
