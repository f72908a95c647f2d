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
	// key holds, for each fact of the history, the group that it raises bases in; nil
	// when all are in one. Facts about the whole person end bases in every group.
	key []string
}

// has tells whether a fact may raise a basis in the group.
func (g *group) has(fact int) bool { return g.key == nil || g.key[fact] == g.ref }

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
	var shared []int
	for i := range h.facts {
		if seen[key[i]] || !h.raises(r, i) {
			continue
		}
		if len(seen) == 0 {
			shared = h.sharedBy(r)
		}
		seen[key[i]] = true
		out = append(out, group{ref: key[i], facts: merge(members[key[i]], shared), key: key})
	}
	return out
}

// sharedBy returns the facts that belong to every group, as far as they can mean
// something to the rule. A customer of many years has many orders and many acts about
// the whole person; most rules look at few of these.
func (h *history) sharedBy(r *Rule) []int {
	if len(h.policy.Earlier) > 0 {
		return h.shared // the period that was promised may look at others
	}
	var kinds []Kind
	for _, event := range r.Until.Events() {
		switch event {
		case AnchorPerformance:
			kinds = append(kinds, Sale, Performed, Refund)
		case AnchorAccessEnd:
			kinds = append(kinds, Sale, Refund, AccessStarted, AccessEnded)
		case AnchorConsentEnd:
			kinds = append(kinds, Signup, Refusal, Unsubscribe, Objection, Erasure, Invalidated, Bounce)
		default:
			kinds = append(kinds, Kind(event))
		}
	}
	kinds = slices.Concat(kinds, r.Raised, r.Ended)
	if r.Suspended {
		kinds = append(kinds, Hold, Release)
	}
	if slices.Contains(r.Ended, Objection) {
		kinds = append(kinds, objectionUpheld)
	}
	return slices.DeleteFunc(slices.Clone(h.shared), func(i int) bool { return !slices.Contains(kinds, h.facts[i].Kind) })
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
	has := func(trait string) bool {
		return f.has(trait) || !f.Kind.aboutPerson() && slices.Contains(h.traits[h.record[i]], trait)
	}
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
		if !h.policy.agrees(f) {
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

// view is what is known of a basis at some point of its story: the acts that raised
// it, and the facts of its group up to that point. What comes after the end of a
// basis cannot move the end.
type view struct {
	acts, facts []int
	// next is the index of the first fact that is not seen yet.
	next int
}

// since is when the basis began.
func (h *history) since(v view) time.Time { return h.facts[v.acts[0]].Occurred }

// anchors finds the instants that a rule's period is counted from.
func (h *history) anchors(v view) anchors {
	return func(name string) (time.Time, bool) {
		switch name {
		case AnchorAct:
			return h.latest(v.acts, func(*Fact) bool { return true })
		case AnchorPerformance:
			return h.performance(v)
		case AnchorAccessEnd:
			return h.accessEnd(v)
		case AnchorConsentEnd:
			return h.consentEnd(v)
		}
		of := func(f *Fact) bool { return f.Kind == Kind(name) }
		if t, ok := h.latest(v.acts, of); ok {
			return t, true
		}
		// Something else than what raised the basis counts once it stands.
		since := h.since(v)
		return h.latest(v.facts, func(f *Fact) bool { return of(f) && !f.Occurred.Before(since) })
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

// performance is when everything that was sold since the basis began had been
// delivered or done, the last of it.
func (h *history) performance(v view) (time.Time, bool) {
	since := h.since(v)
	last, known := h.latest(v.facts, func(f *Fact) bool { return f.Kind == Performed && !f.Occurred.Before(since) })
	for _, i := range v.facts {
		if h.facts[i].Kind != Sale || h.facts[i].Occurred.Before(since) {
			continue
		}
		done, ok := h.performed(v, i)
		if !ok {
			return time.Time{}, false
		}
		last, known = maxTime(last, done), true
	}
	return last, known
}

// performed is when a sale was performed. One whose source reports delivery, and every
// service, waits for that report; others are performed at once. A full refund leaves
// nothing to perform. What was delivered before it was paid is performed with the sale.
func (h *history) performed(v view, sale int) (time.Time, bool) {
	f := &h.facts[sale]
	before := false
	for _, i := range slices.Backward(v.facts) {
		done := &h.facts[i]
		if h.record[i] != h.record[sale] || done.Kind != Performed && (done.Kind != Refund || !done.Full) {
			continue
		}
		if i > sale {
			return done.Occurred, true
		}
		before = true
	}
	return f.Occurred, before || !f.PerformanceAwaited && f.Access != Service
}

// accessEnd is when access ends: when the platform says so or the sale is
// refunded in full, or when the days that were sold are over. A subscription
// that was cancelled lasts to the end of the period that is paid.
func (h *history) accessEnd(v view) (time.Time, bool) {
	v.facts = slices.DeleteFunc(slices.Clone(v.facts), func(i int) bool { return h.facts[i].Occurred.Before(h.since(v)) })
	started, _ := h.latest(v.facts, func(f *Fact) bool { return f.Kind == AccessStarted })
	ended, known := h.latest(v.facts, func(f *Fact) bool {
		return f.Kind == AccessEnded && !f.Occurred.Before(started)
	})
	if known {
		return maxTime(ended, h.paidUntil(v)), true
	}
	if h.allRefunded(v) {
		return h.latest(v.facts, func(f *Fact) bool { return f.Kind == Refund && f.Full })
	}
	var last time.Time
	for _, i := range v.facts {
		f := &h.facts[i]
		switch {
		case f.Kind != Sale && f.Kind != AccessStarted, f.Access != Course && f.Access != Subscription:
			continue
		case f.Access == Subscription, f.AccessDays == 0:
			return time.Time{}, false // until somebody says that it has ended
		}
		m, _ := after{f.AccessDays, "day", anchor("")}.reckon(func(string) (time.Time, bool) { return f.Occurred, true }, h.policy.Place)
		last = maxTime(last, m.date.Start(h.policy.Place.Zone))
	}
	return last, !last.IsZero()
}

// paidUntil is the end of the last period that was paid and not returned.
func (h *history) paidUntil(v view) time.Time {
	var until time.Time
	for _, i := range v.facts {
		f := &h.facts[i]
		if f.PaidUntil != nil && !h.returned(v, h.record[i]) {
			until = maxTime(until, *f.PaidUntil)
		}
	}
	return until
}

// allRefunded tells whether every sale in view was refunded in full.
func (h *history) allRefunded(v view) bool {
	sales := 0
	for _, i := range v.facts {
		if h.facts[i].Kind != Sale {
			continue
		}
		if !h.returned(v, h.record[i]) {
			return false
		}
		sales++
	}
	return sales > 0
}

// returned tells whether a record was refunded in full, as far as is in view.
func (h *history) returned(v view, record string) bool {
	return slices.ContainsFunc(v.facts, func(i int) bool {
		return h.record[i] == record && h.facts[i].Kind == Refund && h.facts[i].Full
	})
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
