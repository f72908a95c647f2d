package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// move is a record that another person takes over, because the address of the record was corrected.
type move struct {
	// from is the subject of the former person, to a key of the other.
	from, to string
	// names are the names of the record, others the names of the other orders of the same source, and facts
	// copies of the record's facts for the other person.
	names, others []string
	// contract is the contract of the record, unless another order of the former person belongs to it.
	contract string
	facts    []fact.Fact
}

// findByRecord compares the buyer of an entry with the person of the record. A later report of a
// record under another address moves the record; an earlier report, a fact that only continues
// the record, and a box that came with the record, follow the record. True means that the entry must
// wait for the result of earlier ones.
func (g *grouping) findByRecord(e *entry) (wait bool) {
	if !e.billing() {
		return false
	}
	own := g.of(e.persons[0])
	for _, key := range e.records {
		root := g.of(key)
		if key == e.parent && g.of(e.ref) != "" {
			continue // the contract is known, and has a buyer of its own
		}
		if root == "" || root == own || !g.named[root] && !g.isAmongOthers(root, key, e) || g.isMoved(root, own, key) {
			continue
		}
		if g.records[key] {
			return true
		}
		if owner, stored := g.owners[key]; stored && g.settleRecord(e, owner, key) {
			return false
		}
	}
	return false
}

// isAmongOthers reports whether the record of a report is held together with other orders of an account whose owner is
// unknown: an address on one order says nothing about the others.
func (g *grouping) isAmongOthers(root, key string, e *entry) bool {
	if owner, stored := g.owners[key]; stored && g.subject(owner) == root {
		s := g.subjects[owner]
		return len(otherOrders(s.Facts, &e.fact)) > 0
	}
	for other := range g.records {
		if other != key && !slices.Contains(e.records, other) && g.of(other) == root {
			return true
		}
	}
	return false
}

// settleRecord moves the record of an entry from its owner, or lets the entry follow the record; false
// when the entry does neither.
func (g *grouping) settleRecord(e *entry, owner, key string) bool {
	s := g.subjects[owner]
	latest, again := lastReport(&s, e)
	switch {
	case comesWithRecord(e.fact.Kind):
		if e.ownName() || !again {
			return false
		}
		e.follow(addressOf(&s, &e.fact))
	case !e.statesBuyer():
		if e.ownName() || !holdsSale(&s, &e.fact) {
			return false
		}
		e.follow(addressOf(&s, &e.fact))
	case key != e.ref && e.fact.Kind.IsOrder() || !again:
		return false
	case isStale(&s, &e.fact):
		e.follow(addressOf(&s, &e.fact))
	case e.fact.Received.Before(latest):
		e.fact.Stated = &latest
		e.follow(addressOf(&s, &e.fact))
	default:
		g.moveRecord(owner, e)
	}
	return true
}

// isMoved reports whether a record is moved from one root to another in this batch.
func (g *grouping) isMoved(from, to, key string) bool {
	return to != "" && slices.ContainsFunc(g.moves, func(m move) bool {
		return g.subject(m.from) == from && g.of(m.to) == to &&
			slices.ContainsFunc(m.names, func(n string) bool { return g.applier.opts.Vault.LocatorKey(n) == key })
	})
}

// holdsSale reports whether a subject bought the record of a fact.
func holdsSale(s *lifecycle.Subject, f *fact.Fact) bool {
	names := append([]string{f.Ref}, f.Links...)
	return slices.ContainsFunc(s.Facts, func(have fact.Fact) bool {
		return have.Kind.IsOrder() &&
			slices.ContainsFunc(names, func(n string) bool { return have.Ref == n || slices.Contains(have.Links, n) })
	})
}

// lastReport returns the receipt of the latest report of the entry's record by the same source; false
// when the subject has no such report.
func lastReport(s *lifecycle.Subject, e *entry) (latest time.Time, found bool) {
	for i := range s.Facts {
		f := &s.Facts[i]
		same := hasRecord(f.Kind) && recordOf(f) == recordOf(&e.fact) && f.Source == e.fact.Source
		if !same || e.ownName() && f.ID != e.fact.ID {
			continue
		}
		found = true
		latest = calendar.Later(latest, f.Received)
		if f.Stated != nil {
			latest = calendar.Later(latest, *f.Stated)
		}
	}
	return latest, found
}

// addressOf returns the address of the record of a fact, as its latest report states the address; empty for an
// unknown address.
func addressOf(s *lifecycle.Subject, of *fact.Fact) string {
	var address string
	var latest time.Time
	for i := range s.Facts {
		f := &s.Facts[i]
		if hasRecord(f.Kind) && f.Address != "" && isOfRecord(f, []string{recordOf(of)}) && !f.Received.Before(latest) {
			address, latest = f.Address, f.Received
		}
	}
	return address
}

// isStale reports whether a subject has a later state of the record of a report, or of the thing whose state the
// report repeats.
func isStale(s *lifecycle.Subject, reported *fact.Fact) bool {
	return reported.AsOf != nil && slices.ContainsFunc(s.Facts, func(f fact.Fact) bool {
		return f.Source == reported.Source && f.AsOf != nil && f.AsOf.After(*reported.AsOf) &&
			f.StateOf != "" && (f.StateOf == reported.StateOf || f.StateOf == recordOf(reported))
	})
}

// moveRecord notes the move of a record from its subject to the person of an entry.
func (g *grouping) moveRecord(from string, e *entry) {
	s := g.subjects[from]
	others := otherOrders(s.Facts, &e.fact)
	m := move{from: from, to: e.persons[0], names: recordNames(s.Facts, recordOf(&e.fact), others), others: others}
	m.contract = contractAlone(s.Facts, &e.fact)
	for _, f := range s.Facts {
		if !m.includes(&f) {
			if endsContract(&f) && f.Ref == e.fact.Ref && e.fact.Kind.IsOrder() {
				f.Address, f.By = "", nil
				m.facts = append(m.facts, f)
			}
			continue
		}
		f.MarkUnproven() // the other person ticked no box
		if f.Address != "" {
			f.Address = e.persons[0] // the address of the report was wrong
		}
		stated := e.fact.Received
		f.Stated = &stated
		m.facts = append(m.facts, f)
	}
	g.moves = append(g.moves, m)
}

// includes reports whether a fact is moved with the record.
func (m *move) includes(f *fact.Fact) bool {
	if endsContract(f) && f.Address == "" && len(f.By) == 0 { // a copy for the buyer of the order
		return slices.Contains(m.names, f.Ref) || m.contract != "" && f.Contract == m.contract
	}
	return isOfRecord(f, m.names) && !slices.Contains(m.others, recordOf(f))
}

// shared returns the names that the former person held besides their owners: the contract of the record, and the
// orders that began contracts of the record.
func (m *move) shared() []string {
	var names []string
	if m.contract != "" {
		names = append(names, m.contract)
	}
	for i := range m.facts {
		if f := &m.facts[i]; endsContract(f) {
			names = append(names, f.Ref)
		}
	}
	return names
}

// contractAlone returns the contract of an order; empty when another order of the facts belongs to the contract.
func contractAlone(facts []fact.Fact, order *fact.Fact) string {
	began := map[string]bool{}
	for i := range facts {
		if f := &facts[i]; endsContract(f) && f.Contract == order.Contract {
			began[f.Ref] = true
		}
	}
	for i := range facts {
		f := &facts[i]
		if f.Kind.IsOrder() && f.Ref != order.Ref && (f.Contract == order.Contract || began[f.Ref]) {
			return ""
		}
	}
	return order.Contract
}

// otherOrders returns the names of the other orders of the source of a report. Two orders may share the name
// of one payment, and only the reported order is moved.
func otherOrders(facts []fact.Fact, reported *fact.Fact) []string {
	var others []string
	for i := range facts {
		f := &facts[i]
		if f.Kind.IsOrder() && f.Source == reported.Source && f.Ref != recordOf(reported) {
			others = append(others, f.Ref)
		}
	}
	return others
}

// recordNames returns all names of the record with a name, without those of other records. A payment that another
// record shares is not of the record alone, and stays.
func recordNames(facts []fact.Fact, name string, others []string) []string {
	shared := map[string]bool{}
	for i := range facts {
		if slices.Contains(others, recordOf(&facts[i])) {
			for _, link := range facts[i].Links {
				shared[link] = true
			}
		}
	}
	names := []string{name}
	for grown := true; grown; {
		grown = false
		for i := range facts {
			f := &facts[i]
			if !hasRecord(f.Kind) && f.Kind != fact.KindIdentified || !isOfRecord(f, names) ||
				slices.Contains(others, recordOf(f)) {
				continue
			}
			for _, n := range append([]string{recordOf(f)}, f.Links...) {
				if n != "" && !shared[n] && !slices.Contains(names, n) {
					names, grown = append(names, n), true
				}
			}
		}
	}
	return names
}

// isOfRecord reports whether a fact belongs to the record with some names.
func isOfRecord(f *fact.Fact, names []string) bool {
	return slices.Contains(names, recordOf(f)) ||
		slices.ContainsFunc(f.Links, func(l string) bool { return slices.Contains(names, l) })
}

// finishMoves removes moved records from their former persons.
func (a *Applier) finishMoves(ctx context.Context, moves []move) error {
	for i := range moves {
		m := &moves[i]
		p := &parting{match: m.includes}
		for _, n := range m.names {
			p.release = append(p.release, a.keysOf(n)...)
		}
		for _, n := range m.shared() {
			p.release = append(p.release, slices.Concat(a.furtherKeys(n)...)...)
		}
		if err := a.part(ctx, m.from, p); err != nil {
			return fmt.Errorf("move a record: %w", err)
		}
	}
	return nil
}
