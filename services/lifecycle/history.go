package lifecycle

import (
	"slices"
	"time"
)

// history is a person's facts in order, with the records and contracts they are
// about told apart. Facts name records by several names (an order, its payment,
// its invoice); names that were ever mentioned together are one record.
type history struct {
	policy *Policy
	facts  []Fact
	// record and contract hold, for each fact, the name its group goes by.
	record   []string
	contract []string
	consents []Basis
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
	h := &history{
		policy:   p,
		facts:    facts,
		record:   make([]string, len(facts)),
		contract: make([]string, len(facts)),
	}
	records, contracts := names{}, names{}
	for _, f := range facts {
		for _, link := range f.Links {
			if f.Ref != "" {
				records.join(f.Ref, link)
			}
		}
	}
	for i, f := range facts {
		if f.Ref != "" {
			h.record[i] = records.find(f.Ref)
		}
		if f.Contract != "" && h.record[i] != "" {
			contracts.join(h.record[i], records.find(f.Contract))
		}
	}
	for i, f := range facts {
		name := h.record[i]
		if name == "" {
			name = f.Contract
		}
		h.contract[i] = contracts.find(records.find(name))
	}
	h.consents = h.consentBases()
	h.all = h.bases()
	return h
}

// otherNames returns the names, other than the one it goes by, of each record
// among the items.
func (h *history) otherNames(items []Item) map[string][]string {
	out := map[string][]string{}
	for _, item := range items {
		if item.Ref == "" || out[item.Ref] != nil {
			continue
		}
		for i, f := range h.facts {
			if h.record[i] == item.Ref {
				out[item.Ref] = append(append(out[item.Ref], f.Ref), f.Links...)
			}
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
	key := h.record
	if r.Per == PerContract {
		key = h.contract
	}
	var out []group
	for i := range h.facts {
		if !r.raisedBy(&h.facts[i]) || slices.ContainsFunc(out, func(g group) bool { return g.ref == key[i] }) {
			continue
		}
		g := group{ref: key[i]}
		for j := range h.facts {
			if key[j] == g.ref || key[j] == "" || h.facts[j].Kind.aboutPerson() {
				g.facts = append(g.facts, j)
			}
		}
		out = append(out, g)
	}
	return out
}

func (r *Rule) raisedBy(f *Fact) bool {
	if !slices.Contains(r.Raised, f.Kind) {
		return false
	}
	if len(r.Access) == 0 || f.Kind == Refund {
		return true
	}
	access := f.Access
	if access == "" {
		access = OneOff
	}
	return slices.Contains(r.Access, access)
}

// endedBy tells whether the fact ends the rule's basis at once. An objection
// reaches a basis other than consent only when it names the purpose: GDPR Art.
// 21(2) is about marketing, Art. 21(1) about the rest.
func (r *Rule) endedBy(f *Fact) bool {
	if !slices.Contains(r.Ended, f.Kind) {
		return false
	}
	return f.Kind != Objection || slices.Contains(f.Purposes, r.Purpose)
}

// refunded tells whether the record was refunded in full.
func (h *history) refunded(record string) bool {
	for i, f := range h.facts {
		if f.Kind == Refund && f.Full && h.record[i] == record {
			return true
		}
	}
	return false
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
		return h.latest(g.facts, of)
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
