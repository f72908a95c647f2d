package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Evaluation is the ordered life of a person as rules see it, with its bases, and with facts grouped by record and
// contract. Facts name a record by several names (an order, its payment, its invoice); names
// mentioned together denote one record.
type Evaluation struct {
	policy *Policy
	// facts are acts: see Policy.acts. An act about a payment that several orders share stands once for each.
	facts []*fact.Fact
	// record and contract hold, for each fact, the name of its group; byRecord and byContract are
	// the facts of each group, and shared the facts that belong to every group.
	record, contract     []string
	byRecord, byContract table[string, []int]
	shared               []int
	// contractsOf are the contracts that the facts of a record name, by the name of the record.
	contractsOf table[string, []string]
	// erasureAsked reports whether somebody requested the erasure of the person's data, verified or not.
	erasureAsked bool
	// full reports for each fact whether the fact is a full refund of its record.
	full []bool
	// void are the facts that a later state did not repeat.
	void []fact.Fact
	// records are the names of the records.
	records *names
	// traits are the traits of all facts of a record.
	traits   table[string, []string]
	consents []consent
	// agreed holds the consents that a sign-up opened or extended, ignored the sign-ups that opened none
	// because of an earlier no.
	agreed  map[int][]consentKey
	ignored []ignoredSignup
	// bases is every basis that the facts raise.
	bases []Basis
	// kinds indexes the facts by kind; items and texts hold the short lists of the bases.
	kinds kindIndex
	items arena[Item]
	texts arena[string]
	times arena[time.Time]
	// numbers holds the lists of facts.
	numbers arena[int]
	// scratch is a list of acts, and groupList a list of groups, that are used again for each rule.
	scratch   []int
	groupList []group
}

// Evaluate evaluates facts under a policy.
func Evaluate(p *Policy, facts []fact.Fact) *Evaluation {
	h := &Evaluation{policy: p, void: voidFacts(facts)}
	acts := p.acts(facts)
	h.records = nameRecords(acts)
	h.spread(acts)
	for i := range facts {
		h.erasureAsked = h.erasureAsked || facts[i].Kind == fact.KindErasure
	}
	h.kinds = indexKinds(h.facts)
	h.nameContracts()
	h.gatherGroups()
	h.full = h.findFullRefunds()
	h.consents = h.foldConsents()
	h.bases = h.evaluateBases()
	return h
}

// nameContracts determines the contract of each fact.
func (h *Evaluation) nameContracts() {
	h.contract = make([]string, len(h.facts))
	contracts := newNames(0)
	for i, f := range h.facts {
		if f.Contract != "" && h.record[i] != "" {
			own := h.records.find(f.Contract)
			contracts.join(h.record[i], own)
			h.noteContract(h.record[i], f.Contract)
			h.noteContract(own, f.Contract)
		}
	}
	for i, f := range h.facts {
		name := h.record[i]
		if name == "" && f.Contract != "" {
			name = h.records.find(f.Contract)
		}
		h.contract[i] = contracts.find(name)
	}
}

func (h *Evaluation) noteContract(record, contract string) {
	of := h.contractsOf.at(record)
	if !slices.Contains(*of, contract) {
		*of = append(*of, contract)
	}
}

func (h *Evaluation) gatherGroups() {
	for i, f := range h.facts {
		if f.Kind.IsAboutPerson() {
			h.shared = append(h.shared, i)
			continue
		}
		if h.record[i] != "" {
			of := h.byRecord.at(h.record[i])
			*of = h.numbers.add(*of, i)
			if len(f.Traits) > 0 {
				traits := h.traits.at(h.record[i])
				*traits = append(*traits, f.Traits...)
			}
		}
		if h.contract[i] != "" {
			of := h.byContract.at(h.contract[i])
			*of = h.numbers.add(*of, i)
		}
		if h.record[i] == "" || h.contract[i] == "" {
			h.shared = append(h.shared, i)
		}
	}
}

// OtherNames returns the further names of a record, sorted; nil for the name of no record.
func (h *Evaluation) OtherNames(ref string) []string {
	var names []string
	for _, i := range h.byRecord.get(ref) {
		names = append(append(names, h.facts[i].Ref), h.facts[i].Links...)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == ref })
	if len(names) == 0 {
		return nil
	}
	return names
}

// group is the facts that one basis may rest on, in order.
type group struct {
	// ref is the name of the record or contract, or empty for the person.
	ref   string
	facts []int
	// key holds, for each fact of the history, the group in which the fact raises bases; nil when
	// there is one group. Facts about the whole person end bases in every group.
	key []string
}

// has reports whether a fact may raise a basis in the group.
func (g *group) has(fact int) bool { return len(g.key) == 0 || g.key[fact] == g.ref }

// groups returns the groups with a fact that raises the rule, until the next call. Facts about the whole person
// belong to every group.
func (h *Evaluation) groups(r *Rule) []group {
	raising := h.kinds.of(r.Raised)
	if len(raising) == 0 {
		return nil
	}
	if r.Per == PerPerson {
		h.groupList = append(h.groupList[:0], group{facts: h.actsOn(r)})
		return h.groupList
	}
	key, members := h.record, &h.byRecord
	if r.Per == PerContract {
		key, members = h.contract, &h.byContract
	}
	out := h.groupList[:0]
	var seen seenGroups
	var shared []int
	for _, i := range raising {
		if seen.has(out, key[i]) || !h.raises(r, i) {
			continue
		}
		if len(out) == 0 {
			shared = h.sharedBy(r)
		}
		out = append(out, group{ref: key[i], facts: merge(members.get(key[i]), shared), key: key})
	}
	h.groupList = out
	return out
}

// seenGroups finds groups by name. A few groups need no map.
type seenGroups map[string]bool

const fewGroups = 8

func (s *seenGroups) has(all []group, ref string) bool {
	if len(all) <= fewGroups {
		return slices.ContainsFunc(all, func(g group) bool { return g.ref == ref })
	}
	for len(*s) < len(all) { // the groups since the last look
		if *s == nil {
			*s = seenGroups{}
		}
		for i := len(*s); i < len(all); i++ {
			(*s)[all[i].ref] = true
		}
	}
	return (*s)[ref]
}

// actsOn returns the facts that can have an effect on a rule of the whole person.
func (h *Evaluation) actsOn(r *Rule) []int {
	out := make([]int, 0, len(h.facts))
	all := len(h.policy.Earlier) > 0 // the period that was promised may look at others
	for i := range h.facts {
		if all || r.dependsOn(h.facts[i].Kind) {
			out = append(out, i)
		}
	}
	return out
}

// sharedBy returns the facts of every group that can have an effect on the rule. A long-standing
// customer has many orders and many acts about the whole person; most rules depend on few of them.
func (h *Evaluation) sharedBy(r *Rule) []int {
	if len(h.policy.Earlier) > 0 {
		return h.shared // the period that was promised may look at others
	}
	var out []int
	for _, i := range h.shared {
		if r.dependsOn(h.facts[i].Kind) {
			out = append(out, i)
		}
	}
	return out
}

// merge joins two ascending lists into one, each number once. The result may be shared.
func merge(a, b []int) []int {
	if len(b) == 0 {
		return a
	}
	out := make([]int, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case b[0] < a[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// raises reports whether a fact raises the rule. The fact itself states the kind of sale; a trait
// may come from any fact of the record, such as the sale of a refund.
func (h *Evaluation) raises(r *Rule, i int) bool {
	f := h.facts[i]
	if !slices.Contains(r.Raised, f.Kind) || !r.suits(f) {
		return false
	}
	if len(r.Where) == 0 && len(r.Unless) == 0 {
		return true
	}
	has := func(trait string) bool {
		return f.HasTrait(trait) || !f.Kind.IsAboutPerson() && slices.Contains(h.traits.get(h.record[i]), trait)
	}
	return (len(r.Where) == 0 || slices.ContainsFunc(r.Where, has)) && !slices.ContainsFunc(r.Unless, has)
}

// suits reports whether the kind of sale fits the rule.
func (r *Rule) suits(f *fact.Fact) bool {
	if len(r.Access) == 0 || f.Kind == fact.KindRefund {
		return true
	}
	access := f.Access
	if access == "" {
		access = fact.AccessOneOff
	}
	return slices.Contains(r.Access, access)
}

// endsActs reports whether a fact ends at once a basis of the rule that rests on acts: a release only when it
// leaves none of the holds, a sign-up only when it answers every no.
func (h *Evaluation) endsActs(r *Rule, i int, acts, facts []int) bool {
	switch f := h.facts[i]; {
	case !h.ends(r, i):
		return false
	case f.Kind == fact.KindSignup:
		return h.answers(i, acts)
	}
	return h.facts[i].Matter == "" || !h.holdsOn(acts, facts)
}

// ends reports whether a fact ends a basis of the rule at once, whatever the basis rests on.
func (h *Evaluation) ends(r *Rule, i int) bool {
	switch f := h.facts[i]; f.Kind {
	case fact.KindObjectionUpheld:
		return slices.Contains(r.Ended, fact.KindObjection) && slices.Contains(f.Purposes, r.Purpose)
	case fact.KindObjection:
		if !h.policy.IsMarketing(r.Purpose) || len(f.Purposes) > 0 && !slices.Contains(f.Purposes, r.Purpose) {
			return false
		}
	case fact.KindRefund:
		if !h.fullRefund(i) {
			return false
		}
	case fact.KindSignup:
		if len(h.agreed[i]) == 0 {
			return false
		}
	case fact.KindRestrictionLifted:
		if f.InformedAt == nil || f.InformedAt.After(f.Occurred) {
			return false // the person must be informed first (Art. 18(3))
		}
	}
	return slices.Contains(r.Ended, h.facts[i].Kind)
}

// RecordNamed returns the name of the record that has a name; an unknown name is its own record.
func (h *Evaluation) RecordNamed(name string) string { return h.records.find(name) }

// SaleYears returns the years of the sales of a record outside of contracts, sorted, in the policy's
// zone.
func (h *Evaluation) SaleYears(record string) []int {
	var years []int
	for _, j := range h.byRecord.get(record) {
		if h.facts[j].Kind == fact.KindSale && h.facts[j].Contract == "" {
			years = append(years, h.facts[j].Occurred.In(h.policy.Place.Zone).Year())
		}
	}
	slices.Sort(years)
	return years
}

// Bases returns every basis of the evaluation, past and future ones included, in a fixed order.
func (h *Evaluation) Bases() []Basis { return h.bases }

// Policy returns the policy of the evaluation.
func (h *Evaluation) Policy() *Policy { return h.policy }
