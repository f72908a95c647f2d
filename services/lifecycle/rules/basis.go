package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Basis is a legal basis for one purpose (GDPR Art. 6(1)), in force over the half-open interval
// from Since to Until.
type Basis struct {
	Rule    string `json:"rule"`
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	// Ref is the record or contract of the basis; empty for the person.
	Ref string `json:"ref,omitempty"`
	// Channel is set for consents.
	Channel string    `json:"channel,omitempty"`
	Since   time.Time `json:"since"`
	// Until is the first instant after the basis; nil while no end is known.
	Until *time.Time `json:"until,omitempty"`
	// Facts are the ids of the raising facts and of the ending one.
	Facts []string `json:"facts"`
	// Keeps are the items that may be held on the basis.
	Keeps []Item `json:"keeps"`
}

// Item is a category of a person's data, of one record where the category is
// kept per record.
type Item struct {
	Category string `json:"category"`
	Ref      string `json:"ref,omitempty"`
}

// Stands reports whether the basis is in force at an instant.
func (b *Basis) Stands(at time.Time) bool {
	return !b.Since.After(at) && (b.Until == nil || b.Until.After(at))
}

// YieldsTo reports whether the basis is a legitimate interest and the other is a contract or a legal obligation: an
// interest gives way to a balance (Art. 6(1)(f), 21(1)).
func (b *Basis) YieldsTo(other *Basis) bool {
	return b.Article == "6(1)(f)" && (other.Article == "6(1)(b)" || other.Article == "6(1)(c)")
}

// Begun reports whether the basis was raised by an instant. A basis that ended at the instant of
// its beginning counts: data may have been collected on it.
func (b *Basis) Begun(at time.Time) bool { return !b.Since.After(at) }

// Bases returns every basis that the facts raise under the policy, past and future ones included,
// in a fixed order. The order of facts has no effect.
func Bases(p *Policy, facts []fact.Fact) []Basis {
	return Evaluate(p, fact.Combine(nil, facts)).bases
}

func (h *Evaluation) evaluateBases() []Basis {
	all := h.raised
	for i := range h.policy.Rules {
		r, before := &h.policy.Rules[i], len(all)
		if r.Consent {
			all = h.appendConsents(all, r)
		} else {
			all = h.appendGroups(all, i)
		}
		h.prolonged = h.prolonged || r.Prolongs && len(all) > before
	}
	all = append(all, h.voidBases()...)
	h.expandToRecords(all)
	if h.prolonged {
		h.limitProlonging(all)
	}
	h.raised = all
	h.order = slices.Grow(h.order[:0], len(all))
	return appendSorted(make([]Basis, 0, len(all)), all, h.order, compareBases)
}

// compareBases orders bases by their beginnings.
func compareBases(a, b *Basis) int {
	if c := a.Since.Compare(b.Since); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Rule, b.Rule); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Channel, b.Channel))
}

// appendGroups appends the bases of a rule: of each group with a fact that raises the rule. Facts about the whole
// person belong to every group.
func (h *Evaluation) appendGroups(all []Basis, rule int) []Basis {
	h.scope = h.scopeOf(rule)
	if h.scope.raising == 0 {
		return all
	}
	r := &h.policy.Rules[rule]
	if r.Per == PerPerson {
		return h.appendRaised(all, r, group{facts: h.everything()})
	}
	units := h.unitsOf(r)
	for i := range h.facts {
		if !h.scope.raising.has(h.kinds.of[i]) {
			continue
		}
		place := units.of[i]
		visited := &units.names.values[place].visited
		if *visited == r || !h.qualifies(r, i) {
			continue
		}
		*visited = r
		all = h.appendRaised(all, r, group{
			ref: units.names.keys[place], unit: place, of: units.of, facts: h.factsOf(units, place),
		})
	}
	return all
}

// appendRaised appends the bases of a rule in a group: one for every interval between a raising fact and
// an end.
func (h *Evaluation) appendRaised(all []Basis, r *Rule, g group) []Basis {
	acts := h.acts[:0]
	end := func(until time.Time, known bool, by string) {
		all = append(all, Basis{Rule: r.ID, Purpose: r.Purpose, Article: r.Article, Ref: g.ref})
		b := &all[len(all)-1]
		h.restOn(b, r, acts)
		if known {
			b.Until = h.pointer(until)
		}
		if by != "" {
			b.Facts = append(b.Facts, by)
		}
		acts = acts[:0]
	}
	for n, i := range g.facts {
		f := h.facts[i]
		if len(acts) > 0 {
			// Did the basis lapse before this fact, by the facts known until then?
			lapse, known := h.lapse(r, view{acts: acts, facts: g.facts[:n], next: i})
			switch {
			case known && !lapse.After(f.Occurred):
				end(lapse, true, "")
			case h.scope.ending.has(h.kinds.of[i]) && h.endsActs(r, i, acts, g.facts[:n+1]):
				end(f.Occurred, true, f.ID)
				continue
			}
		}
		if g.has(i) && h.scope.raising.has(h.kinds.of[i]) && h.qualifies(r, i) {
			acts = append(acts, i)
		}
	}
	if len(acts) > 0 {
		lapse, known := h.lapse(r, view{acts: acts, facts: g.facts, next: len(h.facts)})
		end(lapse, known, "")
	}
	h.acts = acts
	return all
}

// pointer returns a pointer to an instant.
func (h *Evaluation) pointer(t time.Time) *time.Time {
	place := append(h.times.take(1), t)
	return &place[0]
}

// lapse is the end of a basis by time, as far as in view: the end of the period, and no later than
// promised. A basis never ends before its beginning.
func (h *Evaluation) lapse(r *Rule, v view) (time.Time, bool) {
	t, ok := h.period(r, v)
	if promised, bound := h.promised(r, v); bound && (!ok || promised.Before(t)) {
		t, ok = promised, true
	}
	return calendar.Later(t, h.since(v)), ok
}

// period is the end of the rule's period. Where the rule says so, the days of a hold with
// TraitLimitation since the beginning of the basis do not count: during such a hold there is no
// end, and only the final day moves to a working day.
func (h *Evaluation) period(r *Rule, v view) (time.Time, bool) {
	place := h.place
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

// suspended counts the days before a lapse on which a hold suspended the limitation; false during
// such a hold.
func (h *Evaluation) suspended(v view, lapse time.Time) (days int, over bool) {
	zone := h.policy.Place.Zone
	counted := calendar.In(h.since(v), zone) // counted up to this day
	for _, i := range v.facts {
		f := h.facts[i]
		if f.Kind != fact.KindHold || !f.HasTrait(fact.TraitLimitation) || !f.Occurred.Before(later(lapse, days, zone)) {
			continue
		}
		released, ok := h.released(i, v.facts)
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

// later moves a lapse by civil days.
func later(lapse time.Time, days int, zone *time.Location) time.Time {
	if days == 0 {
		return lapse
	}
	return calendar.In(lapse.Add(-time.Millisecond), zone).AddDays(days).End(zone)
}

// promised is the latest end according to the information of the person at collection (Art.
// 13(2)(a)): the end under the policy then in force. A period required by law is not a promise.
func (h *Evaluation) promised(r *Rule, v view) (time.Time, bool) {
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
		longest = calendar.Later(longest, t)
	}
	return longest, true
}

// restOn rests a basis of a rule on acts.
func (h *Evaluation) restOn(b *Basis, r *Rule, acts []int) {
	b.Since = h.facts[acts[0]].Occurred
	b.Facts = h.texts.take(len(acts) + 1) // an ending fact may follow
	for _, i := range acts {
		b.Facts = append(b.Facts, h.facts[i].ID)
	}
	b.Facts = slices.Compact(b.Facts) // an act about several records stands once for each
	b.Keeps = h.items.take(len(r.Keeps))
	for n, c := range r.Keeps {
		switch {
		case h.scope.phone[n] && h.arePhoneless(acts):
		case !h.scope.perRecord[n]:
			b.Keeps = append(b.Keeps, Item{Category: c})
		case r.Per != PerContract || b.Ref == "":
			b.Keeps = append(b.Keeps, Item{Category: c, Ref: b.Ref})
		default:
			for _, record := range h.recordsOf(acts) {
				b.Keeps = append(b.Keeps, Item{Category: c, Ref: record})
			}
		}
	}
}

// arePhoneless reports whether the sources of all acts state that the person gave no telephone number.
func (h *Evaluation) arePhoneless(acts []int) bool {
	return !slices.ContainsFunc(acts, func(i int) bool { return h.facts[i].Phone != fact.PresenceNone })
}

// recordsOf returns the records of acts, until the next call.
func (h *Evaluation) recordsOf(acts []int) []string {
	out := h.refs[:0]
	for _, i := range acts {
		if h.record[i] != "" {
			out = append(out, h.record[i])
		}
	}
	h.refs = out
	return unique(out)
}

// unique sorts names in place, and returns each once.
func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// expandToRecords extends a basis without a record, such as a hold on everything, to the per-record
// items of every record.
func (h *Evaluation) expandToRecords(all []Basis) {
	known := h.recordItems(all)
	for i := range all {
		b := &all[i]
		if b.Ref != "" {
			continue
		}
		if len(known) == 0 || !slices.ContainsFunc(b.Keeps, h.isPerRecord) {
			b.Keeps = slices.DeleteFunc(b.Keeps, func(item Item) bool { return item.Ref == "" && h.isPerRecord(item) })
			slices.SortFunc(b.Keeps, CompareItems)
			b.Keeps = slices.Compact(b.Keeps)
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
		slices.SortFunc(keeps, CompareItems)
		b.Keeps = slices.Compact(keeps)
	}
}

// isPerRecord reports whether each record has an item of its own of a category.
func (h *Evaluation) isPerRecord(item Item) bool { return h.policy.Categories[item.Category].PerRecord }

// recordItems returns the items of records by category, each once; nil where no basis needs them.
func (h *Evaluation) recordItems(all []Basis) map[string][]Item {
	if !h.anyNeedsRecords(all) {
		return nil
	}
	known := map[string][]Item{}
	for i := range all {
		for _, item := range all[i].Keeps {
			if item.Ref != "" {
				known[item.Category] = append(known[item.Category], item)
			}
		}
	}
	for c := range known {
		slices.SortFunc(known[c], CompareItems)
		known[c] = slices.Compact(known[c])
	}
	return known
}

// anyNeedsRecords reports whether one of the bases has no record and keeps something of every record.
func (h *Evaluation) anyNeedsRecords(all []Basis) bool {
	for i := range all {
		if all[i].Ref == "" && slices.ContainsFunc(all[i].Keeps, h.isPerRecord) {
			return true
		}
	}
	return false
}

// limitProlonging removes from prolonging bases the items that no other basis covered at their
// beginning: a hold restores no lapsed item. A hold on an item that another hold retains counts. A hold for a claim
// prolongs nothing that consents alone kept: the claim needs no marketing data (Art. 17(3)(e), 5(1)(c)).
func (h *Evaluation) limitProlonging(all []Basis) {
	var prolonging []*Basis
	others := map[Item][]*Basis{}
	allow := func(b *Basis) {
		for _, item := range b.Keeps {
			others[item] = append(others[item], b)
		}
	}
	for i := range all {
		if h.policy.Rule(all[i].Rule).Prolongs {
			prolonging = append(prolonging, &all[i])
		}
	}
	for i := range all {
		if !h.policy.Rule(all[i].Rule).Prolongs {
			allow(&all[i])
		}
	}
	slices.SortStableFunc(prolonging, func(a, b *Basis) int { return a.Since.Compare(b.Since) })
	for _, b := range prolonging {
		hold := h.policy.Rule(b.Rule).IsHold()
		b.Keeps = slices.DeleteFunc(b.Keeps, func(item Item) bool {
			return !slices.ContainsFunc(others[item], func(o *Basis) bool {
				return (!hold || !h.policy.Rule(o.Rule).Consent) && o.Begun(b.Since) &&
					(o.Until == nil || o.Until.After(o.Since) && !o.Until.Before(b.Since))
			})
		})
		allow(b)
	}
}

// CompareItems orders items by category, then by record.
func CompareItems(a, b Item) int {
	if a.Category != b.Category {
		return cmp.Compare(a.Category, b.Category)
	}
	return cmp.Compare(a.Ref, b.Ref)
}
