package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Evaluation is the ordered life of a person as rules see it, with its bases, and with facts grouped by record and
// contract. Facts name a record by several names (an order, its payment, its invoice); names
// mentioned together denote one record.
type Evaluation struct {
	policy   *Policy
	compiled *compiled
	// place is that of the policy, with clock.
	place Place
	clock *calendar.Clock
	// facts are acts: see Policy.acts. An act about a payment that several orders share stands once for each.
	facts []*fact.Fact
	// record and contract hold, for each fact, the name of its group; byRecord and byContract are
	// the facts of each group, and shared the facts that belong to every group.
	record, contract     []string
	byRecord, byContract units
	shared               []int
	// anyContract reports whether a fact names a contract.
	anyContract bool
	// contractsOf are the contracts that the facts of a record name, by the name of the record.
	contractsOf table[string, []string]
	// erasureAsked reports whether somebody requested the erasure of the person's data, verified or not,
	// and not recorded by mistake.
	erasureAsked bool
	// full reports for each fact whether the fact is a full refund of its record; ordersEnded reports whether an
	// order was refunded or has expired.
	full        []bool
	ordersEnded bool
	// void are the facts that a later state did not repeat.
	void []fact.Fact
	// records are the names of the records.
	records names
	// contracts joins the records of one contract.
	contracts names
	// traits are the traits of all facts of a record.
	traits   table[string, []string]
	consents []consent
	// agreed reports for each fact whether the fact is a sign-up that opened or extended a consent; agreements are
	// these sign-ups by purpose and channel. ignored are the sign-ups that opened none because of an earlier no.
	agreed     []bool
	agreements table[consentKey, []agreement]
	ignored    []ignoredSignup
	// against are the acts of the person against a consent, and consentEnds the ends of consents.
	against     []int
	consentEnds []consentEnd
	// bases is every basis that the facts raise; prolonged reports whether one of them prolongs others.
	bases     []Basis
	prolonged bool
	// kinds are the kinds of the facts; items and texts hold the short lists of the bases.
	kinds kinds
	items arena[Item]
	texts arena[string]
	times arena[time.Time]
	// numbers, given and begun hold the lists of facts, the agreements and the consents.
	numbers arena[int]
	given   arena[agreement]
	begun   arena[consent]
	// scope is the scope of the rule that is evaluated, and seen what is known of the basis at hand.
	scope scope
	seen  view
	// acts and list are lists of facts, and refs names of records, that are used again and again.
	acts, list []int
	refs       []string
	raised     []Basis
	// listed are the last listings of each record, standing the bases in force at an instant by their facts. Both
	// are worked out on demand.
	listed     map[recordOf]*fact.Fact
	standing   map[string]*Basis
	standingAt time.Time
	// held, needed and order serve Holdings, NeededFacts and the order of bases.
	held   holdings
	needed *Needed
	order  []int32
}

// Evaluate evaluates facts under a policy.
func Evaluate(p *Policy, facts []fact.Fact) *Evaluation {
	h := newEvaluation(p, len(facts))
	h.void = voidFacts(facts)
	acts := p.acts(h.facts, facts)
	h.records.read(acts)
	h.spread(acts)
	h.readPlans()
	for i := range facts {
		h.erasureAsked = h.erasureAsked || facts[i].Kind == fact.KindErasure && !isMistaken(&facts[i], facts)
	}
	h.readKinds()
	h.nameContracts()
	h.gatherGroups()
	h.findFullRefunds()
	h.foldConsents()
	h.findConsentEnds()
	h.bases = h.evaluateBases()
	return h
}

// nameContracts determines the contract of each fact.
func (h *Evaluation) nameContracts() {
	contracts := &h.contracts
	for i, f := range h.facts {
		if f.Contract != "" && h.record[i] != "" {
			own := h.records.find(f.Contract)
			contracts.join(h.record[i], own)
			h.noteContract(h.record[i], f.Contract)
			h.noteContract(own, f.Contract)
		}
	}
	for i, f := range h.facts {
		h.anyContract = h.anyContract || f.Contract != ""
		name := h.record[i]
		if name == "" && f.Contract != "" {
			name = h.records.find(f.Contract)
		}
		h.contract = append(h.contract, contracts.find(name))
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
		h.byRecord.of = append(h.byRecord.of, h.byRecord.unit(h.record[i]))
		if h.anyContract {
			h.byContract.of = append(h.byContract.of, h.byContract.unit(h.contract[i]))
		}
		switch {
		case f.Kind.IsAboutPerson():
			h.shared = append(h.shared, i)
			continue
		case h.record[i] == "" || h.contract[i] == "":
			h.shared = append(h.shared, i)
		}
		h.addTo(&h.byRecord, i)
		if h.anyContract {
			h.addTo(&h.byContract, i)
		}
		if h.record[i] != "" && len(f.Traits) > 0 {
			traits := h.traits.at(h.record[i])
			*traits = append(*traits, f.Traits...)
		}
	}
}

// unit returns the place of the unit with a name, and adds the unit if necessary. An empty name is a unit without
// facts of its own.
func (u *units) unit(name string) int {
	if n := u.names.place(name); n >= 0 {
		return n
	}
	return u.names.add(name, unit{})
}

// addTo adds a fact to its unit.
func (h *Evaluation) addTo(u *units, i int) {
	if n := u.of[i]; u.names.keys[n] != "" {
		u.names.values[n].facts = h.numbers.add(u.names.values[n].facts, i)
	}
}

// factsOfRecord returns the facts of a record, in order.
func (h *Evaluation) factsOfRecord(record string) []int { return h.byRecord.names.get(record).facts }

// OtherNames returns the further names of a record, sorted; nil for the name of no record.
func (h *Evaluation) OtherNames(ref string) []string {
	var names []string
	for _, i := range h.factsOfRecord(ref) {
		names = append(append(names, h.facts[i].Ref), h.facts[i].Links...)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == ref })
	if len(names) == 0 {
		return nil
	}
	return names
}

// units are the records or the contracts, for each of which a rule may raise bases.
type units struct {
	names table[string, unit]
	// of is the place of the unit of each fact.
	of []int
}

// unit is a record or a contract.
type unit struct {
	// facts are the facts of the unit, in order.
	facts []int
	// visited is the rule that was last evaluated for the unit.
	visited *Rule
}

// unitsOf returns the units of a rule.
func (h *Evaluation) unitsOf(r *Rule) *units {
	if r.Per == PerContract {
		return h.contractUnits()
	}
	return &h.byRecord
}

// contractUnits returns the contracts. Without the name of a contract each record is a contract of its own.
func (h *Evaluation) contractUnits() *units {
	if h.anyContract {
		return &h.byContract
	}
	return &h.byRecord
}

// group is the facts that one basis may rest on, in order.
type group struct {
	// ref is the name of the record or contract, or empty for the person.
	ref   string
	facts []int
	// of holds, for each fact of the history, the unit in which the fact raises bases; nil when
	// there is one group. Facts about the whole person end bases in every group.
	of   []int
	unit int
}

// has reports whether a fact may raise a basis in the group.
func (g *group) has(fact int) bool { return len(g.of) == 0 || g.of[fact] == g.unit }

// everything returns the facts that can have an effect on a rule of the whole person, until the next call.
func (h *Evaluation) everything() []int {
	out := h.list[:0]
	for i := range h.facts {
		if h.scope.affecting.has(h.kinds.of[i]) {
			out = append(out, i)
		}
	}
	h.list = out
	return out
}

// factsOf returns the facts of a unit that can have an effect on the rule, and those of every unit, until the next
// call. A long-standing customer has many orders and many acts about the whole person; most rules depend on few of
// them.
func (h *Evaluation) factsOf(u *units, place int) []int {
	h.list = h.merge(h.list[:0], u.names.values[place].facts, h.scope.shared)
	return h.list
}

// merge appends the facts of two ascending lists that can have an effect on the rule, each once.
func (h *Evaluation) merge(out, a, b []int) []int {
	for len(a) > 0 || len(b) > 0 {
		var next int
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			next, a = a[0], a[1:]
		case len(a) == 0 || b[0] < a[0]:
			next, b = b[0], b[1:]
		default:
			next, a, b = a[0], a[1:], b[1:]
		}
		if h.scope.affecting.has(h.kinds.of[next]) {
			out = append(out, next)
		}
	}
	return out
}

// raises reports whether a fact raises the rule. The fact itself states the kind of sale; a trait
// may come from any fact of the record, such as the sale of a refund.
func (h *Evaluation) raises(r *Rule, i int) bool {
	return slices.Contains(r.Raised, h.facts[i].Kind) && h.qualifies(r, i)
}

// qualifies reports whether a fact of a kind that raises the rule does so.
func (h *Evaluation) qualifies(r *Rule, i int) bool {
	f := h.facts[i]
	if !r.suits(f) || f.Occurred.Before(r.From) || len(r.Without) > 0 && h.follows(i, r.Without) {
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

// follows reports whether an earlier fact of the record is of one of the kinds.
func (h *Evaluation) follows(i int, kinds []fact.Kind) bool {
	return !h.facts[i].Kind.IsAboutPerson() && slices.ContainsFunc(h.factsOfRecord(h.record[i]), func(n int) bool {
		return n < i && slices.Contains(kinds, h.facts[n].Kind)
	})
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
// leaves none of the holds, a sign-up only when it answers every no, a refund under a contract only when every payment
// was returned.
func (h *Evaluation) endsActs(r *Rule, i int, acts, facts []int) bool {
	switch f := h.facts[i]; {
	case !h.ends(r, i):
		return false
	case f.Kind == fact.KindSignup:
		return h.answers(i, acts)
	case f.Kind == fact.KindRefund && r.Per == PerContract:
		return h.areReturned(acts, facts)
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
		if !h.agreed[i] {
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

// SaleYears returns the first and the last year of the sales of a record outside of contracts, in the policy's zone;
// zero without a sale.
func (h *Evaluation) SaleYears(record string) (first, last int) {
	for _, j := range h.factsOfRecord(record) {
		if h.facts[j].Kind != fact.KindSale || h.facts[j].Contract != "" {
			continue
		}
		year := calendar.In(h.facts[j].Occurred, h.policy.Place.Zone).Year
		if first == 0 || year < first {
			first = year
		}
		last = max(last, year)
	}
	return first, last
}

// Bases returns every basis of the evaluation, past and future ones included, in a fixed order.
func (h *Evaluation) Bases() []Basis { return h.bases }

// Policy returns the policy of the evaluation.
func (h *Evaluation) Policy() *Policy { return h.policy }
