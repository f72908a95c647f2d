package rules

import (
	"sync"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// evaluations is the memory of released evaluations. An evaluation of a usual person is short, and making its lists
// would take most of the time.
var evaluations = sync.Pool{New: func() any { return &Evaluation{} }} //nolint:gochecknoglobals // memory, no state

// Release ends the use of the evaluation. Its bases stay valid, and its holdings do not.
func (h *Evaluation) Release() { evaluations.Put(h) }

// newEvaluation returns an empty evaluation of n facts, in the memory of a released one if there is one. The lists of
// bases are not used again, because bases outlive their evaluation.
func newEvaluation(p *Policy, n int) *Evaluation {
	h, _ := evaluations.Get().(*Evaluation)
	if h.compiled == nil || h.compiled.policy != p {
		h.compiled = compile(p)
	}
	*h = Evaluation{
		policy: p, compiled: h.compiled,
		facts: h.facts[:0], record: h.record[:0], contract: h.contract[:0],
		byRecord: h.byRecord.emptied(n), byContract: h.byContract.emptied(n), shared: h.shared[:0],
		full: h.full[:0], records: h.records.emptied(n), contracts: h.contracts.emptied(0),
		consents: h.consents[:0], agreed: h.agreed[:0], agreements: h.agreements.emptied(0), ignored: h.ignored[:0],
		against: h.against[:0], consentEnds: h.consentEnds[:0],
		kinds: kinds{names: h.kinds.names[:0], of: h.kinds.of[:0], effects: h.kinds.effects[:0]},
		items: h.items, texts: h.texts, times: h.times,
		numbers: h.numbers.emptied(), given: h.given.emptied(), begun: h.begun.emptied(),
		scope: scope{shared: h.scope.shared[:0]},
		acts:  h.acts[:0], list: h.list[:0], refs: h.refs[:0], raised: h.raised[:0],
		clock: h.clock, held: h.held, order: h.order, needed: h.needed,
	}
	h.setClock()
	return h
}

// setClock sets the clock of the evaluation to the zone of the policy.
func (h *Evaluation) setClock() {
	if h.clock == nil {
		h.clock = &calendar.Clock{}
	}
	h.clock.Set(h.policy.Place.Zone)
	h.place = h.policy.Place
	h.place.clock = h.clock
}

// emptied returns an empty arena in the memory of the arena, whose slices are no longer used.
func (a *arena[T]) emptied() arena[T] { return arena[T]{free: a.free[:0], next: a.next} }

func (u *units) emptied(n int) units { return units{names: u.names.emptied(n), of: u.of[:0]} }

func (n *names) emptied(room int) names {
	return names{
		known: n.known.emptied(2 * room), orders: n.orders.emptied(room), payers: n.payers.emptied(room),
		payments: n.payments,
	}
}
