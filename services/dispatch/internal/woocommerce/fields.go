package woocommerce

import "encoding/json"

// fields are the fields of an address. Plugins leave other things in them than texts, and
// PHP writes an object without fields as a list.
type fields map[string]string

// UnmarshalJSON never fails: what is no text and not empty is there all the same, and is
// to go.
func (f *fields) UnmarshalJSON(data []byte) error {
	*f = fields{}
	var doc map[string]json.RawMessage
	if json.Unmarshal(data, &doc) != nil {
		doc = nil
	}
	for name, raw := range doc {
		var text string
		switch string(raw) {
		case "null", "false", "[]", "{}":
		default:
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
		}
		(*f)[name] = text
	}
	return nil
}
