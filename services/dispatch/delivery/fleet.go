package delivery

import (
	"context"
	"sync"
)

// Fleet runs the lanes of all recipients independently.
type Fleet struct {
	lanes  []fleetLane
	stop   context.CancelFunc
	worked sync.WaitGroup
}

type fleetLane struct {
	*Lane
	queue Queue
}

// Add adds a recipient, before Start.
func (f *Fleet) Add(l *Lane, q Queue) { f.lanes = append(f.lanes, fleetLane{l, q}) }

// Start starts all lanes. Close stops the lanes.
func (f *Fleet) Start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, l := range f.lanes {
		f.worked.Go(func() { l.work(ctx) })
	}
}

// Close stops fetching, waits for calls in progress within the grace period, and releases
// unacknowledged messages.
func (f *Fleet) Close() {
	if f.stop != nil {
		f.stop()
		f.worked.Wait()
	}
}

// prefetch is the number of messages that a queue may read ahead.
const prefetch = 64

// work runs a lane while its recipient is enabled, until the end of the context.
func (l fleetLane) work(ctx context.Context) {
	for ctx.Err() == nil {
		changed := l.opts.Switch.Changed()
		if _, _, off := l.opts.Switch.Off(l.opts.Recipient); off {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		l.workEnabled(ctx)
	}
}

// workEnabled runs a lane until its recipient is disabled or the context ends.
func (l fleetLane) workEnabled(ctx context.Context) {
	enabled, disable := context.WithCancel(ctx)
	defer disable()
	queue, stopQueue := context.WithCancel(context.WithoutCancel(ctx))
	defer stopQueue()
	arrivals := make(chan Arrival, prefetch)
	var both sync.WaitGroup
	both.Go(func() { l.queue.Run(queue, arrivals) })
	both.Go(func() {
		defer disable() // also when the lane ends by itself
		for {
			changed := l.opts.Switch.Changed()
			if _, _, off := l.opts.Switch.Off(l.opts.Recipient); off {
				return
			}
			select {
			case <-enabled.Done():
				return
			case <-changed:
			}
		}
	})
	l.Run(enabled, arrivals)
	stopQueue()
	disable()
	both.Wait()
}
