package lifecycle

import (
	"slices"
	"time"
)

// history is what happened to a person, in order and as rules see it, with the
// records and contracts told apart. Facts name records by several names (an order,
// its payment, its invoice); names that were ever mentioned together are one record.
type history struct {
	policy *Policy
	// facts are acts: see Policy.acts.
	facts []Fact
	// record and contract hold, for each fact, the name its group goes by; byRecord
	// and byContract are the facts of each such name, and shared those that belong
	// to every group.
	record, contract     []string
	byRecord, byContract map[string][]int
	shared               []int
	// traits are those of a record's facts together.
	traits   map[string][]string
	consents []consent
	// all is every basis that the facts raise.
	all []Basis
}

// names joins names into groups. A group goes by its least name, so that the
// order of joining does not matter.
type names map[string]string

func (n names) find(name string) string {
	for {
		up, ok := n[name]
		if !ok || up == name {
			return name
		}
		name = up
	}
}

func (n names) join(a, b string) {
	a, b = n.find(a), n.find(b)
	switch {
	case a < b:
		n[b] = a
	case b < a:
		n[a] = b
	}
}

func newHistory(p *Policy, facts []Fact) *history {
	h := &history{policy: p, facts: p.acts(facts)}
	h.nameGroups()
	h.gatherGroups()
	h.consents = h.foldConsents()
	h.all = h.bases()
	return h
}

// nameGroups finds out which record and which contract each fact is about.
func (h *history) nameGroups() {
	h.record, h.contract = make([]string, len(h.facts)), make([]string, len(h.facts))
	records, contracts := names{}, names{}
	for i := range h.facts {
		f := &h.facts[i]
		for _, link := range f.Links {
			if f.Ref != "" {
				records.join(f.Ref, link)
			}
		}
	}
	for i := range h.facts {
		f := &h.facts[i]
		if f.Ref != "" {
			h.record[i] = records.find(f.Ref)
		}
		if f.Contract != "" && h.record[i] != "" {
			contracts.join(h.record[i], records.find(f.Contract))
		}
	}
	for i := range h.facts {
		name := h.record[i]
		if name == "" {
			name = h.facts[i].Contract
		}
		h.contract[i] = contracts.find(records.find(name))
	}
}

func (h *history) gatherGroups() {
	h.byRecord, h.byContract, h.traits = map[string][]int{}, map[string][]int{}, map[string][]string{}
	for i := range h.facts {
		f := &h.facts[i]
		if f.Kind.aboutPerson() {
			h.shared = append(h.shared, i)
			continue
		}
		if h.record[i] != "" {
			h.byRecord[h.record[i]] = append(h.byRecord[h.record[i]], i)
			h.traits[h.record[i]] = append(h.traits[h.record[i]], f.Traits...)
		}
		if h.contract[i] != "" {
			h.byContract[h.contract[i]] = append(h.byContract[h.contract[i]], i)
		}
		if h.record[i] == "" || h.contract[i] == "" {
			h.shared = append(h.shared, i)
		}
	}
}

// otherNames returns the names, other than the one it goes by, of each record
// among the items.
func (h *history) otherNames(items []Item) map[string][]string {
	out := map[string][]string{}
	for _, item := range items {
		if item.Ref == "" || out[item.Ref] != nil {
			continue
		}
		for _, i := range h.byRecord[item.Ref] {
			out[item.Ref] = append(append(out[item.Ref], h.facts[i].Ref), h.facts[i].Links...)
		}
		slices.Sort(out[item.Ref])
		out[item.Ref] = slices.DeleteFunc(slices.Compact(out[item.Ref]), func(n string) bool { return n == item.Ref })
		if len(out[item.Ref]) == 0 {
			delete(out, item.Ref)
		}
	}
	return out
}

// group is the facts that one basis may rest on, in order.
type group struct {
	// ref is the name of the record or contract, or empty for the person.
	ref   string
	facts []int
}

// groups returns the groups that a rule looks at: those in which some fact
// raises it. Facts about the whole person belong to every group.
func (h *history) groups(r *Rule) []group {
	if r.Per == PerPerson {
		all := make([]int, len(h.facts))
		for i := range all {
			all[i] = i
		}
		return []group{{facts: all}}
	}
	key, members := h.record, h.byRecord
	if r.Per == PerContract {
		key, members = h.contract, h.byContract
	}
	var out []group
	seen := map[string]bool{}
	for i := range h.facts {
		if seen[key[i]] || !h.raises(r, i) {
			continue
		}
		seen[key[i]] = true
		out = append(out, group{ref: key[i], facts: merge(members[key[i]], h.shared)})
	}
	return out
}

// merge joins two ascending lists into one, each number once.
func merge(a, b []int) []int {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// raises tells whether a fact raises the rule. What was sold is told by the fact
// itself; a trait may be told by any fact of the record, such as the sale that a
// refund belongs to.
func (h *history) raises(r *Rule, i int) bool {
	f := &h.facts[i]
	if !slices.Contains(r.Raised, f.Kind) || !r.suits(f) {
		return false
	}
	has := func(trait string) bool { return f.has(trait) || slices.Contains(h.traits[h.record[i]], trait) }
	return (len(r.Where) == 0 || slices.ContainsFunc(r.Where, has)) && !slices.ContainsFunc(r.Unless, has)
}

// suits tells whether what was sold is of the rule's kind.
func (r *Rule) suits(f *Fact) bool {
	if len(r.Access) == 0 || f.Kind == Refund {
		return true
	}
	access := f.Access
	if access == "" {
		access = OneOff
	}
	return slices.Contains(r.Access, access)
}

// ends tells whether a fact ends the rule's basis at once.
func (h *history) ends(r *Rule, f *Fact) bool {
	switch f.Kind {
	case objectionUpheld:
		return slices.Contains(r.Ended, Objection) && slices.Contains(f.Purposes, r.Purpose)
	case Objection:
		if !h.policy.marketing(r.Purpose) || len(f.Purposes) > 0 && !slices.Contains(f.Purposes, r.Purpose) {
			return false
		}
	case Refund:
		if !f.Full {
			return false
		}
	case Signup:
		if f.void() {
			return false
		}
	case RestrictionLifted:
		if f.Told == nil || f.Told.After(f.Occurred) {
			return false // the person is told first (Art. 18(3))
		}
	}
	return slices.Contains(r.Ended, f.Kind)
}

// refunded tells whether the record was refunded in full.
func (h *history) refunded(record string) bool {
	return slices.ContainsFunc(h.byRecord[record], func(i int) bool {
		return h.facts[i].Kind == Refund && h.facts[i].Full
	})
}

// anchors finds the instants that a rule's period in a group is counted from.
// acts are the facts that raised the basis at hand.
func (h *history) anchors(g group, acts []int) anchors {
	return func(name string) (time.Time, bool) {
		switch name {
		case AnchorAct:
			return h.latest(acts, func(*Fact) bool { return true })
		case AnchorPerformance:
			return h.performance(g)
		case AnchorAccessEnd:
			return h.accessEnd(g)
		case AnchorConsentEnd:
			return h.consentEnd()
		}
		of := func(f *Fact) bool { return f.Kind == Kind(name) }
		if t, ok := h.latest(acts, of); ok {
			return t, true
		}
		// Something else than what raised the basis counts once it stands.
		since := h.facts[acts[0]].Occurred
		return h.latest(g.facts, func(f *Fact) bool { return of(f) && !f.Occurred.Before(since) })
	}
}

func (h *history) latest(facts []int, is func(*Fact) bool) (time.Time, bool) {
	for _, i := range slices.Backward(facts) {
		if is(&h.facts[i]) {
			return h.facts[i].Occurred, true
		}
	}
	return time.Time{}, false
}

// performance is when the thing sold was delivered. A sale whose source reports
// delivery, and every service, waits for that report; other sales are performed
// at once. A full refund leaves nothing to perform.
func (h *history) performance(g group) (time.Time, bool) {
	done, reported := h.latest(g.facts, func(f *Fact) bool {
		return f.Kind == Performed || f.Kind == Refund && f.Full
	})
	if reported {
		return done, true
	}
	_, awaited := h.latest(g.facts, func(f *Fact) bool {
		return f.Kind == Sale && (f.PerformanceAwaited || f.Access == Service)
	})
	if awaited {
		return time.Time{}, false
	}
	return h.latest(g.facts, func(f *Fact) bool { return f.Kind == Sale })
}

// accessEnd is when access ends: when the platform says so or the sale is
// refunded in full, or when the days that were sold are over. A subscription
// that was cancelled lasts to the end of the period that is paid.
func (h *history) accessEnd(g group) (time.Time, bool) {
	started, _ := h.latest(g.facts, func(f *Fact) bool { return f.Kind == AccessStarted })
	ended, known := h.latest(g.facts, func(f *Fact) bool {
		return f.Kind == AccessEnded && !f.Occurred.Before(started)
	})
	if known {
		return maxTime(ended, h.paidUntil(g)), true
	}
	if h.allRefunded(g) {
		return h.latest(g.facts, func(f *Fact) bool { return f.Kind == Refund && f.Full })
	}
	var last time.Time
	for _, i := range g.facts {
		f := &h.facts[i]
		if f.Access != Course || (f.Kind != Sale && f.Kind != AccessStarted) {
			continue
		}
		if f.AccessDays == 0 {
			return time.Time{}, false
		}
		m, _ := after{f.AccessDays, "day", anchor("")}.reckon(func(string) (time.Time, bool) { return f.Occurred, true }, h.policy.Place)
		last = maxTime(last, m.date.Start(h.policy.Place.Zone))
	}
	return last, !last.IsZero()
}

// paidUntil is the end of the last period that was paid and not returned.
func (h *history) paidUntil(g group) time.Time {
	var until time.Time
	for _, i := range g.facts {
		f := &h.facts[i]
		if f.PaidUntil != nil && !h.refunded(h.record[i]) {
			until = maxTime(until, *f.PaidUntil)
		}
	}
	return until
}

// allRefunded tells whether every sale of the group was refunded in full.
func (h *history) allRefunded(g group) bool {
	sales := 0
	for _, i := range g.facts {
		if h.facts[i].Kind != Sale {
			continue
		}
		if !h.refunded(h.record[i]) {
			return false
		}
		sales++
	}
	return sales > 0
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
