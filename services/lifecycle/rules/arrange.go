package rules

import "slices"

// appendSorted appends large values in an order: their places are sorted, and each value is copied once. Of values
// without an order the earlier one stays first. order is memory for the places.
func appendSorted[T any](out, values []T, order []int32, compare func(a, b *T) int) []T {
	order = slices.Grow(order[:0], len(values))
	for i := range values {
		order = append(order, int32(i))
	}
	slices.SortFunc(order, func(i, j int32) int {
		if c := compare(&values[i], &values[j]); c != 0 {
			return c
		}
		return int(i - j)
	})
	for _, i := range order {
		out = append(out, values[i])
	}
	return out
}
