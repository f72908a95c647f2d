package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// coverage is until when the announcements in force cover each item.
type coverage map[rules.Item]time.Time

func (s *Subject) coverage() coverage {
	if len(s.Announced) == 0 {
		return nil
	}
	out := make(coverage, len(s.Announced))
	for i := range s.Announced {
		if d := &s.Announced[i]; !d.Returned {
			out[d.Item] = calendar.Later(out[d.Item], d.coveredUntil())
		}
	}
	return out
}

// isUnannounced reports whether an item may no longer be held and no deletion of the item was announced since the
// item was last in force.
func (c coverage) isUnannounced(o *rules.Holding) bool {
	until, announced := c[o.Item]
	return o.Lapsed() && (!announced || o.Lapse.After(until))
}

// coveredUntil is the latest end of the item for which the announcement makes another one
// unnecessary.
func (d *AnnouncedDeletion) coveredUntil() time.Time {
	if d.CoveredUntil == nil {
		return d.Lapse
	}
	return *d.CoveredUntil
}

// parts returns the merged subjects before their reconciliation, or the subject itself.
func (s *Subject) parts() []MergedPart {
	if len(s.MergedParts) > 0 {
		return slices.Clone(s.MergedParts)
	}
	return []MergedPart{{Facts: s.Facts, Announced: s.Announced, Revision: s.Revision}}
}

// withRecordNames returns the subject with its announcements under the names that the evaluation of its stored
// facts gives to their records: new facts may have renamed a record, and a former version named a record by
// the least of its names.
func (s Subject) withRecordNames(p *rules.Policy) Subject {
	if !slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Ref != "" }) {
		return s
	}
	if len(s.MergedParts) == 0 {
		s.Announced = slices.Clone(s.Announced)
		rules.WithRecordNames(p, s.Facts, func(named func(string) string) {
			for i := range s.Announced {
				s.Announced[i].Ref = named(s.Announced[i].Ref)
			}
		})
		return s
	}
	parts, all := s.parts(), slices.Clone(s.Announced)
	for i := range parts {
		named, before := rules.RecordNames(p, parts[i].Facts), parts[i].Announced
		parts[i].Announced = slices.Clone(before)
		for j := range before {
			parts[i].Announced[j].Ref = named(before[j].Ref)
		}
		for k, d := range s.Announced {
			if containsDeletion(before, d) {
				all[k].Ref = named(d.Ref)
			}
		}
	}
	s.Announced, s.MergedParts = all, parts
	return s
}

// markReturned records that an announced item was in force again: recipients may hold the item
// again, so its next end is announced whatever its date.
func (s *Subject) markReturned(item rules.Item) {
	for i := range s.Announced {
		s.Announced[i].Returned = s.Announced[i].Returned || s.Announced[i].Item == item
	}
}

// reconcile brings announcements into line with current knowledge. An announcement covers an item
// while the item is not in force. An announcement of one subject, or of one record, does not cover
// the same item of a merged subject, or of another record that turns out to be the same.
func (s *Subject) reconcile(h *rules.Evaluation, was *Subject, news []fact.Fact, held []rules.Holding, at time.Time) {
	if len(s.Announced) == 0 {
		return
	}
	parts := was.parts()
	another := was.Revision != h.Policy().Revision // or several are joined
	for i := range parts {
		switch {
		case another && len(parts) == 1 && len(news) == 0:
			s.reconcilePart(h, &parts[i], held) // the policy alone is new
		case another || s.renamesAnnounced(h, news):
			s.reconcilePart(h, &parts[i], rules.Holdings(rules.Bases(h.Policy(), parts[i].Facts), at))
		}
	}
	for i := range s.Announced {
		d := &s.Announced[i]
		n, ok := rules.FindHolding(held, d.Item)
		d.Returned = d.Returned || ok && held[n].InForce
	}
}

// reconcilePart reconciles the announcements of one merged subject, from its facts before the
// merge. Another policy may have moved the end of an announced item; while the item was not in
// force since, no further deletion is needed.
func (s *Subject) reconcilePart(h *rules.Evaluation, part *MergedPart, held []rules.Holding) {
	then := Subject{
		Announced: slices.DeleteFunc(
			slices.Clone(s.Announced),
			func(d AnnouncedDeletion) bool { return !containsDeletion(part.Announced, d) },
		),
	}
	covered := then.coverage()
	for i := range held {
		o := &held[i]
		switch {
		case !o.InForce && !covered.isUnannounced(o):
		case !o.InForce && part.Revision != h.Policy().Revision && then.isAnnounced(o.Item):
			s.extendCoverage(then.Announced, o)
		default:
			now := o.Item
			if now.Ref != "" {
				now.Ref = h.RecordNamed(now.Ref)
			}
			s.markReturned(now)
		}
	}
}

func containsDeletion(all []AnnouncedDeletion, d AnnouncedDeletion) bool {
	return slices.ContainsFunc(all, func(x AnnouncedDeletion) bool { return x.Item == d.Item && x.Decision == d.Decision })
}

// isAnnounced reports whether the deletion of an item was announced and the item was not in force
// since.
func (s *Subject) isAnnounced(item rules.Item) bool {
	return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Item == item && !d.Returned })
}

// extendCoverage extends the announcements of an item to its end under the present policy.
func (s *Subject) extendCoverage(said []AnnouncedDeletion, o *rules.Holding) {
	until := o.Lapse
	for i := range s.Announced {
		if s.Announced[i].Item == o.Item && !s.Announced[i].Returned && containsDeletion(said, s.Announced[i]) {
			s.Announced[i].CoveredUntil = &until
		}
	}
}

// renamesAnnounced reports whether new facts add names to a record with an announced deletion: the
// record may be identical with another one.
func (s *Subject) renamesAnnounced(h *rules.Evaluation, news []fact.Fact) bool {
	return slices.ContainsFunc(news, func(f fact.Fact) bool {
		if f.Ref == "" || len(f.Links) == 0 {
			return false
		}
		record := h.RecordNamed(f.Ref)
		return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Ref == record })
	})
}

// decisionsByItem returns the decisions that announced each item, under the present name of its record.
func (s *Subject) decisionsByItem(h *rules.Evaluation) map[rules.Item][]string {
	if len(s.Announced) == 0 {
		return nil
	}
	out := make(map[rules.Item][]string, len(s.Announced))
	for i := range s.Announced {
		item := currentName(h, s.Announced[i].Item)
		out[item] = append(out[item], s.Announced[i].Decision)
	}
	return out
}

// earlierDecisions returns the decisions that announced the items before, of all by item, sorted, with
// LastForgotten. The list distinguishes the id of a new deletion from the ids of the deletions before.
func (s *Subject) earlierDecisions(byItem map[rules.Item][]string, items []rules.Item) []string {
	var out []string
	if s.LastForgotten != "" {
		out = append(out, s.LastForgotten)
	}
	if len(byItem) == 0 {
		return out
	}
	for _, item := range items {
		out = append(out, byItem[item]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dropSuperseded drops the announcements that a newly published decision replaces. An unpublished
// decision replaces nothing, because an unpublished decision may be retracted. The announcement of a
// deletion that may still be delivered is kept: its items may be retracted.
func (s *Subject) dropSuperseded(ids []string) {
	fresh := map[rules.Item][]AnnouncedDeletion{}
	for _, d := range s.Announced {
		if !d.Returned && slices.Contains(ids, d.Decision) {
			fresh[d.Item] = append(fresh[d.Item], d)
		}
	}
	s.Announced = slices.DeleteFunc(slices.Clone(s.Announced), func(d AnnouncedDeletion) bool {
		return slices.ContainsFunc(fresh[d.Item], func(x AnnouncedDeletion) bool {
			return x.Decision != d.Decision && (d.Returned || compareCoverage(d, x) < 0)
		}) && !s.mayBeDelivered(d.Decision)
	})
}

// mayBeDelivered reports whether a published decision is not closed.
func (s *Subject) mayBeDelivered(decisionID string) bool {
	n := notice.Find(s.Notices, decisionID)
	return n != nil && n.Closed == nil
}

func compareCoverage(a, b AnnouncedDeletion) int {
	return cmp.Or(a.coveredUntil().Compare(b.coveredUntil()), cmp.Compare(a.Decision, b.Decision))
}

// dropAnnounced drops announcements of items without any basis once the intake period is over and
// late redeliveries are no longer expected.
func (s *Subject) dropAnnounced(p *rules.Policy, held []rules.Holding, at time.Time) {
	s.Announced = slices.DeleteFunc(s.Announced, func(d AnnouncedDeletion) bool {
		_, known := rules.FindHolding(held, d.Item)
		if known || d.At.AddDate(0, 0, p.IntakeDays).After(at) {
			return false
		}
		s.LastForgotten = d.Decision
		return true
	})
}

// latestDeletions returns the last deletion of each item that was decided by an instant.
func latestDeletions(deletions []AnnouncedDeletion, at time.Time) []AnnouncedDeletion {
	var out []AnnouncedDeletion
	for _, d := range slices.SortedStableFunc(slices.Values(deletions), compareDeletions) {
		d.Returned, d.CoveredUntil = false, nil // internal bookkeeping, not part of a report
		switch {
		case d.At.After(at):
		case len(out) > 0 && out[len(out)-1].Item == d.Item:
			out[len(out)-1] = d
		default:
			out = append(out, d)
		}
	}
	return out
}

func compareDeletions(a, b AnnouncedDeletion) int {
	return cmp.Or(
		rules.CompareItems(a.Item, b.Item),
		a.At.Compare(b.At),
		a.Lapse.Compare(b.Lapse),
		cmp.Compare(a.Decision, b.Decision),
	)
}
