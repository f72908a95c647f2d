package ingest

import (
	"slices"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// TraitOSS marks a sale under the one-stop shop.
const TraitOSS = "oss"

// home is the member state of the seller.
const home = "PL"

// members are the member states of the Union beside that of the seller, by ISO 3166 and the codes of VAT.
func members() []string {
	return []string{
		"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
		"LV", "MT", "NL", "PT", "RO", "SE", "SI", "SK",
	}
}

// Buyer is what a platform states about the taxation of a sale.
type Buyer struct {
	// Country is the country of the buyer, or of the delivery of goods.
	Country string
	// Taxed lists the countries whose tax was charged, as far as the platform states tax lines.
	Taxed []string
	// Business reports whether the buyer has a tax number: such a sale is no sale to a consumer.
	Business bool
}

// MarkOSS adds TraitOSS to every sale among the facts of a seller that uses the one-stop shop, where the sale is one to
// a consumer in another member state (Directive 2006/112/EC Art. 369a ff.). Tax lines decide before the country:
// domestic tax is none of the one-stop shop. The facts must have their ids: a sale with and without the trait is one
// sale.
func (s *Source) MarkOSS(facts []*factv1.Fact, buyer Buyer) {
	if !s.OSS || buyer.Business || !buyer.isAbroad() {
		return
	}
	for _, f := range facts {
		if f.GetKind() == factv1.Kind_KIND_SALE && !slices.Contains(f.GetTraits(), TraitOSS) {
			f.Traits = append(f.Traits, TraitOSS)
		}
	}
}

// isAbroad reports whether another member state taxes the sale.
func (b *Buyer) isAbroad() bool {
	isMember := func(country string) bool {
		return slices.Contains(members(), strings.ToUpper(strings.TrimSpace(country)))
	}
	stated := slices.DeleteFunc(slices.Clone(b.Taxed), func(country string) bool {
		return !isMember(country) && !strings.EqualFold(strings.TrimSpace(country), home)
	})
	if len(stated) > 0 {
		return slices.ContainsFunc(stated, isMember)
	}
	return isMember(b.Country)
}
