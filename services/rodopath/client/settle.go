package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
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
		for _, address := range []string{c.history(), c.control.API} {
			oldest, err := c.oldestAt(ctx, address)
			if err != nil || oldest >= time.Since(since) {
				return false, err
			}
		}
		return true, nil
	})
}

// oldestAt is the age of the oldest webhook that a service has not applied yet, by its metrics.
func (c *Client) oldestAt(ctx context.Context, address string) (time.Duration, error) {
	res, err := c.do(ctx, http.MethodGet, address+"/metrics", nil, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	return oldestWaiting(data)
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
