package webhook

import (
	"slices"
	"strings"
)

// business reports whether the buyer gave a company and its tax number. WooCommerce has no field
// for the number: each plug-in uses a key of its own, and configured keys count as well.
func (r *record) business(configured []string) bool {
	if strings.TrimSpace(string(r.Billing.Company)) == "" {
		return false
	}
	keys := append([]string{
		"_billing_nip", "billing_nip", "_nip", "nip",
		"_billing_vat", "billing_vat", "_vat_number", "vat_number",
		"_billing_vat_number", "billing_vat_number", "_billing_eu_vat_number",
	}, configured...)
	if slices.ContainsFunc(keys, func(key string) bool { return taxNumber(r.note(key)) }) {
		return true
	}
	for key, value := range r.Meta {
		if blockTaxID(key) && taxNumber(string(value)) {
			return true
		}
	}
	return false
}

// blockTaxID reports whether a key is a field for a tax number of the block checkout, such as
// "_wc_billing/my-plugin/nip".
func blockTaxID(key string) bool {
	if !strings.HasPrefix(key, "_wc_billing/") && !strings.HasPrefix(key, "_wc_other/") {
		return false
	}
	switch name := strings.ToLower(key[strings.LastIndexByte(key, '/')+1:]); name {
	case "nip", "vat", "vat-number", "vat_number", "vat-id", "vat_id", "tax-id", "tax_id":
		return true
	}
	return false
}

// taxNumber reports whether a text can be a tax number. The shortest numbers of the Union are two
// letters and two digits; "1", "yes" and "brak" are none.
func taxNumber(s string) bool {
	return len(strings.TrimSpace(s)) >= 4 && strings.ContainsAny(s, "0123456789")
}
