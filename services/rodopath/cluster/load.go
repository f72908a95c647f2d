package cluster

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
	"github.com/rodopath/rodopath/services/platforms/sender"
)

// load sends signed webhooks at a rate, over connections that are kept alive. A webhook without a 2xx is sent again.
type load struct {
	address string
	client  *http.Client
	secret  atomic.Pointer[string]
	counts  atomic.Pointer[Counts]
	next    atomic.Int64
	work    sync.WaitGroup
}

// Counts are what became of the requests of one part of a run.
type Counts struct {
	// Sent counts requests, Accepted those with an answer 2xx, and Refused those with another answer.
	Sent     atomic.Int64
	Accepted atomic.Int64
	Refused  atomic.Int64
	// Unanswered counts requests without an answer: a platform that sends a webhook only once loses the webhook.
	Unanswered atomic.Int64

	mu sync.Mutex
	// last is the last answer that was no 2xx.
	last string
}

func (c *Counts) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = text
}

// The load in numbers.
const (
	senders = 16
	// perPerson is how many sales a person has.
	perPerson = 20
	// answerWithin is how long a platform waits for an answer.
	answerWithin = 5 * time.Second
	// againAfter is how long a platform waits before the webhook is sent again.
	againAfter = 200 * time.Millisecond
)

func newLoad(address, secret string) *load {
	l := &load{
		address: address,
		client:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}, Timeout: answerWithin},
	}
	l.secret.Store(&secret)
	l.counts.Store(&Counts{})
	return l
}

// run sends a number of webhooks in a second until the context ends; webhooks that are under way are finished.
func (l *load) run(ctx context.Context, perSecond int) {
	pace := time.NewTicker(time.Second / time.Duration(perSecond))
	defer pace.Stop()
	turns := make(chan int64)
	for range senders {
		l.work.Go(func() {
			for number := range turns {
				l.deliver(context.WithoutCancel(ctx), number)
			}
		})
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-pace.C:
			select {
			case turns <- l.next.Load():
				l.next.Add(1)
			case <-ctx.Done():
			}
		}
	}
	close(turns)
	l.work.Wait()
}

// deliver sends a webhook until it is accepted.
func (l *load) deliver(ctx context.Context, number int64) {
	body := fmt.Appendf(nil,
		`{"kind": "sale", "at": %q, "ref": "order-%d", "access": "one_off", "person": {"email": %q}}`,
		time.Now().UTC().Add(-time.Minute).Format(time.RFC3339), number, address(number/perPerson))
	id := "msg_" + strconv.FormatInt(number, 10)
	for !l.send(ctx, id, body) && loop.Sleep(ctx, againAfter) {
	}
}

// address is the address of a person by number.
func address(person int64) string { return fmt.Sprintf("p%06d@cluster.example", person) }

// send sends one request and reports whether the webhook is accepted.
func (l *load) send(ctx context.Context, id string, body []byte) bool {
	counts := l.counts.Load()
	counts.Sent.Add(1)
	status, text, err := post(ctx, l.client, l.address, *l.secret.Load(), id, body)
	switch {
	case err != nil:
		counts.Unanswered.Add(1)
		counts.note(err.Error())
	case status/100 == 2:
		counts.Accepted.Add(1)
		return true
	default:
		counts.Refused.Add(1)
		counts.note(fmt.Sprintf("%d %s", status, text))
	}
	return false
}

// post sends a webhook that a secret signs.
func post(
	ctx context.Context, client *http.Client, base, secret, id string, body []byte,
) (status int, text string, err error) {
	url := base + "/webhooks/" + sourceID
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	w := sender.Webhook{Platform: "standard", ID: id, At: time.Now(), Body: body}
	if err := w.Sign(req.Header, secret); err != nil {
		return 0, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	const enough = 300
	data, err := io.ReadAll(io.LimitReader(res.Body, enough))
	return res.StatusCode, string(data), err
}
