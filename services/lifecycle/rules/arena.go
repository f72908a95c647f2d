package rules

// arena hands out short slices of a long one, so that the bases of an evaluation share few allocations.
type arena[T any] struct{ free []T }

// arenaSize is the length of the long slice.
const arenaSize = 128

// take returns an empty slice with room for n values.
func (a *arena[T]) take(n int) []T {
	if cap(a.free)-len(a.free) < n {
		a.free = make([]T, 0, max(n, arenaSize))
	}
	from := len(a.free)
	a.free = a.free[:from+n]
	return a.free[from : from : from+n]
}
