package erase

import "encoding/json"

// fields are the fields of an address. Plug-ins leave values other than texts, and PHP writes an
// object without fields as a list.
type fields map[string]string

// UnmarshalJSON never fails: a value that is neither empty nor a text counts as present, and must
// be erased.
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
