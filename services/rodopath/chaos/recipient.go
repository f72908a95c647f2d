package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// The modes of the recipient.
const (
	recipientWell int32 = iota
	recipientFails
	recipientHangs
)

// recipientID is the id in the configuration.
const recipientID = "crm"

// recipient is a system that is notified of decisions: the recipient verifies signatures, and
// answers in the body or by a separate receipt later, sometimes twice.
type recipient struct {
	secret, token string
	// lifecycle are the addresses for receipts.
	lifecycle []string
	clock     *clock
	client    *http.Client
	// answers returns the answer of a person to a question, by number.
	answers func(number int) string

	listener net.Listener
	server   *http.Server
	mode     atomic.Int32
	unhang   atomic.Pointer[chan struct{}]
	under    sync.WaitGroup
	open     atomic.Int64

	mu   sync.Mutex
	told map[string]*stream.Event
	said map[string]string // confirmed outcomes, by decision
	// did is the time of each carried-out decision: a redelivery gets the same answer.
	did   map[string]time.Time
	calls int
	// forged counts calls without a signature, twice repeated receipts; refusals are finally
	// refused receipts.
	forged, twice int
	refusals      []string
	receipts      int
}

func (r *recipient) start(ctx context.Context) error {
	r.told, r.said, r.did = map[string]*stream.Event{}, map[string]string{}, map[string]time.Time{}
	var lc net.ListenConfig
	var err error
	if r.listener, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	open := make(chan struct{})
	close(open)
	r.unhang.Store(&open)
	r.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.receive(ctx, w, req) }),
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = r.server.Serve(r.listener) }() // ends with Close
	return nil
}

// behave changes the mode and releases hanging calls.
func (r *recipient) behave(mode int32) {
	next := make(chan struct{})
	if mode != recipientHangs {
		close(next)
	}
	old := r.unhang.Swap(&next)
	r.mode.Store(mode)
	select {
	case <-*old:
	default:
		close(*old)
	}
}

func (r *recipient) receive(ctx context.Context, w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	keys, err := signature.NewStandard([]string{r.secret})
	if err == nil {
		h := req.Header
		err = keys.Verify(h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature"), body, r.clock.now())
	}
	event, derr := stream.DecodeEvent(body)
	if err != nil || derr != nil {
		r.mu.Lock()
		r.forged++
		r.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.mode.Load() {
	case recipientFails:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case recipientHangs:
		select {
		case <-*r.unhang.Load():
		case <-req.Context().Done():
		}
		panic(http.ErrAbortHandler) // the line breaks without an answer
	}
	r.take(ctx, w, event)
}

// take records the decision and answers.
func (r *recipient) take(ctx context.Context, w http.ResponseWriter, event *stream.Event) {
	outcome := stream.OutcomeDone
	number := numberOf(event)
	if event.Data.Kind == "ask-consent" {
		outcome = r.answers(number)
	}
	r.mu.Lock()
	r.calls++
	r.told[event.ID] = event
	if r.did[event.ID].IsZero() {
		r.did[event.ID] = r.clock.now().UTC()
	}
	receipt := &stream.Receipt{Decision: event.ID, Outcome: outcome, At: r.did[event.ID]}
	r.mu.Unlock()
	// dispatch dates an answer in the body anew at each call, so answers of persons are separate
	// receipts.
	if event.Data.Kind == "ask-consent" || (number+len(event.Subject)+int(event.Data.Effective.Unix()))%3 != 0 {
		r.later(ctx, receipt, number%4 == 0)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	data, err := receipt.Encode()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(data); err == nil {
		r.note(event.ID, outcome)
	}
}

func (r *recipient) note(decision, outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said[decision] = outcome
}

// later sends a receipt after a pause, until accepted.
func (r *recipient) later(ctx context.Context, receipt *stream.Receipt, twice bool) {
	r.open.Add(1)
	r.under.Go(func() {
		defer r.open.Add(-1)
		for try := 0; loop.Sleep(ctx, 300*time.Millisecond*time.Duration(1+min(try, 5))); try++ {
			status := r.post(ctx, r.lifecycle[try%len(r.lifecycle)], receipt)
			if status == http.StatusAccepted {
				r.note(receipt.Decision, receipt.Outcome)
				r.count(func() { r.receipts++ })
				if twice && r.post(ctx, r.lifecycle[0], receipt) == http.StatusAccepted {
					r.count(func() { r.twice++ })
				}
				return
			}
			if status/100 == 4 && try > 20 {
				r.count(func() {
					r.refusals = append(r.refusals, fmt.Sprintf("%s: %s: %d", receipt.Decision, receipt.Outcome, status))
				})
				return
			}
		}
	})
}

func (r *recipient) count(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

// post sends a receipt and returns the status of the answer; 0 when there was none.
func (r *recipient) post(ctx context.Context, address string, receipt *stream.Receipt) int {
	data, err := json.Marshal(receipt)
	if err != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/receipts", bytes.NewReader(data))
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := r.client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

func (r *recipient) close() {
	r.behave(recipientWell)
	_ = r.server.Close() // best effort at the end
	r.under.Wait()
}

// numberOf reads the number of the person out of the address; 0 where there is none.
func numberOf(e *stream.Event) int {
	n := 0
	for _, a := range e.Data.Person.Emails {
		if _, err := fmt.Sscanf(a, "p%d@chaos.example", &n); err == nil {
			return n
		}
	}
	return 0
}
