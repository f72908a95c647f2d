package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// sold is one kind of access that the order sells, with the lines of the order that sell it.
type sold struct {
	ingest.Product
	parts []string
	// unlisted are the products of these lines that the configuration does not list.
	unlisted []*factv1.Product
}

// sales returns one sale for each kind of access sold. The shop always reports the completion of an
// order, so goods and services await the report in every state of the order: the id of the sale is
// stable.
func (r *reader) sales() []*factv1.Fact {
	contract := r.contract()
	var facts []*factv1.Fact
	for _, s := range r.sold(contract) {
		facts = append(facts, &factv1.Fact{
			Kind:               factv1.Kind_KIND_SALE,
			Ref:                r.ref(),
			Links:              r.record.payments(),
			Contract:           contract,
			Access:             s.Access,
			AccessDays:         s.Days,
			PerformanceAwaited: s.Access == factv1.Access_ACCESS_ONE_OFF || s.Access == factv1.Access_ACCESS_SERVICE,
			Occurred:           r.paid(),
			Parts:              s.parts,
			Unlisted:           s.unlisted,
		})
	}
	if r.when(r.record.PaidGMT, r.record.Paid) == nil {
		for _, f := range facts {
			ingest.AssignUndatedID(r.ID, f, "without a date of payment")
		}
	}
	business := r.record.business(r.TaxIDKeys)
	if business || r.OSS {
		ingest.AssignIDs(r.ID, facts)
	}
	if business {
		ingest.MarkBusiness(facts)
	}
	r.MarkOSS(facts, r.record.buyer(business))
	return facts
}

func (r *reader) sold(contract string) []sold {
	items := r.record.LineItems
	switch {
	case contract != "":
		return []sold{{Product: ingest.Product{Access: factv1.Access_ACCESS_SUBSCRIPTION}}}
	case len(items) == 0:
		return []sold{{Product: r.Product(), unlisted: r.Unlisted(nil)}}
	}
	products := make([]ingest.Product, 0, len(items))
	for i := range items {
		products = append(products, r.Product(items[i].keys()...))
	}
	var out []sold
	for _, p := range ingest.Distinct(slices.Clone(products)) {
		s := sold{Product: p}
		var keys [][]string
		for i := range items {
			if products[i] == p {
				s.parts = append(s.parts, items[i].part()...)
				keys = append(keys, items[i].keys())
			}
		}
		s.unlisted = r.Unlisted(keys...)
		out = append(out, s)
	}
	return out
}

// part names the line of the order and, by a short hash, the product of the line. WooCommerce writes the
// present number and SKU of a product in every state of an old order, and nothing for a deleted product.
func (i *item) part() []string {
	if i.ID.Name() == "" {
		return nil
	}
	product := sha256.Sum256([]byte(strings.Join(i.keys(), "\x00")))
	return []string{i.ID.Name() + ":" + hex.EncodeToString(product[:4])}
}

// partsOf returns the parts of all sales.
func partsOf(sales []*factv1.Fact) []string {
	var parts []string
	for _, f := range sales {
		parts = append(parts, f.GetParts()...)
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}
