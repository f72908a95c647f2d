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
	if again.HasTrait(TraitUnproven) && !f.HasTrait(TraitUnproven) {
		f.Traits = append(slices.Clone(f.Traits), TraitUnproven)
	}
}
