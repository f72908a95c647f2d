package chaos

import "fmt"

// hotOrders are the orders of a hot person: more than one decision may cover.
const hotOrders = 520

// hot is the story of an address with many orders, such as that of a bot that tests cards: the deletion of all of them
// exceeds one decision, and each of them is decided once.
func (t *builder) hot() {
	for i := range hotOrders {
		ref := fmt.Sprintf("order-%d-%d", t.Number, i)
		t.standard("sale", i%60, object{"ref": ref, "access": "one_off"})
		first := len(t.Dues)
		t.keptForBooks()
		for j := range t.Dues[first:] {
			t.Dues[first+j].Ref = "standard:" + ref
		}
	}
	t.dueContract("contact", "phone")
	t.Ask = AskOnce
}
