package rules

import "sync"

// evaluations is the memory of released evaluations. An evaluation of a usual person is short, and making its lists
// would take most of the time.
var evaluations = sync.Pool{New: func() any { return &Evaluation{} }} //nolint:gochecknoglobals // memory without a state

// manyFacts is the number of facts from which the memory of an evaluation is not used again.
const manyFacts = 1000

// Release ends the use of the evaluation. Its bases stay valid.
func (h *Evaluation) Release() {
	if len(h.facts) < manyFacts {
		evaluations.Put(h)
	}
}

// newEvaluation returns an empty evaluation, in the memory of a released one if there is one. The lists of bases are
// not used again, because bases outlive their evaluation.
func newEvaluation(p *Policy) *Evaluation {
	h, _ := evaluations.Get().(*Evaluation)
	*h = Evaluation{
		policy: p,
		facts:  h.facts[:0], record: h.record[:0], contract: h.contract[:0],
		byRecord: h.byRecord.emptied(), byContract: h.byContract.emptied(), shared: h.shared[:0],
		full: h.full[:0], records: h.records.emptied(), contracts: h.contracts.emptied(),
		consents: h.consents[:0], agreed: h.agreed[:0], agreements: h.agreements.emptied(), ignored: h.ignored[:0],
		against: h.against[:0], consentEnds: h.consentEnds[:0],
		kinds: kinds{names: h.kinds.names[:0], of: h.kinds.of[:0]},
		items: h.items, texts: h.texts, times: h.times,
		numbers: h.numbers.emptied(), given: h.given.emptied(), begun: h.begun.emptied(),
		scope: scope{shared: h.scope.shared[:0]},
		acts:  h.acts[:0], list: h.list[:0], refs: h.refs[:0], raised: h.raised[:0],
	}
	return h
}

// emptied returns an empty table in the memory of the table.
func (t *table[K, V]) emptied() table[K, V] {
	return table[K, V]{keys: t.keys[:0], values: t.values[:0]}
}

// emptied returns an empty arena in the memory of the arena, whose slices are no longer used.
func (a *arena[T]) emptied() arena[T] { return arena[T]{free: a.free[:0], next: a.next} }

func (u *units) emptied() units { return units{names: u.names.emptied(), of: u.of[:0]} }

func (n *names) emptied() names {
	return names{known: n.known.emptied(), orders: n.orders.emptied(), payers: n.payers.emptied(), payments: n.payments}
}
