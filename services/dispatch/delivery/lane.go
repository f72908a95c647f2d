package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/internal/trace"
)

// Options configure a Lane.
type Options struct {
	// Recipient is the id of the recipient.
	Recipient string
	Connector dispatch.Connector
	// Checker checks each decision directly before each attempt; nil delivers unchecked, for tests.
	Checker  dispatch.Checker
	Receipts Receipts
	Switch   Switch
	// InFlight is how many calls are under way at once; 0 means 4.
	InFlight int
	// Schedule is the backoff between attempts.
	Schedule Schedule
	// Call bounds one call together with its check, Grace the calls in progress at the end; 0 means 2 minutes and 5
	// seconds.
	Call, Grace time.Duration
	// Random draws a number in [0, 1); nil means at random.
	Random func() float64
	// Now dates receipts; nil means time.Now. Backoff uses the clock of the process.
	Now func() time.Time
	// Counts are the metrics; nil means none.
	Counts *Counts
	// Tracer begins a span for each call; nil forwards trace ids only.
	Tracer *trace.Tracer
	Log    *slog.Logger
}

// Lane carries the decisions of one recipient.
type Lane struct {
	opts   Options
	counts laneCounts

	mu      sync.Mutex // guards the following fields for Status
	running bool
	order   *order
	circuit circuit
	// lastError is the latest error, at lastErrorAt.
	lastError   string
	lastErrorAt time.Time
}

// New makes a lane.
func New(opts Options) *Lane {
	opts.InFlight = cmp.Or(opts.InFlight, 4)
	opts.Call = cmp.Or(opts.Call, 2*time.Minute)
	opts.Grace = cmp.Or(opts.Grace, 5*time.Second)
	opts.Schedule = opts.Schedule.withDefaults()
	if opts.Random == nil {
		opts.Random = rand.Float64
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Log = opts.Log.With("recipient", opts.Recipient)
	return &Lane{opts: opts, counts: opts.Counts.of(opts.Recipient), order: newOrder()}
}

// run is one run of a lane. Its fields belong to the goroutine of Run.
type run struct {
	*Lane
	results chan result
	pool    *pool
	// calls counts the calls under way, workers everything that will send results.
	calls, workers int
	// probe is the decision admitted by the open circuit.
	probe *item
	// gone reports whether the recipient answered 410, stopping whether no new call may begin.
	gone, stopping bool
	// untouched are the decisions that were withdrawn before any attempt; uncheckable reports whether the
	// last check failed.
	untouched   map[string]bool
	uncheckable bool
	// scan is the instant of the next search for expired decisions behind an open circuit.
	scan time.Time
	// cancel ends the calls that were begun under claims that are lost.
	cancel context.CancelFunc
}

// Run delivers arriving decisions until the end of the context, waits for calls in progress, and
// returns when none is left.
func (l *Lane) Run(ctx context.Context, in <-chan Arrival) {
	r := &run{
		Lane: l, results: make(chan result, 2*l.opts.InFlight), pool: newPool(2 * l.opts.InFlight),
		untouched: map[string]bool{},
	}
	defer r.pool.close()
	base := context.WithoutCancel(ctx)
	calls, cancel := context.WithCancel(base)
	r.cancel = cancel
	defer func() { r.cancel() }()
	l.reset(true)
	defer l.reset(false)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(r.begin(calls))
		select {
		case <-ctx.Done():
			r.finish(in)
			return
		case a := <-in:
			if a.Lost {
				r.handleLost()
				calls, r.cancel = context.WithCancel(base) //nolint:fatcontext // derived from base, not from calls
				continue
			}
			r.locked(func() { r.order.add(*a.Message) })
		case res := <-r.results:
			r.locked(func() { r.handleResult(calls, res) })
		case <-timer.C:
		}
	}
}

func (r *run) locked(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

// reset begins or ends a run with nothing held.
func (l *Lane) reset(running bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, l.order, l.circuit = running, newOrder(), circuit{}
}

// handleLost drops the decisions with lost claims. Calls in progress are cancelled: another process
// may deliver to the same persons.
func (r *run) handleLost() {
	r.cancel()
	r.gone = false // the disabling is recorded anew if its record was cancelled
	r.locked(r.order.drop)
}

// finish waits for calls in progress within the grace period and then cancels the calls.
func (r *run) finish(in <-chan Arrival) {
	r.stopping = true
	grace := time.NewTimer(r.opts.Grace)
	defer grace.Stop()
	for r.workers > 0 {
		select {
		case <-in: // stays in the queue
		case res := <-r.results:
			r.locked(func() { r.handleResult(context.Background(), res) })
		case <-grace.C:
			r.cancel()
		}
	}
}

// maxSleep bounds the interval between two inspections of a lane.
const maxSleep = time.Hour

// begin begins the calls that may be made now, and returns how long there is nothing
// else to begin.
func (r *run) begin(ctx context.Context) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.gone || r.stopping {
		return maxSleep
	}
	if r.circuit.open {
		return r.beginProbe(ctx, now)
	}
	for r.calls < r.opts.InFlight {
		it := r.order.next(now, false)
		if it == nil {
			break
		}
		r.beginCall(ctx, it)
	}
	if len(r.order.waits) == 0 || r.calls >= r.opts.InFlight {
		return maxSleep
	}
	return max(0, r.order.waits[0].due.Sub(now))
}

// beginCall calls the recipient, unless the recipient need not know of the event. Behind an open circuit the
// call is the probe.
func (r *run) beginCall(ctx context.Context, it *item) {
	if r.isNeedless(it.Event) {
		r.settleNeedless(ctx, it)
		return
	}
	if r.circuit.open {
		r.probe = it
	}
	r.call(ctx, it)
}

// beginProbe begins the one call that an open circuit admits, and gives up expired decisions.
func (r *run) beginProbe(ctx context.Context, now time.Time) time.Duration {
	if !now.Before(r.scan) {
		for _, it := range r.order.expired(now.Add(-r.opts.Schedule.GiveUp)) {
			r.giveUp(ctx, it)
		}
		r.scan = now.Add(time.Second)
	}
	sleep := maxSleep
	if oldest := r.order.oldestIdle(); !oldest.IsZero() {
		sleep = max(oldest.Add(r.opts.Schedule.GiveUp).Sub(now), r.scan.Sub(now))
	}
	if r.calls > 0 {
		return sleep
	}
	if wait := r.circuit.due.Sub(now); wait > 0 {
		return min(wait, sleep)
	}
	if it := r.order.next(now, true); it != nil {
		r.beginCall(ctx, it)
	} else if len(r.order.waits) > 0 {
		sleep = min(sleep, max(0, r.order.waits[0].due.Sub(now)))
	}
	return sleep
}
