package brake

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Store is what a Brake needs of the store.
type Store interface {
	// Due returns the ids of subjects whose review time has passed, the earliest first, and then of subjects that
	// were evaluated under another revision.
	Due(ctx context.Context, at time.Time, revision string, limit int) ([]string, error)
	Count(ctx context.Context) (int64, error)
	store.Stater
}

// Impact is what a review would delete.
type Impact struct {
	// Persons is the number of persons of whom something would be deleted, Items the number of items by category.
	Persons int            `json:"persons"`
	Items   map[string]int `json:"items"`
	// Weighed is the number of persons that were looked at.
	Weighed int `json:"-"`
}

// Add counts the decisions about one person.
func (i *Impact) Add(made []decision.Decision) {
	deletes := false
	for n := range made {
		for _, item := range made[n].Items() {
			deletes = true
			i.Items[item.Category]++
		}
	}
	if deletes {
		i.Persons++
	}
}

// Previewer works out what a review of subjects at an instant would delete beyond what a review at an approved instant
// deletes, and changes nothing. A zero instant approves nothing.
type Previewer interface {
	Preview(ctx context.Context, ids []string, approved, at time.Time) (Impact, error)
}

// Options configure a Brake.
type Options struct {
	Clock     *Clock
	Store     Store
	Previewer Previewer
	// Revision is the revision of the policy in force.
	Revision string
	// LimitPercent is the share of persons, in percent, whose data may lapse at once without an approval.
	LimitPercent float64
	Log          *slog.Logger
}

// Few is the number of persons whose data may lapse at once without an approval, whatever their share.
const Few = 20

// Reason is why reviews wait.
type Reason string

// The reasons.
const (
	ReasonNone   Reason = ""
	ReasonBehind Reason = "clock_behind"
	ReasonAhead  Reason = "clock_ahead"
	ReasonMany   Reason = "too_many"
	// ReasonNews concerns the deletions that news cause, and no others.
	ReasonNews Reason = "too_many_by_news"
)

// Reasons returns the reasons why deletions may wait.
func Reasons() []Reason { return []Reason{ReasonBehind, ReasonAhead, ReasonMany, ReasonNews} }

// Status is the state of a Brake.
type Status struct {
	Reason Reason `json:"reason"`
	// Time is the time that is believed, Machine the time of the machine, and Latest the latest time that is known.
	Time    time.Time  `json:"time"`
	Machine time.Time  `json:"machine"`
	Latest  *time.Time `json:"latest,omitempty"`
	// Impact is what waits for an approval, at least; absent unless too many would lapse.
	Impact *Impact `json:"impact,omitempty"`
	// News is what news would delete and waits for an approval; absent for nothing.
	News *Impact `json:"news,omitempty"`
	// Subjects is the number of persons, LimitPercent the share that needs no approval, in percent.
	Subjects     int64   `json:"subjects,omitempty"`
	LimitPercent float64 `json:"limit_percent"`
}

// Brake holds reviews back. A Brake may be used concurrently.
type Brake struct {
	opts Options

	mu     sync.Mutex
	status Status
	saved  time.Time
	news   news
}

// New makes a Brake with the latest time that an earlier process recorded.
func New(ctx context.Context, opts Options) (*Brake, error) {
	b := &Brake{
		opts: opts, status: Status{LimitPercent: opts.LimitPercent}, news: news{published: map[string]time.Time{}},
	}
	r, err := b.load(ctx)
	if err != nil {
		return nil, err
	}
	opts.Clock.Resume(r.Latest)
	_, err = b.Open(ctx) // the state before anything is published
	return b, err
}

// Holds reports whether no deletion may be published, because the brake is on or the clock is in doubt.
func (b *Brake) Holds() bool {
	_, _, state := b.opts.Clock.Read()
	b.mu.Lock()
	defer b.mu.Unlock()
	return state != Believed || b.status.Reason != ReasonNone
}

// record is what a Brake keeps in the store.
type record struct {
	// Latest is the latest time that was known and believed.
	Latest time.Time `json:"latest"`
	// Approved is the time up to which all that lapses is approved.
	Approved time.Time `json:"approved"`
}

// recordName is the name of the record in the store.
const recordName = "brake"

func (b *Brake) load(ctx context.Context) (record, error) {
	return store.ReadState[record](ctx, b.opts.Store, recordName)
}

func (b *Brake) save(ctx context.Context, r record) error {
	return store.WriteState(ctx, b.opts.Store, recordName, r)
}

// Status returns the state as of the last Open.
func (b *Brake) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Time, s.Machine, _ = b.opts.Clock.Read()
	if latest := b.opts.Clock.Latest(); !latest.IsZero() {
		s.Latest = &latest
	}
	if b.news.waiting.Persons > 0 {
		s.News = &Impact{Persons: b.news.waiting.Persons, Items: maps.Clone(b.news.waiting.Items)}
	}
	return s
}

// Open reports whether subjects may be reviewed at the time of the clock. A brake that was open before and is closed
// now is logged.
func (b *Brake) Open(ctx context.Context) (bool, error) {
	now, _, state := b.opts.Clock.Read()
	next := Status{LimitPercent: b.opts.LimitPercent}
	switch state {
	case Behind:
		next.Reason = ReasonBehind
	case Ahead:
		next.Reason = ReasonAhead
	default:
		if err := b.weigh(ctx, now, &next); err != nil {
			return false, fmt.Errorf("weigh what lapses: %w", err)
		}
	}
	b.note(next)
	if next.Reason != ReasonNone {
		return false, nil
	}
	return true, b.mark(ctx, now)
}

// dueAtMost bounds the persons that are weighed at once: an approval may be needed again for the next.
const dueAtMost = 100_000

// pageSize is how many persons are previewed at once.
const pageSize = 500

// weigh works out whether too many persons would lose data at an instant.
func (b *Brake) weigh(ctx context.Context, at time.Time, s *Status) error {
	due, err := b.opts.Store.Due(ctx, at, b.opts.Revision, dueAtMost)
	if err != nil || len(due) <= Few {
		return err
	}
	r, err := b.load(ctx)
	if err != nil {
		return err
	}
	total := Impact{Items: map[string]int{}}
	for ids := range slices.Chunk(due, pageSize) {
		page, err := b.opts.Previewer.Preview(ctx, ids, r.Approved, at)
		if err != nil {
			return err
		}
		if page.Weighed == 0 {
			break // the others are due because of a new policy
		}
		total.Persons += page.Persons
		for category, n := range page.Items {
			total.Items[category] += n
		}
	}
	if total.Persons <= Few {
		return nil
	}
	if s.Subjects, err = b.opts.Store.Count(ctx); err != nil {
		return err
	}
	if float64(total.Persons)*100 > b.opts.LimitPercent*float64(s.Subjects) {
		s.Reason, s.Impact = ReasonMany, &total
	}
	return nil
}

// note keeps the state, and logs a change.
func (b *Brake) note(next Status) {
	b.mu.Lock()
	before := b.status.Reason
	b.status = next
	b.mu.Unlock()
	switch {
	case before == next.Reason:
	case next.Reason == ReasonNone:
		b.opts.Log.Info("reviews go on")
	default:
		b.opts.Log.Error(
			"nothing is deleted with time until a person approves: run \"rodopath brake\"",
			"reason",
			next.Reason,
		)
	}
}

// markEvery is how often the latest time is stored.
const markEvery = time.Minute

// mark stores the latest time that is known and believed.
func (b *Brake) mark(ctx context.Context, now time.Time) error {
	b.opts.Clock.Believe(now)
	b.mu.Lock()
	saved := b.saved
	b.mu.Unlock()
	if now.Sub(saved) < markEvery {
		return nil
	}
	r, err := b.load(ctx)
	if err != nil {
		return err
	}
	r.Latest = now
	if err := b.save(ctx, r); err != nil {
		return err
	}
	b.mu.Lock()
	b.saved = now
	b.mu.Unlock()
	return nil
}

// Approve believes the time of the machine, and approves all that has lapsed by then. Approve returns the state before.
func (b *Brake) Approve(ctx context.Context) (Status, error) {
	before := b.Status()
	b.opts.Clock.Approve()
	now := b.opts.Clock.Now()
	if err := b.save(ctx, record{Latest: now, Approved: now}); err != nil {
		return before, fmt.Errorf("approve what lapses: %w", err)
	}
	if err := b.ApproveNews(ctx); err != nil {
		return before, fmt.Errorf("approve what news delete: %w", err)
	}
	return before, nil
}
