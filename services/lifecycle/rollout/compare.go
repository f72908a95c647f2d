package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

const (
	// ranges is the number of ranges of ids in which the subjects are compared, atOnce how many of them one process
	// compares at once.
	ranges = 16
	atOnce = 4
	// sumFor is how long the sum of a range counts, also after a restart.
	sumFor = time.Hour
	// progressEvery is the interval of progress logs, lookEvery that of looks for the sums of other replicas.
	progressEvery = 5 * time.Second
	lookEvery     = time.Second
)

// comparison tries the next policy on every subject.
type comparison struct {
	*Options
	now, next *rules.Policy
	// ends are the last ids of the ranges; the last range has none.
	ends []string

	mu sync.Mutex
	// sums are the ranges that are compared, by number.
	sums map[int]sum
	// seen and affected are the subjects so far in this process, logged when the progress was last logged.
	seen, affected int
	logged         time.Time
}

// sum is the result of one range.
type sum struct {
	// Before and After are the revisions of both policies, and End is the last id of the range.
	Before string `json:"before"`
	After  string `json:"after"`
	End    string `json:"end"`
	// At is when the range was compared.
	At       time.Time      `json:"at"`
	Subjects int            `json:"subjects"`
	Affected int            `json:"affected"`
	Items    map[string]int `json:"items"`
}

// sumState is the name of the sum of a range in the store.
func sumState(number int) string { return fmt.Sprintf("policy-range-%02d", number) }

// compare tries the next policy on every subject.
func (o *Options) compare(ctx context.Context, now, next *rules.Policy) (*Waiting, error) {
	ends, err := o.Store.Bounds(ctx, ranges)
	if err != nil {
		return nil, err
	}
	c := &comparison{Options: o, now: now, next: next, ends: ends, sums: map[int]sum{}, logged: time.Now()}
	if o.Leases == nil {
		err = c.alone(ctx)
	} else {
		err = c.together(ctx)
	}
	if err != nil {
		return nil, err
	}
	return c.total(), nil
}

// total adds up the ranges.
func (c *comparison) total() *Waiting {
	w := &Waiting{
		Policy: c.next.ID, Revision: c.next.Revision, Items: map[string]int{}, LimitPercent: c.LimitPercent,
	}
	for _, s := range c.sums {
		w.Subjects, w.Affected = w.Subjects+s.Subjects, w.Affected+s.Affected
		for category, n := range s.Items {
			w.Items[category] += n
		}
	}
	return w
}

// missing are the ranges without a sum.
func (c *comparison) missing() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []int
	for number := range len(c.ends) + 1 {
		if _, known := c.sums[number]; !known {
			out = append(out, number)
		}
	}
	return out
}

// alone compares all ranges that are missing in this process.
func (c *comparison) alone(ctx context.Context) error {
	missing := c.missing()
	errs := make([]error, atOnce)
	var workers sync.WaitGroup
	for w := range atOnce {
		workers.Go(func() {
			for i := w; i < len(missing) && errs[w] == nil; i += atOnce {
				errs[w] = c.compareRange(ctx, missing[i])
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// together compares the ranges with the replicas that start at the same time: each compares those of which it has the
// lease, and the sums are in the store. The ranges of a replica that dies are taken over.
func (c *comparison) together(ctx context.Context) error {
	if err := c.agree(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	slots, failed := make(chan struct{}, atOnce), make(chan error, 1)
	leases := *c.Leases
	leases.Name, leases.Count = "policy-"+c.next.Revision, len(c.ends)+1
	leases.Work = func(ctx context.Context, number int) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		err := c.share(ctx, number)
		<-slots
		if err != nil && ctx.Err() == nil {
			select {
			case failed <- err:
			default: // one error is enough
			}
		}
		<-ctx.Done() // the lease of a range that is compared is kept to the end
	}
	group := lease.New(leases)
	var work sync.WaitGroup
	work.Go(func() { group.Run(ctx) })
	err := c.await(ctx, group, failed)
	stop()
	work.Wait()
	return err
}

// await waits until all ranges have sums. While the leases cannot be had, this process compares what is missing.
func (c *comparison) await(ctx context.Context, group *lease.Group, failed <-chan error) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		missing := c.missing()
		if len(missing) == 0 {
			return nil
		}
		if group.Lost() {
			return c.alone(ctx)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return err
		case <-tick.C:
		}
		for _, number := range missing {
			if _, err := c.read(ctx, number); err != nil {
				return err
			}
		}
	}
}

// agree takes the bounds of the replica that began the comparison first, so that no subject is counted twice.
func (c *comparison) agree(ctx context.Context) (err error) {
	name := fmt.Sprintf("policy-bounds-%s-%s", c.now.Revision, c.next.Revision)
	c.ends, err = store.AddState(ctx, c.Store, name, append([]string{}, c.ends...))
	return err
}

// read reads the sum of a range that this process or another one has compared, and reports whether there is one.
func (c *comparison) read(ctx context.Context, number int) (bool, error) {
	s, err := store.ReadState[sum](ctx, c.Store, sumState(number))
	if err != nil {
		return false, err
	}
	age := c.Now.Sub(s.At).Abs()
	if s.Before != c.now.Revision || s.After != c.next.Revision || s.End != c.end(number) || age > sumFor {
		return false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sums[number] = s
	return true, nil
}

// share compares a range and stores the sum, unless a replica has done so.
func (c *comparison) share(ctx context.Context, number int) error {
	if known, err := c.read(ctx, number); known || err != nil {
		return err
	}
	if err := c.compareRange(ctx, number); err != nil {
		return err
	}
	c.mu.Lock()
	s := c.sums[number]
	c.mu.Unlock()
	return store.WriteState(ctx, c.Store, sumState(number), s)
}

// end is the last id of a range; empty for the last one.
func (c *comparison) end(number int) string {
	if number < len(c.ends) {
		return c.ends[number]
	}
	return ""
}

// compareRange tries the next policy on the subjects of a range.
func (c *comparison) compareRange(ctx context.Context, number int) error {
	s := sum{
		Before: c.now.Revision, After: c.next.Revision, End: c.end(number), At: c.Now.UTC(), Items: map[string]int{},
	}
	in := span{Lister: c.Store, to: s.End}
	if number > 0 {
		in.after = c.ends[number-1]
	}
	err := store.Walk(ctx, in, func(subject *lifecycle.Subject) error {
		deleted := lifecycle.Impact(c.now, c.next, *subject, c.Now)
		s.add(deleted)
		c.note(len(deleted) > 0)
		return nil
	})
	damaged, err := store.SplitDamaged(err)
	if len(damaged) > 0 {
		c.Log.Error("stored subjects are not compared under the new policy", "subjects", len(damaged), "error", damaged.Err())
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sums[number] = s
	return nil
}

func (s *sum) add(deleted []rules.Item) {
	s.Subjects++
	if len(deleted) > 0 {
		s.Affected++
	}
	for _, item := range deleted {
		s.Items[item.Category]++
	}
}

// note counts a subject, and logs the progress.
func (c *comparison) note(affected bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen++
	if affected {
		c.affected++
	}
	if time.Since(c.logged) > progressEvery {
		c.logged = time.Now()
		c.Log.Info("evaluating the new policy on stored subjects", "subjects", c.seen, "affected", c.affected)
	}
}

// span is the subjects of a range: those after an id, up to another one.
type span struct {
	store.Lister
	after, to string
}

// Walk returns the next subjects of the range.
func (s span) Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error) {
	subjects, err := s.Lister.Walk(ctx, max(after, s.after), limit)
	if s.to == "" {
		return subjects, err
	}
	damaged, err := store.SplitDamaged(err)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(damaged, func(id string, _ error) bool { return strings.Compare(id, s.to) > 0 })
	for i := range subjects {
		if subjects[i].ID > s.to {
			subjects = subjects[:i]
			break
		}
	}
	return subjects, damaged.Err()
}
