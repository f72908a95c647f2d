// Package lease divides work among the replicas of a service. The work has parts, each replica takes a fair number of
// them by leases in a bucket of JetStream, and a lease that is not renewed ends by itself, so that the parts of a
// replica that died are taken over. A lease makes conflicts rare and excludes nothing: for a moment two replicas may
// work on one part, when one of them was cut off, so the work must be correct without leases as well.
package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// Bucket is the name of the bucket.
	Bucket = "LEASES"
	// defaultTerm is the time after which a lease that is not renewed ends.
	defaultTerm = 15 * time.Second
	// beats is how often in its term a lease is renewed.
	beats = 3
	// leastPatience is the least wait for the answers of the servers in one round.
	leastPatience = 2 * time.Second
)

// Options configure a Group.
type Options struct {
	JetStream jetstream.JetStream
	// Name names the work, such as "facts", and Count is the number of its parts.
	Name  string
	Count int
	// Work works on a part, numbered from 0, until its context ends; nil means that Has is asked.
	Work func(ctx context.Context, part int)
	// Term is the time after which a lease that is not renewed ends; 0 means 15 seconds. All replicas have the same.
	Term time.Duration
	// Replicas is the number of servers that hold the leases; 0 means 1.
	Replicas int
	// Log is where changes are logged; nil means nowhere.
	Log *slog.Logger
}

// Group is one replica among those that share the work.
type Group struct {
	opts Options
	id   string
	// ended receives the parts whose work has ended.
	ended chan int
	works sync.WaitGroup

	mu sync.Mutex
	// held are the parts of this replica. The goroutine of Run alone changes them.
	held map[int]*holding
	// shared is when the leases were last renewed and read.
	shared time.Time
}

// holding is a part of this replica.
type holding struct {
	// revision is that of the lease in the bucket.
	revision uint64
	// stop ends the work, and expiry stops it when the lease is not renewed in time.
	stop   context.CancelFunc
	expiry *time.Timer
	// ending reports whether the part is being given up.
	ending bool
}

// New makes a replica. Run takes parts.
func New(opts Options) *Group {
	if opts.Term == 0 {
		opts.Term = defaultTerm
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Work == nil {
		opts.Work = func(ctx context.Context, _ int) { <-ctx.Done() }
	}
	return &Group{opts: opts, id: rand.Text(), ended: make(chan int), held: map[int]*holding{}, shared: time.Now()}
}

// Has reports whether this replica works on a part. While the leases cannot be had for two terms, every replica works
// on every part: conflicts are better than work that nobody does.
func (g *Group) Has(part int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.held[part]
	return h != nil && !h.ending || g.lost()
}

// Lost reports whether the leases cannot be had for two terms.
func (g *Group) Lost() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lost()
}

func (g *Group) lost() bool { return time.Since(g.shared) > 2*g.opts.Term }

// Count is the number of parts.
func (g *Group) Count() int { return g.opts.Count }

// Held returns the parts on which this replica works, in order.
func (g *Group) Held() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []int
	for part, h := range g.held {
		if !h.ending {
			out = append(out, part)
		}
	}
	slices.Sort(out)
	return out
}

// Run takes parts, works on them and gives them up, until the context ends. Run returns after the work has ended and
// the leases are given back.
func (g *Group) Run(ctx context.Context) {
	tick := time.NewTicker(g.opts.Term / beats)
	defer tick.Stop()
	var watcher jetstream.KeyWatcher
	failing := false
	for ctx.Err() == nil {
		err := g.round(ctx)
		if err == nil && watcher == nil {
			watcher, err = g.watch(ctx)
		}
		if err != nil && ctx.Err() == nil && !failing {
			g.opts.Log.Warn("the leases cannot be renewed; parts are given up when their leases end",
				"work", g.opts.Name, "error", err)
		}
		failing = err != nil
		g.wait(ctx, tick.C, &watcher)
	}
	if watcher != nil {
		_ = watcher.Stop() // an error means that the connection is gone
	}
	g.leave(context.WithoutCancel(ctx))
}

// wait waits for the next round: by time, after a lease was given up here, or by another replica.
func (g *Group) wait(ctx context.Context, tick <-chan time.Time, watcher *jetstream.KeyWatcher) {
	var updates <-chan jetstream.KeyValueEntry
	if *watcher != nil {
		updates = (*watcher).Updates()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			return
		case part := <-g.ended:
			g.release(ctx, part)
			return
		case entry, open := <-updates:
			if !open {
				*watcher = nil
				return
			}
			if entry != nil && entry.Operation() != jetstream.KeyValuePut {
				return
			}
		}
	}
}

// bucket opens the bucket. Its keys are removed by the servers after the term.
func (g *Group) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	bucket, err := g.opts.JetStream.KeyValue(ctx, Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		bucket, err = g.opts.JetStream.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: Bucket, Description: "which replica works on which part", TTL: g.opts.Term,
			Replicas: max(g.opts.Replicas, 1),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open the leases: %w", err)
	}
	return bucket, nil
}

// watch watches what other replicas give up.
func (g *Group) watch(ctx context.Context) (jetstream.KeyWatcher, error) {
	bucket, err := g.bucket(ctx)
	if err != nil {
		return nil, err
	}
	w, err := bucket.Watch(ctx, g.opts.Name+".>", jetstream.UpdatesOnly(), jetstream.MetaOnly())
	if err != nil {
		return nil, fmt.Errorf("watch the leases: %w", err)
	}
	return w, nil
}

// The keys of a lease, and of a replica that takes part.
const (
	heldKey   = ".held."
	memberKey = ".member."
)

// snapshot is the state of the bucket.
type snapshot struct {
	// members are the replicas that take part, in order.
	members []string
	// taken are the parts that some replica holds.
	taken map[int]bool
}

// round renews what is held, gives up what is more than the share of this replica, and takes what is free.
func (g *Group) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(g.opts.Term/beats, leastPatience))
	defer cancel()
	bucket, err := g.bucket(ctx)
	if err != nil {
		return err
	}
	if _, err := bucket.Put(ctx, g.opts.Name+memberKey+g.id, nil); err != nil {
		return fmt.Errorf("take part in the leases: %w", err)
	}
	if err := g.renew(ctx, bucket); err != nil {
		return err
	}
	now, err := g.look(ctx, bucket)
	if err != nil {
		return err
	}
	share := fairShare(g.opts.Count, now.members, g.id)
	held := g.Held()
	for _, part := range held[min(share, len(held)):] {
		g.opts.Log.Info("a part is given up for another replica", "work", g.opts.Name, "part", part)
		g.end(part)
	}
	if err := g.take(ctx, bucket, share-len(held), now); err != nil {
		return err
	}
	g.mu.Lock()
	g.shared = time.Now()
	g.mu.Unlock()
	return nil
}

// renew renews the leases of this replica. A lease that another replica has ends here.
func (g *Group) renew(ctx context.Context, bucket jetstream.KeyValue) error {
	for _, part := range g.parts() {
		h := g.held[part]
		begun := time.Now()
		revision, err := bucket.Update(ctx, g.key(part), []byte(g.id), h.revision)
		switch {
		case err == nil:
			h.revision = revision
			if !h.ending {
				h.expiry.Reset(g.opts.Term - time.Since(begun))
			}
		case isTaken(err):
			g.opts.Log.Warn("the lease of a part ended before it was renewed", "work", g.opts.Name, "part", part)
			h.revision = 0 // not to be given back
			g.end(part)
		default:
			return fmt.Errorf("renew a lease: %w", err)
		}
	}
	return nil
}

// isTaken reports whether a lease is not what this replica believed.
func isTaken(err error) bool {
	if errors.Is(err, jetstream.ErrKeyExists) {
		return true
	}
	answer, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		answer.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// look reads the bucket.
func (g *Group) look(ctx context.Context, bucket jetstream.KeyValue) (snapshot, error) {
	out := snapshot{taken: map[int]bool{}}
	w, err := bucket.Watch(ctx, g.opts.Name+".>", jetstream.IgnoreDeletes(), jetstream.MetaOnly())
	if err != nil {
		return out, fmt.Errorf("read the leases: %w", err)
	}
	defer func() { _ = w.Stop() }() // an error means that the connection is gone
	for {
		select {
		case <-ctx.Done():
			return out, fmt.Errorf("read the leases: %w", ctx.Err())
		case entry, open := <-w.Updates():
			if !open {
				return out, errors.New("read the leases: the bucket cannot be read to its end")
			}
			if entry == nil {
				slices.Sort(out.members)
				return out, nil
			}
			out.add(strings.TrimPrefix(entry.Key(), g.opts.Name))
		}
	}
}

func (s *snapshot) add(key string) {
	if id, ok := strings.CutPrefix(key, memberKey); ok {
		s.members = append(s.members, id)
		return
	}
	if part, err := strconv.Atoi(strings.TrimPrefix(key, heldKey)); err == nil {
		s.taken[part] = true
	}
}

// fairShare is the number of parts of a replica. The shares of all replicas add up to the parts.
func fairShare(parts int, members []string, id string) int {
	if len(members) == 0 {
		return parts
	}
	share := parts / len(members)
	if rank := slices.Index(members, id); rank >= 0 && rank < parts%len(members) {
		share++
	}
	return share
}

// take takes up to n free parts.
func (g *Group) take(ctx context.Context, bucket jetstream.KeyValue, n int, now snapshot) error {
	first := 0
	if rank := slices.Index(now.members, g.id); rank > 0 { // replicas that start at once begin at different parts
		first = rank * g.opts.Count / len(now.members)
	}
	for i := 0; i < g.opts.Count && n > 0; i++ {
		part := (first + i) % g.opts.Count
		if _, ours := g.held[part]; ours || now.taken[part] {
			continue
		}
		begun := time.Now()
		revision, err := bucket.Create(ctx, g.key(part), []byte(g.id))
		if isTaken(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("take a lease: %w", err)
		}
		g.begin(ctx, part, revision, begun)
		n--
	}
	return nil
}

func (g *Group) key(part int) string { return g.opts.Name + heldKey + strconv.Itoa(part) }

// parts are the parts of this replica, also those that are being given up.
func (g *Group) parts() []int { return slices.Sorted(maps.Keys(g.held)) }

// begin begins the work on a part.
func (g *Group) begin(ctx context.Context, part int, revision uint64, taken time.Time) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &holding{revision: revision, stop: stop, expiry: time.AfterFunc(g.opts.Term-time.Since(taken), stop)}
	g.mu.Lock()
	g.held[part] = h
	g.mu.Unlock()
	g.works.Go(func() {
		g.opts.Work(ctx, part)
		stop()
		g.ended <- part
	})
}

// end ends the work on a part. The lease is given back once the work has ended.
func (g *Group) end(part int) {
	h := g.held[part]
	g.mu.Lock()
	h.ending = true
	g.mu.Unlock()
	h.expiry.Stop()
	h.stop()
}

// release gives back the lease of a part whose work has ended.
func (g *Group) release(ctx context.Context, part int) {
	h := g.held[part]
	h.expiry.Stop()
	g.mu.Lock()
	delete(g.held, part)
	g.mu.Unlock()
	if h.revision == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leastPatience)
	defer cancel()
	bucket, err := g.bucket(ctx)
	if err == nil {
		err = bucket.Delete(ctx, g.key(part), jetstream.LastRevision(h.revision))
	}
	if err != nil && !isTaken(err) {
		g.opts.Log.Warn("a lease was not given back and ends by itself",
			"work", g.opts.Name, "part", part, "in", g.opts.Term.String(), "error", err)
	}
}

// leave ends all work, and gives back the leases and the place of this replica.
func (g *Group) leave(ctx context.Context) {
	left := g.parts()
	for _, part := range left {
		g.end(part)
	}
	for range left {
		g.release(ctx, <-g.ended)
	}
	g.works.Wait()
	ctx, cancel := context.WithTimeout(ctx, leastPatience)
	defer cancel()
	if bucket, err := g.bucket(ctx); err == nil {
		_ = bucket.Delete(ctx, g.opts.Name+memberKey+g.id) // otherwise the place ends by itself
	}
}
