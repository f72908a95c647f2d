package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// sender brings webhooks to ingest, each several times and late, as platforms do.
type sender struct {
	base   string
	secret string
	clock  *clock
	client *http.Client

	under sync.WaitGroup
	mu    sync.Mutex // guards the records in webhooks
	// open counts sendings that are to be tried again or were not tried yet.
	open atomic.Int64
	// sent counts requests, taken accepted ones (2xx), refused others, repeated redeliveries.
	sent, taken, refused, repeated atomic.Int64
}

// answerWithin is how long a platform waits for an answer.
const answerWithin = 4 * time.Second

// schedule sends a webhook after each of the delays, with separate message ids if apart.
func (s *sender) schedule(ctx context.Context, w *Webhook, name string, delays []time.Duration, apart bool) {
	for i, delay := range delays {
		id := name
		if apart && i > 0 {
			id += "-" + strconv.Itoa(i)
		}
		s.open.Add(1)
		s.under.Go(func() {
			defer s.open.Add(-1)
			if pause(ctx, delay) {
				s.deliver(ctx, w, id)
			}
		})
	}
}

// deliver sends until accepted; a platform that sends once makes one attempt.
func (s *sender) deliver(ctx context.Context, w *Webhook, id string) {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		answer, ok := s.post(ctx, w, id)
		s.note(w, answer, ok)
		if ok || w.Once || !pause(ctx, wait) {
			return
		}
		s.repeated.Add(1)
	}
}

func (s *sender) note(w *Webhook, answer string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		w.Taken = true
		return
	}
	w.LastAnswer = answer
}

func (s *sender) post(ctx context.Context, w *Webhook, id string) (string, bool) {
	s.sent.Add(1)
	answer, ok := s.request(ctx, w, id)
	if ok {
		s.taken.Add(1)
	} else {
		s.refused.Add(1)
	}
	return answer, ok
}

func (s *sender) request(ctx context.Context, w *Webhook, id string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/webhooks/"+w.Platform, bytes.NewReader(w.body))
	if err == nil {
		err = w.sign(req.Header, s.secret, id, s.clock.now())
	}
	if err != nil {
		return err.Error(), false
	}
	res, err := s.client.Do(req)
	if err != nil {
		return "no answer", false
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 300))
	return fmt.Sprintf("%d %s", res.StatusCode, text), res.StatusCode/100 == 2
}

// pause waits, and reports false when the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
