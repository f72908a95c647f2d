package fact

import "slices"

// joinSignup completes a sign-up by a later report of the same sign-up. The earliest date counts, because a
// shop lets the date of an order be changed, and a no of the person outranks what came before. One report
// without an act of the person makes the sign-up unproven.
func (f *Fact) joinSignup(again *Fact) {
	if f.Kind != KindSignup {
		return
	}
	if again.Doubt == "" && again.Occurred.Before(f.Occurred) {
		f.Occurred, f.Doubt = again.Occurred, ""
	}
	if again.HasTrait(TraitUnproven) {
		f.MarkUnproven()
	}
}

// IncludesSignup reports whether another report of a sign-up would change nothing. A fact of another kind is no
// sign-up, and includes every report.
func (f *Fact) IncludesSignup(again *Fact) bool {
	joined := *f
	joined.joinSignup(again)
	return joined.Occurred.Equal(f.Occurred) && len(joined.Traits) == len(f.Traits)
}

// MarkUnproven makes a sign-up no act of the person; a fact of another kind stays as it is.
func (f *Fact) MarkUnproven() {
	if f.Kind == KindSignup && !f.HasTrait(TraitUnproven) {
		f.Traits = append(slices.Clone(f.Traits), TraitUnproven)
	}
}
