package chain

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// LeftOf returns the items of a deletion entry that were not retracted according to the other entries. A
// retracted record that the entry knows under another name takes its whole category out, so that nothing
// retracted counts as deleted.
func LeftOf(made *Entry, all []Entry) []rules.Item {
	items := slices.Clone(made.Items)
	for i := range all {
		if all[i].Kind != KindRetracted || all[i].Decision != made.Decision {
			continue
		}
		for _, gone := range all[i].Items {
			known := slices.Contains(made.Items, gone)
			items = slices.DeleteFunc(items, func(x rules.Item) bool {
				return x == gone || !known && x.Category == gone.Category
			})
		}
	}
	return items
}
