package delivery

import (
	"container/heap"
	"slices"
	"time"
)

// item is a decision in delivery.
type item struct {
	Message
	failures int
	// unchecked counts the attempts that were not made because the decision could not be checked.
	unchecked int
	// touched reports whether the recipient may have received the decision in a failed attempt.
	touched bool
	// failing is the instant of the first failure, due the instant of the next attempt, asked the
	// end of the wait that the recipient requested.
	failing, due, asked time.Time
	// busy reports whether a call is in progress, lost whether the claim was lost meanwhile.
	busy, lost bool
	// waiting is the index among the waiting decisions plus 1; 0 for a decision that does not wait.
	waiting int
}

// order keeps the decisions of each person in order: only the oldest decision of a person is ready,
// waiting for another attempt, or in progress.
type order struct {
	persons map[string][]*item
	ready   []*item // least recently attempted first
	waits   waits
	held    int
}

func newOrder() *order { return &order{persons: map[string][]*item{}} }

// add inserts a decision behind older decisions of the same person.
func (o *order) add(m Message) {
	chain := o.persons[m.Event.Subject]
	at := len(chain)
	for at > 0 && chain[at-1].Sequence > m.Sequence && !chain[at-1].busy {
		at--
	}
	if at > 0 && chain[at-1].Sequence == m.Sequence {
		// The call in progress began before the loss of its claim.
		chain[at-1].Claim, chain[at-1].lost = m.Claim, false
		return
	}
	it := &item{Message: m}
	if at == 0 && len(chain) > 0 {
		o.withdraw(chain[0])
	}
	o.persons[m.Event.Subject] = slices.Insert(chain, at, it)
	o.held++
	if at == 0 {
		o.ready = append(o.ready, it)
	}
}

// withdraw removes a decision from the ready and the waiting ones.
func (o *order) withdraw(it *item) {
	if it.waiting > 0 {
		heap.Remove(&o.waits, it.waiting-1)
		return
	}
	o.ready = slices.DeleteFunc(o.ready, func(r *item) bool { return r == it })
}

// next removes the next ready decision. With early, a waiting decision may be taken before its due
// time, unless the recipient requested the wait.
func (o *order) next(now time.Time, early bool) *item {
	for len(o.waits) > 0 && !o.waits[0].due.After(now) {
		o.ready = append(o.ready, heap.Pop(&o.waits).(*item))
	}
	var it *item
	switch {
	case len(o.ready) > 0:
		it, o.ready = o.ready[0], o.ready[1:]
	case early && len(o.waits) > 0 && !o.waits[0].asked.After(now):
		it = heap.Pop(&o.waits).(*item)
	default:
		return nil
	}
	it.busy = true
	return it
}

// retry returns a decision in progress to the waiting ones until due.
func (o *order) retry(it *item, due time.Time) {
	it.busy, it.due = false, due
	heap.Push(&o.waits, it)
}

// done removes a decision and readies the person's next one.
func (o *order) done(it *item) {
	subject := it.Event.Subject
	chain := o.persons[subject][1:]
	o.held--
	if len(chain) == 0 {
		delete(o.persons, subject)
		return
	}
	o.persons[subject] = chain
	o.ready = append(o.ready, chain[0])
}

// blocks reports whether later decisions about the same person wait behind a decision.
func (o *order) blocks(it *item) bool { return len(o.persons[it.Event.Subject]) > 1 }

// drop forgets everything that is not under way.
func (o *order) drop() {
	o.ready, o.waits, o.held = nil, nil, 0
	for subject, chain := range o.persons {
		if !chain[0].busy {
			delete(o.persons, subject)
			continue
		}
		chain[0].lost = true
		o.persons[subject] = chain[:1:1]
		o.held++
	}
}

// retryAll makes everything due that no one asked to wait.
func (o *order) retryAll(now time.Time) {
	for _, it := range o.waits {
		it.due = now
		if it.asked.After(now) {
			it.due = it.asked
		}
	}
	heap.Init(&o.waits)
}

// expired removes the idle decisions stored before an instant.
func (o *order) expired(before time.Time) []*item {
	var out []*item
	for _, chain := range o.persons {
		if it := chain[0]; !it.busy && !it.Stored.After(before) {
			o.withdraw(it)
			it.busy = true
			out = append(out, it)
		}
	}
	return out
}

// oldestIdle is the time of the oldest idle decision; zero without one.
func (o *order) oldestIdle() time.Time {
	var oldest time.Time
	for _, chain := range o.persons {
		if it := chain[0]; !it.busy && (oldest.IsZero() || it.Stored.Before(oldest)) {
			oldest = it.Stored
		}
	}
	return oldest
}

// oldest is when the oldest decision that is held was stored; zero when none is.
func (o *order) oldest() time.Time {
	var oldest time.Time
	for _, chain := range o.persons {
		if at := chain[0].Stored; oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

// waits are decisions that wait for another try, the next one first.
type waits []*item

// Len, Less, Swap, Push and Pop make waits a heap.
func (w waits) Len() int           { return len(w) }
func (w waits) Less(i, j int) bool { return w[i].due.Before(w[j].due) }
func (w waits) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].waiting, w[j].waiting = i+1, j+1
}

// Push adds a decision at the end.
func (w *waits) Push(x any) {
	it := x.(*item)
	*w = append(*w, it)
	it.waiting = len(*w)
}

// Pop removes the last decision.
func (w *waits) Pop() any {
	old := *w
	it := old[len(old)-1]
	*w, it.waiting = old[:len(old)-1], 0
	return it
}
