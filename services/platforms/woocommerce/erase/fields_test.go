package erase

import (
	"encoding/json"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
)

func TestFields_TakeWhatPluginsLeave(t *testing.T) {
	for text, want := range map[string]fields{
		`[]`:                          {},
		`null`:                        {},
		`{"phone":"600","city":null}`: {"phone": "600", "city": ""},
		`{"phone":600,"a":[],"b":[1],"c":{},"d":false,"e":true}`: {"phone": "600", "a": "", "b": "[1]", "c": "", "d": "", "e": "true"},
	} {
		var got struct{ F fields }
		if err := json.Unmarshal([]byte(`{"F":`+text+`}`), &got); err != nil || len(got.F) != len(want) {
			t.Errorf("%s: got %v, %v", text, got.F, err)
		}
		for name := range want {
			if got.F[name] != want[name] {
				t.Errorf("%s: %s is %q", text, name, got.F[name])
			}
		}
	}
}

// FuzzOrder reads orders and holds that what was emptied is empty.
func FuzzOrder(f *testing.F) {
	f.Add([]byte(facttest.Payload("order")))
	f.Add([]byte(`{"billing":[],"shipping":{"a":[1]},"customer_note":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o order
		if json.Unmarshal(data, &o) != nil {
			return
		}
		change := o.change()
		if (change != nil) != o.left() {
			t.Error("it does not know what is left")
		}
		if _, err := json.Marshal(change); err != nil {
			t.Error(err)
		}
	})
}

// TestOrder_IsReadWhateverThePluginsLeave replaces each value of a recorded answer by each type of JSON: the
// answer is read, and a personal value of an odd type is erased and never taken for empty.
func TestOrder_IsReadWhateverThePluginsLeave(t *testing.T) {
	recorded := facttest.Payload("order")
	var want order
	if err := json.Unmarshal([]byte(recorded), &want); err != nil {
		t.Fatal(err)
	}
	for m := range facttest.Mutations(recorded) {
		var got order
		if err := json.Unmarshal(m.Body, &got); err != nil {
			t.Errorf("%s: %v", m, err)
			continue
		}
		if m.Path != "id" && got.ID != want.ID {
			t.Errorf("%s: got order %d, want %d", m, got.ID, want.ID)
		}
		if !got.left() {
			t.Errorf("%s: an order with personal data counts as empty", m)
		}
	}
	for _, field := range []string{"customer_note", "customer_ip_address", "transaction_id"} {
		var o order
		if err := json.Unmarshal([]byte(`{"id":1,"`+field+`":{"text":"ann@example.com"}}`), &o); err != nil || !o.left() {
			t.Errorf("%s of an odd type counts as empty: %v", field, err)
		}
	}
}
