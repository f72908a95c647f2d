package lifecycle_test

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// The plain evaluator answers the same question as lifecycle.Bases, from
// docs/policy.md alone and without cleverness: it goes through what happened, one
// event after the other, and asks of every rule what it makes of it. It looks
// everything up anew each time. It knows nothing of promises of earlier policies,
// tombstones and decisions.

// plainBasis stands from since to before until; forever while until is nil.
type plainBasis struct {
	rule  *plainRule
	group string
	since time.Time
	until *time.Time
	items []rules.Item
	// first is the number of the event that raised it.
	first int
}

func (b *plainBasis) stands(t time.Time) bool {
	return !t.Before(b.since) && (b.until == nil || t.Before(*b.until))
}

// bases are all those that the history raises.
func (h *plainHistory) bases() []plainBasis {
	var all []plainBasis
	for _, r := range h.policy.rules {
		if r.consent {
			for _, c := range h.consents(r, h.events) {
				if c.given {
					all = append(all, plainBasis{rule: r, since: c.since, until: c.until, items: h.items(r, nil)})
				}
			}
			continue
		}
		for _, group := range h.groups(r) {
			all = append(all, h.grouped(r, group)...)
		}
	}
	return h.prolonged(append(all, h.voidBases()...))
}

// voidBases are those that a void fact alone raised, up to when the fact was void.
func (h *plainHistory) voidBases() []plainBasis {
	var all []plainBasis
	for _, f := range h.void {
		alone := *f
		alone.Void = nil
		for _, b := range newPlainHistory(h.policy, []fact.Fact{alone}).bases() {
			if b.rule.prolongs {
				continue
			}
			void := *f.Void
			if void.Before(b.since) {
				void = b.since
			}
			if b.until == nil || b.until.After(void) {
				b.until = &void
			}
			var items []rules.Item
			for _, item := range b.items {
				if item.Ref == "" {
					items = append(items, item)
					continue
				}
				for _, record := range h.recordsNamed(item.Ref) {
					items = append(items, rules.Item{Category: item.Category, Ref: record})
				}
			}
			b.items = items
			all = append(all, b)
		}
	}
	return all
}

// groups are the records, the contracts, or the person that a rule is raised for.
func (h *plainHistory) groups(r *plainRule) []string {
	var groups []string
	for _, e := range h.events {
		if h.raises(r, e) && !slices.Contains(groups, h.group(r, e)) {
			groups = append(groups, h.group(r, e))
		}
	}
	return groups
}

func (h *plainHistory) group(r *plainRule, e plainEvent) string {
	switch {
	case r.per == rules.PerPerson || e.record == "":
		return ""
	case r.per == rules.PerContract:
		return h.contract(h.record(e.record))
	}
	return h.record(e.record)
}

// concerns reports whether an event is about a group, or about the person and so about
// every group.
func (h *plainHistory) concerns(r *plainRule, group string, e plainEvent) bool {
	return r.per == rules.PerPerson || e.record == "" || h.group(r, e) == group
}

func (h *plainHistory) raises(r *plainRule, e plainEvent) bool {
	if !slices.Contains(r.raised, e.kind) {
		return false
	}
	if len(r.access) > 0 && !slices.Contains(r.access, plainAccess(e)) {
		return false
	}
	if r.from != "" && e.at.Before(plainMidnight(r.from)) || h.follows(r, e) {
		return false
	}
	traits := h.traits(e)
	anyOf := func(of []string) bool {
		return slices.ContainsFunc(of, func(t string) bool { return slices.Contains(traits, t) })
	}
	return (len(r.where) == 0 || anyOf(r.where)) && !anyOf(r.unless)
}

// follows reports whether an event of the record, before this one, is of a kind that the rule must be without.
func (h *plainHistory) follows(r *plainRule, e plainEvent) bool {
	for _, x := range h.events {
		if x.fact == e.fact && x.record == e.record && x.kind == e.kind {
			return false
		}
		same := x.record != "" && e.record != "" && h.record(x.record) == h.record(e.record)
		if same && slices.Contains(r.without, x.kind) {
			return true
		}
	}
	return false
}

// plainMidnight is the first instant of a day.
func plainMidnight(day string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, plainWarsaw())
	if err != nil {
		panic(err)
	}
	return t
}

// ends reports whether an event ends a basis of the rule at once.
func (h *plainHistory) ends(r *plainRule, e plainEvent) bool {
	kind := e.kind
	if kind == plainUpheld {
		kind = fact.KindObjection
	}
	if !slices.Contains(r.ended, kind) {
		return false
	}
	switch kind {
	case fact.KindObjection:
		return slices.Contains(e.purposes, r.purpose)
	case fact.KindRefund:
		return h.fullRefund(e)
	case fact.KindSignup:
		return h.opensSome(e)
	case fact.KindRestrictionLifted:
		return e.fact.InformedAt != nil && !e.fact.InformedAt.After(e.fact.Occurred)
	}
	return true
}

// grouped goes through the events for one group of a rule.
func (h *plainHistory) grouped(r *plainRule, group string) []plainBasis {
	var done []plainBasis
	var open *plainBasis
	var raised []plainEvent
	shut := func(at time.Time) {
		at = plainLater(at, open.since)
		open.until, open.items = &at, h.items(r, raised)
		done = append(done, *open)
		open, raised = nil, nil
	}
	for i, e := range h.events {
		if open != nil {
			if end, ok := h.end(r, group, open, raised, h.events[:i]); ok && !end.After(e.at) {
				shut(end)
			}
		}
		if !h.concerns(r, group, e) {
			continue
		}
		if open != nil && h.ends(r, e) && !h.heldOn(raised, i) && h.answered(raised, i) && h.paidBack(r, raised, i) {
			shut(e.at)
		}
		if h.raises(r, e) && h.group(r, e) == group {
			if open == nil {
				open = &plainBasis{rule: r, group: group, since: e.at, first: i}
			}
			raised = append(raised, e)
		}
	}
	if open == nil {
		return done
	}
	if end, ok := h.end(r, group, open, raised, h.events); ok {
		shut(end)
		return done
	}
	open.items = h.items(r, raised)
	return append(done, *open)
}

// answered reports whether the event at a place, where it is a sign-up, leaves none of the refusals that raised a
// basis without a yes: a later sign-up that shows the yes, to each purpose and by each channel that the no is to.
func (h *plainHistory) answered(raised []plainEvent, place int) bool {
	if h.events[place].kind != fact.KindSignup {
		return true
	}
	for _, no := range raised {
		for _, of := range h.policy.consentable() {
			r, channel := &plainRule{purpose: of[0]}, of[1]
			if no.kind == fact.KindInvalidated || !h.takesBack(r, channel, no) {
				continue
			}
			yes := slices.ContainsFunc(h.events[:place+1], func(e plainEvent) bool {
				return h.consentsTo(r, channel, e) && !plainVoid(e.fact) && plainShows(e.fact, no.at)
			})
			if !yes {
				return false
			}
		}
	}
	return true
}

// paidBack reports whether the event at a place, where it is a refund under a contract, leaves nothing paid of what
// raised a basis.
func (h *plainHistory) paidBack(r *plainRule, raised []plainEvent, place int) bool {
	if h.events[place].kind != fact.KindRefund || r.per != rules.PerContract {
		return true
	}
	for _, e := range raised {
		if e.record == "" || !h.givenBack(h.events[:place+1], e.record) {
			return false
		}
	}
	return true
}

// consentable are the purposes and channels that some text is a consent to.
func (p *plainPolicy) consentable() [][2]string {
	var all [][2]string
	covered := []plainCoverage{p.unknown}
	for _, w := range p.wordings {
		covered = append(covered, w.plainCoverage)
	}
	for _, c := range covered {
		for _, purpose := range c.purposes {
			for _, channel := range c.channels {
				all = append(all, [2]string{purpose, channel})
			}
		}
	}
	return all
}

// heldOn reports whether the release at a place leaves one of the holds that raised a basis.
func (h *plainHistory) heldOn(raised []plainEvent, place int) bool {
	if last := h.events[place]; last.kind != fact.KindRelease || last.fact.Matter == "" {
		return false
	}
	var held []plainEvent
	for _, e := range h.events[:place+1] {
		raises := slices.ContainsFunc(raised, func(x plainEvent) bool { return x.fact == e.fact })
		switch {
		case e.kind == fact.KindHold && raises:
			held = append(held, e)
		case e.kind == fact.KindRelease:
			held = slices.DeleteFunc(held, func(hold plainEvent) bool { return h.releases(e, hold) })
		}
	}
	return len(held) > 0
}

// releases reports whether a release ends a hold: of all records or the same, and in all matters or the same,
// where a hold without a matter is in every matter of its source.
func (h *plainHistory) releases(release, hold plainEvent) bool {
	if release.record != "" && h.record(release.record) != h.record(hold.record) {
		return false
	}
	in := hold.fact.Matter
	if in == "" && hold.fact.Source == release.fact.Source {
		return true
	}
	return release.fact.Matter == "" || release.fact.Matter == in
}

// items are what a rule keeps: per-record categories of each record that raised it.
func (h *plainHistory) items(r *plainRule, raised []plainEvent) []rules.Item {
	var items []rules.Item
	for _, category := range r.keeps {
		if !h.policy.perRecord(category) {
			items = append(items, rules.Item{Category: category})
			continue
		}
		for _, e := range raised {
			if e.record != "" {
				items = append(items, rules.Item{Category: category, Ref: h.record(e.record)})
			}
		}
	}
	return items
}

// end is when the period of an open basis is over, as far as is known from the
// events seen; of several periods, the first.
func (h *plainHistory) end(r *plainRule, group string, open *plainBasis, raised, seen []plainEvent) (time.Time, bool) {
	var first time.Time
	found := false
	for _, p := range r.until {
		if end, ok := h.endOf(r, p, group, open, raised, seen); ok && (!found || end.Before(first)) {
			first, found = end, true
		}
	}
	return first, found
}

func (h *plainHistory) endOf(
	r *plainRule,
	p *plainPeriod,
	group string,
	open *plainBasis,
	raised, seen []plainEvent,
) (time.Time, bool) {
	var since []plainEvent
	for _, e := range seen {
		if !e.at.Before(open.since) && h.concerns(r, group, e) {
			since = append(since, e)
		}
	}
	reckoner := plainReckoner{holidays: h.policy.holidays, anchor: func(name string) (plainTime, bool) {
		return h.anchor(name, raised, since, seen)
	}}
	bare := *p
	bare.working = false
	end, ok := reckoner.reckon(&bare)
	if !ok {
		return time.Time{}, false
	}
	if r.suspended && !end.exact {
		if end.day, ok = h.without(h.limitations(r, group, seen), plainDayOf(open.since), end.day); !ok {
			return time.Time{}, false
		}
	}
	if p.working && !end.exact {
		end.day = end.day.working(h.policy.holidays)
	}
	return end.lapse(), true
}

// plainLimitation is a hold that stops a limitation, from one instant to another;
// until is nil while nobody released it.
type plainLimitation struct {
	since time.Time
	until *time.Time
}

// without moves a last day on by the days of holds: it walks from the first day to
// the last and does not count those. Of a hold, as of a period, the first day does
// not count and the last does. A period is never over before a hold is. False
// means that there is no end yet.
func (h *plainHistory) without(holds []plainLimitation, first, last plainDay) (plainDay, bool) {
	day := first
	for left := int(last - first); left > 0; {
		day++
		if !plainWithin(holds, day) {
			left--
		} else if plainOpenOn(holds, day) {
			return 0, false
		}
	}
	for {
		hold := plainStanding(holds, (day + 1).start())
		if hold == nil {
			return max(day, last), true
		}
		if hold.until == nil {
			return 0, false
		}
		day = plainDayOf(*hold.until)
	}
}

func plainWithin(holds []plainLimitation, day plainDay) bool {
	return slices.ContainsFunc(holds, func(l plainLimitation) bool {
		return day > plainDayOf(l.since) && (l.until == nil || day <= plainDayOf(*l.until))
	})
}

func plainOpenOn(holds []plainLimitation, day plainDay) bool {
	return slices.ContainsFunc(holds, func(l plainLimitation) bool { return l.until == nil && day > plainDayOf(l.since) })
}

func plainStanding(holds []plainLimitation, at time.Time) *plainLimitation {
	for i, l := range holds {
		if l.since.Before(at) && (l.until == nil || !l.until.Before(at)) {
			return &holds[i]
		}
	}
	return nil
}

// limitations are the holds of a group with the trait limitation. The release of a
// record ends those of the record, one of no record ends all.
func (h *plainHistory) limitations(r *plainRule, group string, seen []plainEvent) []plainLimitation {
	var all []plainLimitation
	var holds []plainEvent // of each
	for _, e := range seen {
		switch {
		case !h.concerns(r, group, e):
		case e.kind == fact.KindHold && slices.Contains(e.fact.Traits, fact.TraitLimitation):
			all, holds = append(all, plainLimitation{since: e.at}), append(holds, e)
		case e.kind == fact.KindRelease:
			for i := range all {
				if all[i].until == nil && h.releases(e, holds[i]) {
					all[i].until = &e.at
				}
			}
		}
	}
	return all
}

// prolonged gives the bases that only prolong what they keep: of what another basis
// still allowed when they began. The earliest come first, since one hold may prolong
// what another does.
func (h *plainHistory) prolonged(all []plainBasis) []plainBasis {
	var done, waiting []plainBasis
	for _, b := range all {
		if b.rule.prolongs {
			waiting = append(waiting, b)
		} else {
			done = append(done, b)
		}
	}
	slices.SortStableFunc(waiting, func(a, b plainBasis) int { return a.first - b.first })
	for _, b := range waiting {
		var kept []rules.Item
		for _, other := range done {
			if other.allowedAt(b.since) && (!b.rule.hold || !other.rule.consent) {
				kept = append(kept, other.items...)
			}
		}
		b.items = h.prolongable(b, kept)
		done = append(done, b)
	}
	return done
}

// allowedAt reports whether a basis still stood when something began. What ended in that
// instant still did; what ended in the instant in which it began never stood.
func (b *plainBasis) allowedAt(t time.Time) bool {
	return b.stands(t) || b.until != nil && b.until.Equal(t) && b.since.Before(t)
}

// prolongable are the items among those kept that the basis is about.
func (h *plainHistory) prolongable(b plainBasis, kept []rules.Item) []rules.Item {
	var items []rules.Item
	for _, item := range kept {
		switch {
		case !slices.Contains(b.rule.keeps, item.Category):
		case item.Ref == "" || b.group == "":
			items = append(items, item)
		case slices.ContainsFunc(b.items, func(x rules.Item) bool { return x.Ref == item.Ref }):
			items = append(items, item)
		}
	}
	return items
}
