package delivery

import "sync/atomic"

// pool runs work in goroutines of which a few wait for more work: a goroutine that made a call has a stack of the
// size of a call, which a new one would grow again.
type pool struct {
	work chan func()
	// keep is the number of goroutines that may wait, idle the number of those that do.
	keep int64
	idle atomic.Int64
}

func newPool(keep int) *pool {
	return &pool{work: make(chan func()), keep: int64(keep)}
}

// do runs work in a waiting goroutine, or in a new one.
func (p *pool) do(work func()) {
	select {
	case p.work <- work:
	default:
		go p.run(work)
	}
}

// run does work, and then waits for more unless enough goroutines wait.
func (p *pool) run(work func()) {
	for more := true; more; {
		work()
		if p.idle.Add(1) > p.keep {
			p.idle.Add(-1)
			return
		}
		work, more = <-p.work
		p.idle.Add(-1)
	}
}

// close ends the goroutines that wait, and those that are at work after their work.
func (p *pool) close() { close(p.work) }
