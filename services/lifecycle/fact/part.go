package fact

import (
	"slices"
	"strings"
)

// laterParts returns the parts of the later state of two reports of one fact; of two states of one time the
// parts of the first report.
func laterParts(a, b *Fact) []string {
	if b.AsOf != nil && (a.AsOf == nil || b.AsOf.After(*a.AsOf)) {
		return b.Parts
	}
	return a.Parts
}

// isRelabelled reports whether a part is among the parts of a later report under another description: the
// thing is there, and the catalogue describes the thing anew.
func isRelabelled(parts, later []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return relabels(later, part) })
}

// relabels reports whether parts include a part under another description.
func relabels(parts []string, part string) bool {
	name, _, _ := strings.Cut(part, ":")
	return slices.ContainsFunc(parts, func(other string) bool {
		n, _, _ := strings.Cut(other, ":")
		return n == name && other != part
	})
}

// dropRelabelled drops each sale that only describes anew what was sold before: every part of the sale was
// in a sale that was received earlier, under another description. The first report of a line of an order
// says what was sold; a product that is renamed or deleted in the catalogue later changes no sale.
func dropRelabelled(all []Fact) []Fact {
	var dropped map[string]bool
	for _, of := range byThing(all, func(f *Fact) bool { return f.Kind == KindSale && len(f.Parts) > 0 }) {
		for _, f := range of {
			if isSoldBefore(f, of) {
				if dropped == nil {
					dropped = map[string]bool{}
				}
				dropped[f.ID] = true
			}
		}
	}
	if dropped == nil {
		return all
	}
	return slices.DeleteFunc(all, func(f Fact) bool { return dropped[f.ID] })
}

// isSoldBefore reports whether every part of a sale is in an earlier sale of the same thing under another
// description.
func isSoldBefore(sale *Fact, all []*Fact) bool {
	return !slices.ContainsFunc(sale.Parts, func(part string) bool {
		return !slices.ContainsFunc(all, func(f *Fact) bool {
			return f.Received.Before(sale.Received) && relabels(f.Parts, part)
		})
	})
}
