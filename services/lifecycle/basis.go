package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// Basis is a right to hold some of a person's data for a purpose (GDPR Art.
// 6(1)), over the half-open interval from Since to Until.
type Basis struct {
	Rule    string `json:"rule"`
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Ref is the record or contract it stands for; empty for the person.
	Ref string `json:"ref,omitempty"`
	// Channel is set for consents.
	Channel string    `json:"channel,omitempty"`
	Since   time.Time `json:"since"`
	// Until is the first instant at which it no longer stands; nil while no end
	// is known.
	Until *time.Time `json:"until,omitempty"`
	// Facts are the ids of the facts that raised it, and of the one that ended it.
	Facts []string `json:"facts"`
	// Keeps are the items of data that it allows to hold.
	Keeps []Item `json:"keeps"`
}

// Item is a category of a person's data, of one record where the category is
// kept per record.
type Item struct {
	Category string `json:"category"`
	Ref      string `json:"ref,omitempty"`
}

// Stands tells whether the basis is in force at an instant.
func (b *Basis) Stands(at time.Time) bool {
	return !b.Since.After(at) && (b.Until == nil || b.Until.After(at))
}

// begun tells whether the basis had been raised by then. One that ended in the
// instant it was raised counts: data may have been taken in on it.
func (b *Basis) begun(at time.Time) bool { return !b.Since.After(at) }

// Bases returns every basis that the facts raise under the policy, past and
// future ones too, in a fixed order. It does not depend on the order of facts.
func Bases(p *Policy, facts []Fact) []Basis {
	return newHistory(p, mergeFacts(nil, facts)).all
}

func (h *history) bases() []Basis {
	var all []Basis
	for i := range h.policy.Rules {
		r := &h.policy.Rules[i]
		if r.Consent {
			all = append(all, h.consentsOf(r)...)
			continue
		}
		for _, g := range h.groups(r) {
			all = append(all, h.raise(r, g)...)
		}
	}
	h.expandToRecords(all)
	h.limitProlonging(all)
	slices.SortStableFunc(all, func(a, b Basis) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Channel, b.Channel))
	})
	return all
}

// raise walks a group in order and returns the bases that the rule raises in it:
// one for every stretch of time between a raising fact and an end.
func (h *history) raise(r *Rule, g group) []Basis {
	var (
		done []Basis
		acts []int
	)
	end := func(until time.Time, known bool, by string) {
		b := h.basis(r, g.ref, acts)
		if known {
			b.Until = &until
		}
		if by != "" {
			b.Facts = append(b.Facts, by)
		}
		done, acts = append(done, b), nil
	}
	for n, i := range g.facts {
		f := &h.facts[i]
		if len(acts) > 0 {
			// By what was known before this fact, is it over already?
			lapse, known := h.lapse(r, view{acts: acts, facts: g.facts[:n], next: i})
			switch {
			case known && !lapse.After(f.Occurred):
				end(lapse, true, "")
			case h.ends(r, f):
				end(f.Occurred, true, f.ID)
				continue
			}
		}
		if g.has(i) && h.raises(r, i) {
			acts = append(acts, i)
		}
	}
	if len(acts) > 0 {
		lapse, known := h.lapse(r, view{acts: acts, facts: g.facts, next: len(h.facts)})
		end(lapse, known, "")
	}
	return done
}

// lapse is when a basis ends by itself, by what is in view: when the period is over,
// and no later than was promised. It is never before the basis began.
func (h *history) lapse(r *Rule, v view) (time.Time, bool) {
	t, ok := h.period(r, v)
	if promised, bound := h.promised(r, v); bound && (!ok || promised.Before(t)) {
		t, ok = promised, true
	}
	return maxTime(t, h.since(v)), ok
}

// period is when the rule's period is over. The days since the basis began on which a
// hold with TraitLimitation stood do not count, where the rule says so: while one stands
// there is no end, and only what comes out then moves to a working day.
func (h *history) period(r *Rule, v view) (time.Time, bool) {
	place := h.policy.Place
	if !r.Suspended {
		return r.Until.lapse(h.anchors(v), place)
	}
	plain, shifts := r.Until.unshifted()
	lapse, ok := plain.lapse(h.anchors(v), place)
	if !ok {
		return lapse, false
	}
	days, over := h.suspended(v, lapse)
	if !over || days == 0 && !shifts {
		return lapse, over
	}
	last := calendar.In(later(lapse, days, place.Zone).Add(-time.Millisecond), place.Zone)
	if shifts {
		last = last.NextWorkingDay(place.Holidays)
	}
	return last.End(place.Zone), true
}

// suspended counts the days on which a hold stopped the limitation before a lapse; false
// while one does.
func (h *history) suspended(v view, lapse time.Time) (days int, over bool) {
	zone := h.policy.Place.Zone
	counted := calendar.In(h.since(v), zone) // up to here
	for n, i := range v.facts {
		f := &h.facts[i]
		if f.Kind != KindHold || !f.hasTrait(TraitLimitation) || !f.Occurred.Before(later(lapse, days, zone)) {
			continue
		}
		released, ok := h.released(v.facts[n:], h.record[i])
		if !ok {
			return 0, false
		}
		from, to := calendar.In(f.Occurred, zone), calendar.In(released, zone)
		if from.Compare(counted) < 0 {
			from = counted
		}
		if to.Compare(from) > 0 {
			days, counted = days+from.DaysTo(to), to
		}
	}
	return days, true
}

// later is a lapse some civil days later.
func later(lapse time.Time, days int, zone *time.Location) time.Time {
	if days == 0 {
		return lapse
	}
	return calendar.In(lapse.Add(-time.Millisecond), zone).AddDays(days).End(zone)
}

// released is when the first of some facts releases a record, or everything.
func (h *history) released(facts []int, record string) (time.Time, bool) {
	for _, i := range facts {
		if h.facts[i].Kind == KindRelease && (h.record[i] == record || h.record[i] == "") {
			return h.facts[i].Occurred, true
		}
	}
	return time.Time{}, false
}

// promised is until when the data may be kept at most by what the person was told
// when they were taken in (Art. 13(2)(a)): under the policy then in force. A
// period of the law is not a promise.
func (h *history) promised(r *Rule, v view) (time.Time, bool) {
	if r.Lawful() || r.Prolongs {
		return time.Time{}, false
	}
	act := v.acts[len(v.acts)-1]
	n := slices.IndexFunc(h.policy.Earlier, func(e Earlier) bool { return e.To.After(h.facts[act].Occurred) })
	if n < 0 {
		return time.Time{}, false
	}
	var longest time.Time
	then := h.policy.Earlier[n].Policy
	for i := range then.Rules {
		old := &then.Rules[i]
		if old.Purpose != r.Purpose || !h.raises(old, act) {
			continue
		}
		t, ok := old.Until.lapse(h.anchors(v), then.Place)
		if !ok {
			return time.Time{}, false
		}
		longest = maxTime(longest, t)
	}
	return longest, true
}

func (h *history) basis(r *Rule, ref string, acts []int) Basis {
	b := Basis{Rule: r.ID, Purpose: r.Purpose, Article: r.Article, Ref: ref, Since: h.facts[acts[0]].Occurred}
	for _, i := range acts {
		b.Facts = append(b.Facts, h.facts[i].ID)
	}
	for _, c := range r.Keeps {
		item := Item{Category: c}
		if h.policy.Categories[c].PerRecord {
			item.Ref = ref
		}
		if r.Per != PerContract || ref == "" || !h.policy.Categories[c].PerRecord {
			b.Keeps = append(b.Keeps, item)
			continue
		}
		for _, record := range h.recordsOf(acts) {
			b.Keeps = append(b.Keeps, Item{Category: c, Ref: record})
		}
	}
	return b
}

// recordsOf returns the records of acts.
func (h *history) recordsOf(acts []int) []string {
	var out []string
	for _, i := range acts {
		if h.record[i] != "" {
			out = append(out, h.record[i])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// expandToRecords makes a basis for no record in particular, such as a hold on
// everything, keep its per-record categories in every record there is.
func (h *history) expandToRecords(all []Basis) {
	known := map[string][]Item{}
	for i := range all {
		for _, item := range all[i].Keeps {
			if item.Ref != "" {
				known[item.Category] = append(known[item.Category], item)
			}
		}
	}
	for i := range all {
		b := &all[i]
		if b.Ref != "" {
			continue
		}
		keeps := b.Keeps[:0:0]
		for _, item := range b.Keeps {
			if !h.policy.Categories[item.Category].PerRecord {
				keeps = append(keeps, item)
				continue
			}
			keeps = append(keeps, known[item.Category]...)
		}
		slices.SortFunc(keeps, compareItems)
		b.Keeps = slices.Compact(keeps)
	}
}

// limitProlonging takes from bases that only prolong others what no other basis allowed to
// hold when they began: a hold never brings back what had to go. A hold on what another
// hold still keeps counts.
func (h *history) limitProlonging(all []Basis) {
	var prolonging []*Basis
	others := map[Item][]*Basis{}
	allow := func(b *Basis) {
		for _, item := range b.Keeps {
			others[item] = append(others[item], b)
		}
	}
	for i := range all {
		if h.policy.rule(all[i].Rule).Prolongs {
			prolonging = append(prolonging, &all[i])
		} else {
			allow(&all[i])
		}
	}
	slices.SortStableFunc(prolonging, func(a, b *Basis) int { return a.Since.Compare(b.Since) })
	for _, b := range prolonging {
		b.Keeps = slices.DeleteFunc(b.Keeps, func(item Item) bool {
			return !slices.ContainsFunc(others[item], func(o *Basis) bool {
				return o.begun(b.Since) && (o.Until == nil || o.Until.After(o.Since) && !o.Until.Before(b.Since))
			})
		})
		allow(b)
	}
}

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Ref, b.Ref))
}
