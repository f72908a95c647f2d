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
