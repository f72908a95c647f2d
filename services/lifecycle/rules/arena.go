package rules

// arena hands out short slices of a long one, so that the lists of an evaluation share few allocations.
type arena[T any] struct {
	free []T
	// next is the length of the next long slice.
	next int
}

// An arena begins with room for fewValues, and doubles the room up to manyValues.
const (
	fewValues  = 16
	manyValues = 1024
)

// take returns an empty slice with room for n values.
func (a *arena[T]) take(n int) []T {
	if cap(a.free)-len(a.free) < n {
		a.next = min(max(fewValues, 2*a.next), manyValues)
		a.free = make([]T, 0, max(n, a.next))
	}
	from := len(a.free)
	a.free = a.free[:from+n]
	return a.free[from : from : from+n]
}

// add appends a value to a list that came from the arena.
func (a *arena[T]) add(list []T, value T) []T {
	if len(list) == cap(list) {
		list = append(a.take(max(2, 2*len(list))), list...)
	}
	return append(list, value)
}
