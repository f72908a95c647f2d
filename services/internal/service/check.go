package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// Times of Check. The network may not route to a new pod at once, so one refusal is not final.
const (
	checkTimeout = 30 * time.Second
	checkEach    = 5 * time.Second
	checkPause   = 500 * time.Millisecond
)

// Check requests each URL until the answer is 200, and returns an error with the URLs that did not
// answer within half a minute, or before the end of the context.
func Check(ctx context.Context, urls []string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	client := &http.Client{
		Timeout: checkEach,
		// The answer of a redirect target would prove nothing about the URL.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	failed := make(chan error, len(urls))
	for _, u := range urls {
		go func() { failed <- checkUntil(ctx, client, u) }()
	}
	var all error
	for range urls {
		all = errors.Join(all, <-failed)
	}
	return all
}

// checkUntil requests one URL until the answer is 200; the error is the last one before the end of
// the context.
func checkUntil(ctx context.Context, client *http.Client, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("check: list addresses such as http://HOST/readyz, separated by commas")
	}
	for {
		fault := checkOnce(ctx, client, u)
		if fault == nil {
			return nil
		}
		// An attempt cut off by the deadline explains less than the attempt before.
		if ctx.Err() == nil || err == nil {
			err = fault
		}
		if !loop.Sleep(ctx, checkPause) {
			return fmt.Errorf("check %s: %w", u.Redacted(), err)
		}
	}
}

func checkOnce(ctx context.Context, client *http.Client, u *url.URL) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		if where, ok := errors.AsType[*url.Error](err); ok {
			return where.Err // the address is named once, by the caller
		}
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer was %s instead of 200", resp.Status)
	}
	return nil
}
