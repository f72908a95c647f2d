package webhook

import "strings"

// business reports whether the buyer gave a company and its tax number. WooCommerce has no field
// for the number; each plug-in uses a key of its own.
func (r *record) business() bool {
	if strings.TrimSpace(string(r.Billing.Company)) == "" {
		return false
	}
	for _, key := range []string{
		"_billing_nip", "billing_nip", "_nip", "nip",
		"_billing_vat", "billing_vat", "_vat_number", "vat_number",
		"_billing_vat_number", "billing_vat_number", "_billing_eu_vat_number",
	} {
		if taxNumber(r.note(key)) {
			return true
		}
	}
	return false
}

// taxNumber reports whether a text can be a tax number. The shortest numbers of the Union are two
// letters and two digits; "1", "yes" and "brak" are none.
func taxNumber(s string) bool {
	return len(strings.TrimSpace(s)) >= 4 && strings.ContainsAny(s, "0123456789")
}
