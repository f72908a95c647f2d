package facttest

import (
	"slices"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/address"
)

// Flaws lists violations of the invariants of every reading: a fact without a person or locator, a
// fact or a reading without an id, and an address outside of the identities. The mark of a source,
// as in "17@shop", is no address; a text shown to the person may hold the seller's address.
func Flaws(source string, r ingest.Reading, err error) []string {
	if err != nil {
		if strings.Contains(err.Error(), "@") {
			return []string{"an address in the error: " + err.Error()}
		}
		return nil
	}
	shown := append([]string{r.ID}, r.Silent...)
	var flaws, addresses, texts []string
	if r.ID == "" {
		flaws = append(flaws, "reading without an id")
	}
	for _, f := range r.Facts {
		if len(f.GetId()) != 32 {
			flaws = append(flaws, "fact without an id: "+Fact(f))
		}
		if f.GetKind() == factv1.Kind_KIND_UNSPECIFIED {
			flaws = append(flaws, "fact without a kind: "+Fact(f))
		}
		if len(f.GetIdentities())+len(f.GetLocators()) == 0 {
			flaws = append(flaws, "fact about nobody: "+Fact(f))
		}
		shown = slices.Concat(
			shown,
			[]string{
				f.GetId(),
				f.GetRef(),
				f.GetContract(),
				f.GetOutcome(),
				f.GetRecipient(),
				f.GetReason(),
				f.GetWording(),
				f.GetEvidence().GetForm(),
			},
			f.GetLinks(),
			f.GetLocators(),
			f.GetTraits(),
		)
		texts = append(texts, f.GetEvidence().GetText())
		for _, id := range f.GetIdentities() {
			if id.GetKind() == "email" {
				addresses = append(addresses, id.GetValue())
			}
		}
	}
	for _, text := range shown {
		bare := strings.ReplaceAll(strings.ToLower(text), "@"+source, "")
		if holdsAny(bare, addresses) || address.Looks(bare) {
			flaws = append(flaws, "an address in "+text)
		}
	}
	for _, text := range texts {
		if holdsAny(strings.ToLower(text), addresses) {
			flaws = append(flaws, "an address of a person in "+text)
		}
	}
	return flaws
}

func holdsAny(text string, addresses []string) bool {
	return slices.ContainsFunc(addresses, func(a string) bool { return strings.Contains(text, a) })
}
