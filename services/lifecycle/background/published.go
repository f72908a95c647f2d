package background

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// published is a subject whose outbox is published and in the journal.
type published struct {
	// subject is the subject as it was read.
	subject lifecycle.Subject
	// held are the decisions that the subject holds back.
	held    []decision.Decision
	notices []notice.Notice
	// looks are the held deletions that were published again.
	looks []look
	head  chain.Head
}

// clearOutboxes clears the published outboxes.
func (r *Relay) clearOutboxes(ctx context.Context, batch []published) error {
	changes := make([]store.Change, len(batch))
	for i := range batch {
		s := lifecycle.MarkPurged(batch[i].subject)
		sent := idsOf(s.Outbox)
		s.Outbox = slices.Concat(s.Outbox, batch[i].held)
		s = lifecycle.MarkSent(s, sent)
		s = lifecycle.MarkJournaled(lifecycle.AddNotices(r.opts.Policy, s, batch[i].notices), batch[i].head)
		for j := range batch[i].looks {
			s = batch[i].looks[j].done(r.opts.Policy, s)
		}
		changes[i].Subject = s
	}
	conflicts, err := store.Write(ctx, r.opts.Store, changes)
	late := make([]published, len(conflicts))
	for i, n := range conflicts {
		late[i] = batch[n]
	}
	return errors.Join(err, r.settle(ctx, late))
}

func idsOf(list []decision.Decision) []string {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

// settleTries is how often subjects are settled together before they are settled one by one.
const settleTries = 3

// settle records publications in subjects that were written during the publication.
func (r *Relay) settle(ctx context.Context, batch []published) error {
	for range settleTries {
		if len(batch) == 0 {
			return nil
		}
		left, err := r.settleOnce(ctx, batch)
		if err != nil {
			return err
		}
		batch = left
	}
	var errs []error
	for _, p := range batch {
		errs = append(errs, store.Update(ctx, r.opts.Store, p.subject.ID,
			func(s lifecycle.Subject) (*store.Change, error) { return &store.Change{Subject: r.settled(s, p)}, nil }))
	}
	return errors.Join(errs...)
}

// settleOnce settles subjects in one write and returns those that are left: merged ones, and those that were written
// meanwhile.
func (r *Relay) settleOnce(ctx context.Context, batch []published) (left []published, err error) {
	ids := make([]string, len(batch))
	for i := range batch {
		ids[i] = batch[i].subject.ID
	}
	found, err := r.opts.Store.Load(ctx, ids)
	damaged, err := store.SplitDamaged(err)
	if err != nil {
		return nil, err
	}
	var changes []store.Change
	var of []published
	for _, p := range batch {
		switch s, ok := found[p.subject.ID]; {
		case ok && s.MergedInto != "":
			left = append(left, p)
		case ok:
			changes, of = append(changes, store.Change{Subject: r.settled(s, p)}), append(of, p)
		}
	}
	conflicts, err := store.Write(ctx, r.opts.Store, changes)
	for _, i := range conflicts {
		left = append(left, of[i])
	}
	return left, errors.Join(err, damaged.Err())
}

// settled returns a subject that was written during the publication with the publication recorded. A decision that is
// still in the outbox as it was published leaves the outbox; one that was made again in another form is published
// again under the same id. New facts may have retracted a decision that is published already, and the answers of
// recipients need the notice.
func (r *Relay) settled(s lifecycle.Subject, p published) lifecycle.Subject {
	isSame := s.ID == p.subject.ID // the journal of a merged subject ends there
	var sent []decision.Decision
	for _, d := range s.Outbox {
		if isSame &&
			slices.ContainsFunc(p.subject.Outbox, func(was decision.Decision) bool { return reflect.DeepEqual(was, d) }) {
			sent = append(sent, d)
		}
	}
	s = lifecycle.AddNotices(r.opts.Policy, lifecycle.MarkSent(s, idsOf(sent)), p.notices)
	// A journal with entries still to be written is searched by the next write.
	if isSame && p.head.Seq > s.Journal.Seq && len(s.Outbox)+len(s.Notes) == 0 {
		s.Journal = p.head
	}
	return s
}
