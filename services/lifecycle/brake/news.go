package brake

import (
	"context"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// newsWindow is the time in which the persons are counted who lose data by news.
const newsWindow = time.Hour

// newsName is the name of the approval of deletions by news in the store.
const newsName = "brake_news"

// newsRecord is what a Brake keeps in the store about news.
type newsRecord struct {
	// Approved is the time up to which deletions by news are approved.
	Approved time.Time `json:"approved"`
}

// news counts the persons who lose data by news, such as a faulty import.
type news struct {
	// published are the persons of whom recipients were notified, with the time.
	published map[string]time.Time
	// waiting is what waits for an approval as of the present reading of the outboxes, on whether something waited.
	waiting Impact
	ids     map[string]bool
	on      bool
}

// WeighNews returns the ids of the subjects whose deletions by news wait for an approval, because together with those
// of the last hour the persons are too many. The outboxes hold what may be published otherwise. first reports whether
// the subjects begin a new reading of all outboxes. A person who requested erasure never waits.
func (b *Brake) WeighNews(ctx context.Context, subjects []lifecycle.Subject, first bool) (map[string]bool, error) {
	at, _, _ := b.opts.Clock.Read()
	b.mu.Lock()
	defer b.mu.Unlock()
	if first {
		b.news.waiting, b.news.ids = Impact{Items: map[string]int{}}, map[string]bool{}
	}
	persons := b.news.recent(at) + b.news.waiting.Persons
	var found []*lifecycle.Subject
	for i := range subjects {
		s := &subjects[i]
		if !slices.ContainsFunc(s.Outbox, isByNews) || s.RequestedErasure() {
			continue
		}
		found = append(found, s)
		if _, counted := b.news.published[s.ID]; !counted {
			persons++
		}
	}
	waits, err := b.tooManyByNews(ctx, found, persons)
	for _, s := range found {
		if waits[s.ID] {
			b.news.ids[s.ID] = true
			b.news.waiting.Add(slices.DeleteFunc(slices.Clone(s.Outbox), func(d decision.Decision) bool { return !isByNews(d) }))
		}
	}
	if on := b.news.waiting.Persons > 0; err == nil && on != b.news.on && (on || first) {
		b.news.on = on
		b.logNews(on)
	}
	return waits, err
}

// tooManyByNews returns the subjects that wait, if the persons are too many.
func (b *Brake) tooManyByNews(ctx context.Context, found []*lifecycle.Subject, persons int) (map[string]bool, error) {
	if len(found) == 0 || persons <= Few {
		return nil, nil
	}
	all, err := b.opts.Store.Count(ctx)
	if err != nil || float64(persons)*100 <= b.opts.LimitPercent*float64(all) {
		return nil, err
	}
	r, err := store.ReadState[newsRecord](ctx, b.opts.Store, newsName)
	if err != nil {
		return nil, err
	}
	waits := map[string]bool{}
	for _, s := range found {
		waits[s.ID] = slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool {
			return isByNews(d) && d.At.After(r.Approved)
		})
	}
	return waits, nil
}

func (b *Brake) logNews(on bool) {
	if on {
		b.opts.Log.Error("deletions that news cause wait until a person approves: run \"rodopath brake\"",
			"persons", b.news.waiting.Persons)
		return
	}
	b.opts.Log.Info("deletions that news cause go on")
}

// WaitsByNews reports whether a decision about a person waits because too many lose data by news.
func (b *Brake) WaitsByNews(d *decision.Decision, person string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.news.ids[person] && isByNews(*d)
}

// NotePublished counts the persons whose deletions by news were published.
func (b *Brake) NotePublished(subjects []lifecycle.Subject) {
	at, _, _ := b.opts.Clock.Read()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range subjects {
		if slices.ContainsFunc(subjects[i].Outbox, isByNews) && !subjects[i].RequestedErasure() {
			b.news.published[subjects[i].ID] = at
		}
	}
}

// ApproveNews approves the deletions that news caused so far, such as those that a preview showed.
func (b *Brake) ApproveNews(ctx context.Context) error {
	now := b.opts.Clock.Now()
	if err := store.WriteState(ctx, b.opts.Store, newsName, newsRecord{Approved: now}); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.news.published)
	return nil
}

// recent returns the number of persons of the last hour, and forgets the others.
func (n *news) recent(at time.Time) int {
	for id, published := range n.published {
		if at.Sub(published) > newsWindow {
			delete(n.published, id)
		}
	}
	return len(n.published)
}

// isByNews reports whether a decision is a deletion that a webhook caused: such a decision bears its trace.
func isByNews(d decision.Decision) bool { return d.Delete != nil && d.Trace != "" }
