package fact

import (
	"cmp"
	"slices"
	"time"
)

// Report is one report of a fact with a state of its thing.
type Report struct {
	// AsOf is the time of the state, by the clock of the source.
	AsOf time.Time `json:"as_of"`
	// Occurred, Received and Doubt are those of the fact in this report.
	Occurred time.Time `json:"occurred"`
	Received time.Time `json:"received"`
	Doubt    Doubt     `json:"doubt,omitempty"`
}

// maxReports bounds the reports that are kept of one fact: the first and the latest.
const maxReports = 16

// reports returns the reports of a fact by AsOf; none for a fact without the time of a state.
func (f *Fact) reports() []Report {
	switch {
	case len(f.Reports) > 0:
		return f.Reports
	case f.AsOf == nil:
		return nil
	}
	return []Report{{AsOf: *f.AsOf, Occurred: f.Occurred, Received: f.Received, Doubt: f.Doubt}}
}

// IncludesState reports whether a report with a state of a time would add nothing to the fact.
func (f *Fact) IncludesState(asOf *time.Time) bool {
	all := f.reports()
	if asOf == nil || len(all) == maxReports && asOf.Before(all[maxReports-1].AsOf) {
		return true
	}
	return slices.ContainsFunc(all, func(r Report) bool { return r.AsOf.Equal(*asOf) })
}

// lastReport is the report with the latest state; the zero value for a fact without the time of a state.
func (f *Fact) lastReport() Report {
	if all := f.reports(); len(all) > 0 {
		return all[len(all)-1]
	}
	return Report{}
}

// joinReports returns the reports of both by AsOf, one of each state; nil for fewer than two.
func joinReports(a, b *Fact) []Report {
	all := slices.Concat(a.reports(), b.reports())
	slices.SortFunc(all, func(x, y Report) int { return cmp.Or(x.AsOf.Compare(y.AsOf), compareReceived(x, y)) })
	all = slices.CompactFunc(all, func(x, y Report) bool { return x.AsOf.Equal(y.AsOf) })
	if len(all) > maxReports {
		all = slices.Delete(all, 1, 1+len(all)-maxReports)
	}
	if len(all) < 2 {
		return nil
	}
	return all
}

func compareReceived(a, b Report) int {
	return cmp.Or(a.Received.Compare(b.Received), a.Occurred.Compare(b.Occurred))
}

// dateByReports dates a fact by the report that was received first or, when the fact was void in between, by
// the first after that: an order that is cancelled for the second time ends with the second cancellation.
func (f *Fact) dateByReports(states []*Fact) {
	if len(f.Reports) == 0 {
		return
	}
	base := slices.MinFunc(f.Reports[f.renewal(states):], compareReceived)
	f.Occurred, f.Received, f.Doubt = base.Occurred, base.Received, base.Doubt
}

// renewal is the index of the last report before which a state did not repeat the fact; 0 without such a
// state.
func (f *Fact) renewal(states []*Fact) int {
	for i := len(f.Reports) - 1; i > 0; i-- {
		if slices.ContainsFunc(states, func(state *Fact) bool {
			return isLater(state, f.Kind, f.Reports[i-1]) && state.AsOf.Before(f.Reports[i].AsOf) &&
				!isRelabelled(f.Parts, state.Parts)
		}) {
			return i
		}
	}
	return 0
}

// ForgetStates returns the kept of all facts when the others are dropped. The reports of a kept fact that a
// dropped state separates from the later reports are dropped with the state, so that the dates of the fact
// stay.
func ForgetStates(kept, dropped []Fact) []Fact {
	if !slices.ContainsFunc(dropped, func(f Fact) bool { return f.Kind == KindState }) {
		return kept
	}
	states := statesOf(slices.Concat(kept, dropped))
	out := slices.Clone(kept)
	for i := range out {
		f := &out[i]
		if n := f.renewal(states[f.thing()]); n > 0 {
			f.Reports = slices.Clone(f.Reports[n:])
		}
	}
	return out
}
