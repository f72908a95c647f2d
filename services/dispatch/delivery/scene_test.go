package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
)

// queue is a durable queue in memory: what was not acknowledged comes again with the
// next run.
type queue struct {
	mu    sync.Mutex
	msgs  []*held
	grown chan struct{}
	crash bool // acknowledgements get lost
	lose  chan struct{}
}

type held struct {
	*delivery.Message
	queue *queue
	acked int
	run   int
}

type claim struct {
	*held
	run int
}

func (c claim) Ack() error {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	switch {
	case c.queue.crash:
		return errors.New("the connection is away")
	case c.run == c.held.run:
		c.acked++
	}
	return nil
}

func newQueue() *queue {
	return &queue{grown: make(chan struct{}, 1), lose: make(chan struct{})}
}

func (q *queue) put(id, person string) { q.putAt(id, person, time.Now()) }

func (q *queue) putAt(id, person string, stored time.Time) {
	e := &stream.Event{
		SpecVersion: "1.0",
		ID:          id,
		Subject:     person,
		Data:        stream.Decision{Kind: "delete", Recipients: []string{"crm"}},
	}
	q.putEvent(e, stored)
}

func (q *queue) putEvent(e *stream.Event, stored time.Time) {
	body, _ := e.Encode()
	q.mu.Lock()
	q.msgs = append(
		q.msgs,
		&held{Message: &delivery.Message{Sequence: uint64(len(q.msgs) + 1), Stored: stored, Event: e, Body: body}, queue: q},
	)
	q.mu.Unlock()
	select {
	case q.grown <- struct{}{}:
	default:
	}
}

// from returns what is not acknowledged from a place on.
func (q *queue) from(i int) []delivery.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []delivery.Message
	for ; i < len(q.msgs); i++ {
		if h := q.msgs[i]; h.acked == 0 {
			h.run++
			m := *h.Message
			m.Claim = claim{h, h.run}
			out = append(out, m)
		}
	}
	return out
}

func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, m := range q.msgs {
		if m.acked == 0 {
			n++
		}
	}
	return n
}

func (q *queue) Run(ctx context.Context, out chan<- delivery.Arrival) {
	for at := 0; ; {
		q.mu.Lock()
		until := len(q.msgs)
		q.mu.Unlock()
		for _, m := range q.from(at) {
			select {
			case out <- delivery.Arrival{Message: &m}:
			case <-ctx.Done():
				return
			}
		}
		at = until
		select {
		case <-q.grown:
		case <-q.lose:
			select {
			case out <- delivery.Arrival{Lost: true}:
			case <-ctx.Done():
				return
			}
			at = 0
		case <-ctx.Done():
			return
		}
	}
}

// scene is a recipient, what it was sent, and what was recorded.
type scene struct {
	t     *testing.T
	queue *queue
	log   *bytes.Buffer
	lane  *delivery.Lane
	fleet *delivery.Fleet
	opts  delivery.Options

	mu       sync.Mutex
	answer   func(ctx context.Context, e *stream.Event) (dispatch.Answer, error)
	calls    []call
	open     int
	most     int
	receipts []receipt
	publish  func(ctx context.Context) error
	off      bool
	changed  chan struct{}
}

type call struct {
	id, person string
	at         time.Time
}

type receipt struct {
	id string
	stream.Receipt
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, queue: newQueue(), log: &bytes.Buffer{}, changed: make(chan struct{})}
	s.opts = delivery.Options{
		Recipient: "crm",
		Connector: s,
		Receipts:  s,
		Switch:    s,
		Log:       slog.New(slog.NewTextHandler(s.log, nil)),
	}
	return s
}

func (s *scene) Deliver(ctx context.Context, e *stream.Event, _ []byte) (dispatch.Answer, error) {
	s.mu.Lock()
	s.calls = append(s.calls, call{e.ID, e.Subject, time.Now()})
	s.open++
	s.most = max(s.most, s.open)
	answer := s.answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	if answer == nil {
		return dispatch.Answer{Outcome: stream.OutcomeSent}, nil
	}
	return answer(ctx, e)
}

func (s *scene) Publish(ctx context.Context, id string, r *stream.Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.publish != nil {
		if err := s.publish(ctx); err != nil {
			return err
		}
	}
	s.receipts = append(s.receipts, receipt{id, *r})
	return nil
}

func (s *scene) Disable(context.Context, string, string) error {
	s.turn(true)
	return nil
}

func (s *scene) turn(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *scene) Off(string) (time.Time, string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Time{}, "", s.off
}

func (s *scene) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// start starts the lane on the queue, as a process does.
func (s *scene) start() {
	s.lane = delivery.New(s.opts)
	s.fleet = &delivery.Fleet{}
	s.fleet.Add(s.lane, s.queue)
	s.fleet.Start(s.t.Context())
}

// answers sets what the recipient answers from now on.
func (s *scene) answers(f func(ctx context.Context, e *stream.Event) (dispatch.Answer, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func failing(err error) func(context.Context, *stream.Event) (dispatch.Answer, error) {
	return func(context.Context, *stream.Event) (dispatch.Answer, error) { return dispatch.Answer{}, err }
}

// stuck never answers.
func stuck(ctx context.Context, _ *stream.Event) (dispatch.Answer, error) {
	<-ctx.Done()
	return dispatch.Answer{}, ctx.Err()
}

func (s *scene) called() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// atOnce is the most calls that were under way at once.
func (s *scene) atOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *scene) told() []receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.receipts)
}

// settles waits in virtual time until nothing is left in the queue, and returns how long
// it took.
func (s *scene) settles(within time.Duration) time.Duration {
	s.t.Helper()
	begin := time.Now()
	for s.queue.left() > 0 {
		if time.Since(begin) > within {
			s.t.Fatalf("%d decisions are left after %s; %d calls\n%s", s.queue.left(), within, len(s.called()), s.log)
		}
		time.Sleep(time.Second)
		synctest.Wait()
	}
	return time.Since(begin)
}

// inOrder checks that no call about a person came after one about a newer decision.
func (s *scene) inOrder() {
	s.t.Helper()
	last := map[string]string{}
	for _, c := range s.called() {
		if c.id < last[c.person] {
			s.t.Errorf("%s was sent after %s", c.id, last[c.person])
		}
		last[c.person] = c.id
	}
}

func virtual(t *testing.T, test func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		defer func() {
			if s.fleet != nil {
				s.fleet.Close()
			}
			if strings.Contains(s.log.String(), "@") {
				t.Errorf("the log shows an address:\n%s", s.log)
			}
		}()
		test(t, s)
	})
}

// fill puts decisions about persons into the queue, so that each person's ids rise.
func (s *scene) fill(persons, each int) {
	for i := range each {
		for p := range persons {
			s.queue.put(fmt.Sprintf("d%03d-%d", i, p), fmt.Sprint("p", p))
		}
	}
}
