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

	"github.com/rodopath/rodopath/services/internal/loop"
)

// traffic brings webhooks to ingest, each several times and late, as platforms do.
type traffic struct {
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
func (t *traffic) schedule(ctx context.Context, w *Webhook, name string, delays []time.Duration, apart bool) {
	for i, delay := range delays {
		id := name
		if apart && i > 0 {
			id += "-" + strconv.Itoa(i)
		}
		t.open.Add(1)
		t.under.Go(func() {
			defer t.open.Add(-1)
			if loop.Sleep(ctx, delay) {
				t.deliver(ctx, w, id)
			}
		})
	}
}

// deliver sends until accepted; a platform that sends once makes one attempt.
func (t *traffic) deliver(ctx context.Context, w *Webhook, id string) {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		answer, ok := t.post(ctx, w, id)
		t.note(w, answer, ok)
		if ok || w.Once || !loop.Sleep(ctx, wait) {
			return
		}
		t.repeated.Add(1)
	}
}

func (t *traffic) note(w *Webhook, answer string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ok {
		w.Taken = true
		return
	}
	w.LastAnswer = answer
}

func (t *traffic) post(ctx context.Context, w *Webhook, id string) (string, bool) {
	t.sent.Add(1)
	answer, ok := t.request(ctx, w, id)
	if ok {
		t.taken.Add(1)
	} else {
		t.refused.Add(1)
	}
	return answer, ok
}

func (t *traffic) request(ctx context.Context, w *Webhook, id string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+"/webhooks/"+w.Platform, bytes.NewReader(w.body))
	if err == nil {
		err = w.sign(req.Header, t.secret, id, t.clock.now())
	}
	if err != nil {
		return err.Error(), false
	}
	res, err := t.client.Do(req)
	if err != nil {
		return "no answer", false
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 300))
	return fmt.Sprintf("%d %s", res.StatusCode, text), res.StatusCode/100 == 2
}
