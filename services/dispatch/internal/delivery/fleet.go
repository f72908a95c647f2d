package delivery

import (
	"context"
	"sync"
)

// Fleet works the lanes of all recipients, each on its own.
type Fleet struct {
	lanes  []fleetLane
	stop   context.CancelFunc
	worked sync.WaitGroup
}

type fleetLane struct {
	*Lane
	queue Queue
}

// Add adds a recipient. It is called before Start.
func (f *Fleet) Add(l *Lane, q Queue) { f.lanes = append(f.lanes, fleetLane{l, q}) }

// Start sets all lanes going. Close stops them.
func (f *Fleet) Start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, l := range f.lanes {
		f.worked.Go(func() { l.work(ctx) })
	}
}

// Close stops fetching, lets calls under way end within their time of grace, and gives
// back what is not settled.
func (f *Fleet) Close() {
	if f.stop != nil {
		f.stop()
		f.worked.Wait()
	}
}

// prefetch is how many messages a queue may be ahead of its lane.
const prefetch = 64

// work runs a lane whenever its recipient is not disabled, until the context ends.
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
