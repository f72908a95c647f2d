package stream

import (
	"hash/fnv"
	"io"
	"strings"
)

// Slots is the number of slots: shares of all persons in the subjects of facts. A slot is written as slotBits tokens of
// one bit each, the highest first, so that one filter matches the slots of a partition whatever the number of
// partitions is.
const (
	Slots    = 1 << slotBits
	slotBits = 6
)

// SlotOf returns the slot of a name of a person, from 0 to Slots-1. A slot is that of one person in Slots, and names
// nobody.
func SlotOf(name string) int {
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, name) // never fails
	mixed := sum.Sum32()
	return int((mixed ^ mixed>>16) % Slots)
}

// FactsIn returns the subject for the deliveries of a source about the persons of a slot.
func FactsIn(source string, slot int) string { return FactsOf(source) + "." + bits(slot, slotBits) }

// FactsPartition matches the subjects of the slots of a partition, numbered from 0. of is the number of partitions: a
// power of two from 2 to Slots. Other numbers of partitions divide the same slots.
func FactsPartition(partition, of int) string {
	n := 0
	for 1<<n < of {
		n++
	}
	filter := factsSubject + "*." + bits(partition, n)
	if n < slotBits {
		filter += ".>"
	}
	return filter
}

// bits writes the lowest n bits of a number as tokens, the highest first.
func bits(number, n int) string {
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = string(rune('0' + number>>(n-1-i)&1))
	}
	return strings.Join(tokens, ".")
}
