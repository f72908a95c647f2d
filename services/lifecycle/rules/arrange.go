package rules

import "slices"

// sortedLarge returns large values in an order: their places are sorted, and each value is copied once. Of values
// without an order the earlier one stays first. order is memory for the places.
func sortedLarge[T any](values []T, order []int32, compare func(a, b *T) int) []T {
	order = slices.Grow(order[:0], len(values))
	for i := range values {
		order = append(order, int32(i)) //nolint:gosec // a person has fewer facts
	}
	slices.SortFunc(order, func(i, j int32) int {
		if c := compare(&values[i], &values[j]); c != 0 {
			return c
		}
		return int(i - j)
	})
	out := make([]T, len(values))
	for n, i := range order {
		out[n] = values[i]
	}
	return out
}
