package lifecycle

import (
	"cmp"
	"slices"
	"time"
)

// isUnannounced tells whether an item may no longer be held and nobody was told so since it
// last stood.
func (s *Subject) isUnannounced(o *holding) bool {
	return o.lapsed() && !slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool {
		return d.Item == o.Item && !d.Returned && !o.lapse.After(d.coveredUntil())
	})
}

// coveredUntil is the last end of an item of which the deletion spares saying it again.
func (d *AnnouncedDeletion) coveredUntil() time.Time {
	if d.CoveredUntil == nil {
		return d.Lapse
	}
	return *d.CoveredUntil
}

// parts are the subjects that became this one and are not joined yet, or itself.
func (s *Subject) parts() []MergedPart {
	if len(s.MergedParts) > 0 {
		return slices.Clone(s.MergedParts)
	}
	return []MergedPart{{Facts: s.Facts, Announced: s.Announced, Revision: s.Revision}}
}

// markReturned remembers that an item stood after it was said to be deleted: other systems
// may hold it again, so its next end is said whenever that was.
func (s *Subject) markReturned(item Item) {
	for i := range s.Announced {
		s.Announced[i].Returned = s.Announced[i].Returned || s.Announced[i].Item == item
	}
}

// reconcile brings what was said into line with what is known now. What was said of an
// item holds while the item does not stand; and it says nothing of what another subject,
// or another record that turns out to be the same, still held of the same item.
func (s *Subject) reconcile(h *history, was *Subject, news []Fact, held []holding, at time.Time) {
	if len(s.Announced) == 0 {
		return
	}
	parts := was.parts()
	another := was.Revision != h.policy.Revision // or several are joined
	for i := range parts {
		switch {
		case another && len(parts) == 1 && len(news) == 0:
			s.reconcilePart(h, &parts[i], held) // the policy alone is new
		case another || s.renamesAnnounced(h, news):
			s.reconcilePart(h, &parts[i], holdings(Bases(h.policy, parts[i].Facts), at))
		}
	}
	for i := range s.Announced {
		d := &s.Announced[i]
		n, ok := findHolding(held, d.Item)
		d.Returned = d.Returned || ok && held[n].stands
	}
}

// reconcilePart looks at one of the stories that became this one, as it was before. Under
// another policy an end that was said may have moved; as long as the item never stood
// since, there is nothing to be deleted and nobody to be told.
func (s *Subject) reconcilePart(h *history, part *MergedPart, held []holding) {
	then := Subject{Announced: slices.DeleteFunc(slices.Clone(s.Announced), func(d AnnouncedDeletion) bool { return !containsDeletion(part.Announced, d) })}
	for i := range held {
		o := &held[i]
		switch {
		case !o.stands && !then.isUnannounced(o):
		case !o.stands && part.Revision != h.policy.Revision && then.isAnnounced(o.Item):
			s.extendCoverage(then.Announced, o)
		default:
			now := o.Item
			if now.Ref != "" {
				now.Ref = h.recordNamed(now.Ref)
			}
			s.markReturned(now)
		}
	}
}

func containsDeletion(all []AnnouncedDeletion, d AnnouncedDeletion) bool {
	return slices.ContainsFunc(all, func(x AnnouncedDeletion) bool { return x.Item == d.Item && x.Decision == d.Decision })
}

// isAnnounced tells whether an item was said to be deleted and did not stand since.
func (s *Subject) isAnnounced(item Item) bool {
	return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Item == item && !d.Returned })
}

// extendCoverage lets what was said of an item hold for its end as it is now.
func (s *Subject) extendCoverage(said []AnnouncedDeletion, o *holding) {
	for i := range s.Announced {
		if s.Announced[i].Item == o.Item && !s.Announced[i].Returned && containsDeletion(said, s.Announced[i]) {
			s.Announced[i].CoveredUntil = &o.lapse
		}
	}
}

// renamesAnnounced tells whether news give names to a record of which a deletion was said: it may
// be another record as well.
func (s *Subject) renamesAnnounced(h *history, news []Fact) bool {
	return slices.ContainsFunc(news, func(f Fact) bool {
		if f.Ref == "" || len(f.Links) == 0 {
			return false
		}
		record := h.recordNamed(f.Ref)
		return slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Ref == record })
	})
}

// earlierDecisions returns the decisions that said the items deleted before, in order, and the
// last one that is forgotten. They tell a deletion that has to be said anew from the one
// that it repeats.
func (s *Subject) earlierDecisions(items []Item) []string {
	var out []string
	if s.LastForgotten != "" {
		out = append(out, s.LastForgotten)
	}
	for i := range s.Announced {
		if slices.Contains(items, s.Announced[i].Item) {
			out = append(out, s.Announced[i].Decision)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dropSuperseded forgets what was said of items before a decision that is sent now. Until
// then it is kept, because what is not sent may be taken back.
func (s *Subject) dropSuperseded(ids []string) {
	all := s.Announced
	s.Announced = slices.DeleteFunc(slices.Clone(all), func(d AnnouncedDeletion) bool {
		return slices.ContainsFunc(all, func(x AnnouncedDeletion) bool {
			return x.Item == d.Item && x.Decision != d.Decision && slices.Contains(ids, x.Decision) &&
				!x.Returned && (d.Returned || cmp.Or(d.coveredUntil().Compare(x.coveredUntil()), cmp.Compare(d.Decision, x.Decision)) < 0)
		})
	})
}

// dropAnnounced drops deletions of items of which nothing is known any more, once late repeats
// are no longer to be expected.
func (s *Subject) dropAnnounced(p *Policy, held []holding, at time.Time) {
	s.Announced = slices.DeleteFunc(s.Announced, func(d AnnouncedDeletion) bool {
		_, known := findHolding(held, d.Item)
		if known || d.At.AddDate(0, 0, p.IntakeDays).After(at) {
			return false
		}
		s.LastForgotten = d.Decision
		return true
	})
}

// findHolding returns where an item is among holdings, which are in order.
func findHolding(held []holding, item Item) (int, bool) {
	return slices.BinarySearchFunc(held, item, func(o holding, item Item) int { return compareItems(o.Item, item) })
}

// latestDeletions returns the last deletion of each item that was decided by an instant.
func latestDeletions(deletions []AnnouncedDeletion, at time.Time) []AnnouncedDeletion {
	var out []AnnouncedDeletion
	for _, d := range slices.SortedStableFunc(slices.Values(deletions), compareDeletions) {
		d.Returned, d.CoveredUntil = false, nil // how it is remembered concerns nobody else
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
	return cmp.Or(compareItems(a.Item, b.Item), a.At.Compare(b.At), a.Lapse.Compare(b.Lapse), cmp.Compare(a.Decision, b.Decision))
}
