package rules

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Addresses returns the addresses of a person that are known to be in use at an instant, in the order of their
// first mention. The address of an account, and that of a person who reports another one, is replaced by the
// next; any other address stays in use.
func Addresses(facts []fact.Fact, at time.Time) []string {
	var counted []*fact.Fact
	var out []string
	for i := range facts {
		f := &facts[i]
		if f.Address == "" || f.Occurred.After(at) || f.Void != nil {
			continue
		}
		counted = append(counted, f)
		if !slices.Contains(out, f.Address) {
			out = append(out, f.Address)
		}
	}
	if len(out) < 2 { // an address is replaced by another one
		return out
	}
	slices.SortFunc(counted, func(x, y *fact.Fact) int { return fact.Compare(*x, *y) })
	out = out[:0]
	for i, f := range counted {
		replaced := slices.ContainsFunc(counted[i+1:], func(next *fact.Fact) bool { return replacesAddress(next, f) })
		if !replaced && !slices.Contains(out, f.Address) {
			out = append(out, f.Address)
		}
	}
	return out
}

// replacesAddress reports whether a fact states another address for the account of an earlier fact, or for the
// person.
func replacesAddress(next, f *fact.Fact) bool {
	if next.Address == f.Address {
		return false
	}
	switch next.Kind {
	case fact.KindAddressChanged:
		return len(next.By) == 0 || ShareName(next, f)
	case fact.KindIdentified, fact.KindListed:
		return ShareName(next, f)
	}
	return false
}

// ShareName reports whether two facts were reported under one id or account.
func ShareName(a, b *fact.Fact) bool {
	return slices.ContainsFunc(a.By, func(name string) bool { return slices.Contains(b.By, name) })
}
