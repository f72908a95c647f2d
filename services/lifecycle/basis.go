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
	return newHistory(p, union(nil, facts)).all
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
	h.spread(all)
	h.limit(all)
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
	for _, i := range g.facts {
		f := &h.facts[i]
		raises, ends := h.raises(r, i), len(acts) > 0 && h.ends(r, f)
		if len(acts) > 0 && (raises || ends) {
			lapse, known := h.lapse(r, g, acts)
			switch over := known && !lapse.After(f.Occurred); {
			case ends && !over:
				end(f.Occurred, true, f.ID)
				continue
			case over && raises:
				end(lapse, true, "")
			}
		}
		if raises {
			acts = append(acts, i)
		}
	}
	if len(acts) > 0 {
		lapse, known := h.lapse(r, g, acts)
		end(lapse, known, "")
	}
	return done
}

// lapse is when a basis that rests on acts ends by itself: when the period is
// over, and no later than was promised. It is never before the basis began.
func (h *history) lapse(r *Rule, g group, acts []int) (time.Time, bool) {
	t, ok := r.Until.lapse(h.anchors(g, acts), h.policy.Place)
	if ok && r.Suspended {
		t, ok = h.suspend(g, t)
	}
	if promised, bound := h.promised(r, g, acts); bound && (!ok || promised.Before(t)) {
		t, ok = promised, true
	}
	return maxTime(t, h.facts[acts[0]].Occurred), ok
}

// suspend moves a lapse by the days for which holds with TraitLimitation stood.
// While one stands there is no end.
func (h *history) suspend(g group, lapse time.Time) (time.Time, bool) {
	zone := h.policy.Place.Zone
	days := 0
	var since *calendar.Date
	for _, i := range g.facts {
		switch f := &h.facts[i]; {
		case f.Kind == Hold && f.has(TraitLimitation) && since == nil && f.Occurred.Before(lapse):
			d := calendar.In(f.Occurred, zone)
			since = &d
		case f.Kind == Release && since != nil:
			days += since.DaysTo(calendar.In(f.Occurred, zone))
			since = nil
		}
	}
	if days == 0 || since != nil {
		return lapse, since == nil
	}
	return calendar.In(lapse.Add(-time.Millisecond), zone).AddDays(days).End(zone), true
}

// promised is until when the data may be kept at most by what the person was told
// when they were taken in (Art. 13(2)(a)): under the policy then in force. A
// period of the law is not a promise.
func (h *history) promised(r *Rule, g group, acts []int) (time.Time, bool) {
	if r.Lawful() || r.Prolongs {
		return time.Time{}, false
	}
	act := acts[len(acts)-1]
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
		t, ok := old.Until.lapse(h.anchors(g, acts), then.Place)
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
		if r.Per != PerContract || !h.policy.Categories[c].PerRecord {
			b.Keeps = append(b.Keeps, item)
			continue
		}
		for _, record := range h.recordsOf(r, ref) {
			b.Keeps = append(b.Keeps, Item{Category: c, Ref: record})
		}
	}
	return b
}

// recordsOf returns the records of a contract that raise the rule.
func (h *history) recordsOf(r *Rule, contract string) []string {
	var out []string
	for i := range h.facts {
		if h.contract[i] == contract && h.record[i] != "" && h.raises(r, i) {
			out = append(out, h.record[i])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// spread makes a basis for no record in particular, such as a hold on
// everything, keep its per-record categories in every record there is.
func (h *history) spread(all []Basis) {
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

// limit takes from bases that only prolong others what no other basis allowed to
// hold when they began: a hold never brings back what had to go.
func (h *history) limit(all []Basis) {
	prolongs := map[string]bool{}
	for i := range h.policy.Rules {
		prolongs[h.policy.Rules[i].ID] = h.policy.Rules[i].Prolongs
	}
	// ends holds until when other bases allowed each item; the zero time is no end.
	ends := map[Item]time.Time{}
	for i := range all {
		if prolongs[all[i].Rule] {
			continue
		}
		for _, item := range all[i].Keeps {
			switch have, ok := ends[item]; {
			case all[i].Until == nil:
				ends[item] = time.Time{}
			case !ok || !have.IsZero() && have.Before(*all[i].Until):
				ends[item] = *all[i].Until
			}
		}
	}
	for i := range all {
		b := &all[i]
		if !prolongs[b.Rule] {
			continue
		}
		b.Keeps = slices.DeleteFunc(b.Keeps, func(item Item) bool {
			end, ok := ends[item]
			return !ok || !end.IsZero() && end.Before(b.Since)
		})
	}
}

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Ref, b.Ref))
}
