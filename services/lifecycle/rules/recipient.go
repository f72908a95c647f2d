package rules

import "slices"

// ConnectedRecipient is a configured system that is notified of decisions: a recipient under Art.
// 4(9) and Art. 19.
type ConnectedRecipient struct {
	ID string
	// Name is the display name.
	Name string
	// Holds lists the categories that the recipient holds; notifications cover no others. Empty
	// means all.
	Holds []string
	// Deletions and Questions report whether the recipient accepts decisions of the kind.
	Deletions, Questions bool
	// AnswerDays is the time to answer, in days.
	AnswerDays int
	// Dispatched reports whether dispatch delivers decisions to the recipient and reports the
	// delivery. Other recipients read the stream, so publication is delivery.
	Dispatched bool
	// Country is the country outside of the EEA to which the recipient transfers data, Safeguard the safeguard of the
	// transfer (Art. 44 to 49); empty without a transfer.
	Country, Safeguard string
	// Source is the source of the platform at which the recipient erases: the platform may report the erasure
	// back. Empty means none.
	Source string
}

// HoldsAny reports whether the recipient holds one of the items.
func (r *ConnectedRecipient) HoldsAny(items []Item) bool {
	return len(r.Holds) == 0 ||
		slices.ContainsFunc(items, func(i Item) bool { return slices.Contains(r.Holds, i.Category) })
}

// Recipient returns the connected recipient with an id, or nil.
func (p *Policy) Recipient(id string) *ConnectedRecipient {
	n := slices.IndexFunc(p.Connected, func(r ConnectedRecipient) bool { return r.ID == id })
	if n < 0 {
		return nil
	}
	return &p.Connected[n]
}
