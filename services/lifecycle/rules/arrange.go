package rules

import "slices"

// sortLarge sorts large values: their places are sorted, and each value is moved once. Of values without an order
// the earlier one stays first.
func sortLarge[T any](values []T, compare func(a, b *T) int) {
	order := make([]int32, len(values))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // a person has fewer facts
	}
	slices.SortFunc(order, func(i, j int32) int {
		if c := compare(&values[i], &values[j]); c != 0 {
			return c
		}
		return int(i - j)
	})
	arrange(values, order)
}

// arrange moves to each place the value whose place the order gives there. The order is used up.
func arrange[T any](values []T, order []int32) {
	for i := range order {
		if int(order[i]) == i {
			continue
		}
		first, to := values[i], int32(i) //nolint:gosec // as above
		for from := order[to]; int(from) != i; from = order[to] {
			values[to], order[to] = values[from], to
			to = from
		}
		values[to], order[to] = first, to
	}
}
