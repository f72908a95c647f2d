package lifecycle

import (
	"cmp"
	"slices"
	"time"
)

// unsaid tells whether an item may no longer be held and nobody was told so since it
// last stood.
func (s *Subject) unsaid(o *holding) bool {
	return o.lapsed() && !slices.ContainsFunc(s.Deleted, func(d Deletion) bool {
		return d.Item == o.Item && !d.Back && !o.lapse.After(d.covers())
	})
}

// covers is the last end of an item of which the deletion spares saying it again.
func (d *Deletion) covers() time.Time {
	if d.Covers == nil {
		return d.Lapse
	}
	return *d.Covers
}

// parts are the subjects that became this one and are not joined yet, or itself.
func (s *Subject) parts() []Part {
	if len(s.Joined) > 0 {
		return slices.Clone(s.Joined)
	}
	return []Part{{Facts: s.Facts, Deleted: s.Deleted, Revision: s.Revision}}
}

// comeBack remembers that an item stood after it was said to be deleted: other systems
// may hold it again, so its next end is said whenever that was.
func (s *Subject) comeBack(item Item) {
	for i := range s.Deleted {
		s.Deleted[i].Back = s.Deleted[i].Back || s.Deleted[i].Item == item
	}
}

// recall brings what was said into line with what is known now. What was said of an
// item holds while the item does not stand; and it says nothing of what another subject,
// or another record that turns out to be the same, still held of the same item.
func (s *Subject) recall(h *history, was *Subject, news []Fact, held []holding, at time.Time) {
	if len(s.Deleted) == 0 {
		return
	}
	parts := was.parts()
	another := was.Revision != h.policy.Revision // or several are joined
	for i := range parts {
		switch {
		case another && len(parts) == 1 && len(news) == 0:
			s.recallPart(h, &parts[i], held) // the policy alone is new
		case another || s.named(h, news):
			s.recallPart(h, &parts[i], holdings(Bases(h.policy, parts[i].Facts), at))
		}
	}
	for i := range s.Deleted {
		d := &s.Deleted[i]
		n, ok := find(held, d.Item)
		d.Back = d.Back || ok && held[n].stands
	}
}

// recallPart looks at one of the stories that became this one, as it was before. Under
// another policy an end that was said may have moved; as long as the item never stood
// since, there is nothing to be deleted and nobody to be told.
func (s *Subject) recallPart(h *history, part *Part, held []holding) {
	then := Subject{Deleted: slices.DeleteFunc(slices.Clone(s.Deleted), func(d Deletion) bool { return !remembers(part.Deleted, d) })}
	for i := range held {
		o := &held[i]
		switch {
		case !o.stands && !then.unsaid(o):
		case !o.stands && part.Revision != h.policy.Revision && then.silent(o.Item):
			s.cover(then.Deleted, o)
		default:
			now := o.Item
			if now.Ref != "" {
				now.Ref = h.recordNamed(now.Ref)
			}
			s.comeBack(now)
		}
	}
}

func remembers(all []Deletion, d Deletion) bool {
	return slices.ContainsFunc(all, func(x Deletion) bool { return x.Item == d.Item && x.Decision == d.Decision })
}

// silent tells whether an item was said to be deleted and did not stand since.
func (s *Subject) silent(item Item) bool {
	return slices.ContainsFunc(s.Deleted, func(d Deletion) bool { return d.Item == item && !d.Back })
}

// cover lets what was said of an item hold for its end as it is now.
func (s *Subject) cover(said []Deletion, o *holding) {
	for i := range s.Deleted {
		if s.Deleted[i].Item == o.Item && !s.Deleted[i].Back && remembers(said, s.Deleted[i]) {
			s.Deleted[i].Covers = &o.lapse
		}
	}
}

// named tells whether news give names to a record of which a deletion was said: it may
// be another record as well.
func (s *Subject) named(h *history, news []Fact) bool {
	return slices.ContainsFunc(news, func(f Fact) bool {
		if f.Ref == "" || len(f.Links) == 0 {
			return false
		}
		record := h.recordNamed(f.Ref)
		return slices.ContainsFunc(s.Deleted, func(d Deletion) bool { return d.Ref == record })
	})
}

// saidBefore returns the decisions that said the items deleted before, in order, and the
// last one that is forgotten. They tell a deletion that has to be said anew from the one
// that it repeats.
func (s *Subject) saidBefore(items []Item) []string {
	var out []string
	if s.Forgot != "" {
		out = append(out, s.Forgot)
	}
	for i := range s.Deleted {
		if slices.Contains(items, s.Deleted[i].Item) {
			out = append(out, s.Deleted[i].Decision)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// supersede forgets what was said of items before a decision that is sent now. Until
// then it is kept, because what is not sent may be taken back.
func (s *Subject) supersede(ids []string) {
	all := s.Deleted
	s.Deleted = slices.DeleteFunc(slices.Clone(all), func(d Deletion) bool {
		return slices.ContainsFunc(all, func(x Deletion) bool {
			return x.Item == d.Item && x.Decision != d.Decision && slices.Contains(ids, x.Decision) &&
				!x.Back && (d.Back || cmp.Or(d.covers().Compare(x.covers()), cmp.Compare(d.Decision, x.Decision)) < 0)
		})
	})
}

// forget drops deletions of items of which nothing is known any more, once late repeats
// are no longer to be expected.
func (s *Subject) forget(p *Policy, held []holding, at time.Time) {
	s.Deleted = slices.DeleteFunc(s.Deleted, func(d Deletion) bool {
		_, known := find(held, d.Item)
		if known || d.At.AddDate(0, 0, p.Intake).After(at) {
			return false
		}
		s.Forgot = d.Decision
		return true
	})
}

// find returns where an item is among holdings, which are in order.
func find(held []holding, item Item) (int, bool) {
	return slices.BinarySearchFunc(held, item, func(o holding, item Item) int { return compareItems(o.Item, item) })
}

// latest returns the last deletion of each item that was decided by an instant.
func latest(deletions []Deletion, at time.Time) []Deletion {
	var out []Deletion
	for _, d := range slices.SortedStableFunc(slices.Values(deletions), compareDeletions) {
		d.Back, d.Covers = false, nil // how it is remembered concerns nobody else
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

func compareDeletions(a, b Deletion) int {
	return cmp.Or(compareItems(a.Item, b.Item), a.At.Compare(b.At), a.Lapse.Compare(b.Lapse), cmp.Compare(a.Decision, b.Decision))
}
