package apply

import (
	"context"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// countFound reports the facts of a reconciliation that were stored and not known before.
func (a *Applier) countFound(
	ctx context.Context, persons []person, before map[string]lifecycle.Subject, changes []change, conflicts []int,
) {
	if a.opts.Found == nil {
		return
	}
	var all []fact.Fact
	for i := range changes {
		if !slices.Contains(conflicts, i) {
			all = append(all, foundOf(&persons[changes[i].person], before, &changes[i].Subject)...)
		}
	}
	if len(all) > 0 {
		a.opts.Found(ctx, all)
	}
}

// foundOf returns the facts of a reconciliation that a change has added to a person. An observation is no event, and a
// fact that is dropped at once, such as one of erased data, is nothing that was missed.
func foundOf(p *person, before map[string]lifecycle.Subject, after *lifecycle.Subject) []fact.Fact {
	var out []fact.Fact
	for i := range p.entries {
		f := &p.entries[i].fact
		if !p.entries[i].found || f.Kind.IsObservation() || has(out, f.ID) || !has(after.Facts, f.ID) {
			continue
		}
		told := slices.ContainsFunc(p.entries, func(e entry) bool { return !e.found && e.fact.ID == f.ID })
		known := slices.ContainsFunc(p.subjects, func(id string) bool { return has(before[id].Facts, f.ID) })
		if !told && !known {
			out = append(out, *f)
		}
	}
	return out
}

func has(facts []fact.Fact, id string) bool {
	return slices.ContainsFunc(facts, func(f fact.Fact) bool { return f.ID == id })
}
