package stream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
)

// TestFactsPartition_EachSlotIsOfOnePartition: whatever the number of partitions is, each slot is of exactly one.
func TestFactsPartition_EachSlotIsOfOnePartition(t *testing.T) {
	for of := 2; of <= stream.Slots; of *= 2 {
		for slot := range stream.Slots {
			subject, matched := stream.FactsIn("shop", slot), 0
			for partition := range of {
				if matches(subject, stream.FactsPartition(partition, of)) {
					matched++
				}
			}
			if matched != 1 {
				t.Errorf("slot %d of %d partitions: got %d partitions, want 1", slot, of, matched)
			}
		}
	}
}

// matches reports whether a filter of NATS matches a subject.
func matches(subject, filter string) bool {
	have, want := strings.Split(subject, "."), strings.Split(filter, ".")
	for i, token := range want {
		if token == ">" {
			return len(have) > i
		}
		if i >= len(have) || token != "*" && token != have[i] {
			return false
		}
	}
	return len(have) == len(want)
}

// TestSlotOf_SpreadsThePersons: no slot has half as many, or twice as many, persons as it should have.
func TestSlotOf_SpreadsThePersons(t *testing.T) {
	const persons = 64_000
	var counts [stream.Slots]int
	for i := range persons {
		counts[stream.SlotOf(fmt.Sprintf("email:customer.%d@example.com", i))]++
	}
	for slot, n := range counts {
		if want := persons / stream.Slots; n < want/2 || n > want*2 {
			t.Errorf("slot %d: got %d persons, want about %d", slot, n, want)
		}
	}
}
