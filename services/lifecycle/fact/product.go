package fact

import "slices"

// maxUnlisted bounds the unlisted products that are kept of one sale.
const maxUnlisted = 32

// joinUnlisted returns the products of both lists, each once and in order; of too many the first.
func joinUnlisted(a, b [][]string) [][]string {
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, slices.Compare)
	all = slices.CompactFunc(all, slices.Equal)
	return slices.Clip(all[:min(len(all), maxUnlisted)])
}

// IncludesUnlisted reports whether a report of the fact names no further unlisted product.
func (f *Fact) IncludesUnlisted(report *Fact) bool {
	return !slices.ContainsFunc(report.Unlisted, func(keys []string) bool {
		return !slices.ContainsFunc(f.Unlisted, func(have []string) bool { return slices.Equal(have, keys) })
	}) || len(f.Unlisted) == maxUnlisted
}
