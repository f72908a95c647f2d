package erase

import (
	"encoding/json"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// held is a text that may hold personal data. Plug-ins leave values other than texts: a value that is
// neither empty nor a text counts as present, and must be erased.
type held string

// UnmarshalJSON never fails.
func (h *held) UnmarshalJSON(raw []byte) error {
	var text string
	switch string(raw) {
	case "null", "false", "[]", "{}":
	default:
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
	}
	*h = held(text)
	return nil
}

// fields are the fields of an address. PHP writes an object without fields as a list.
type fields map[string]held

// UnmarshalJSON never fails: a value that is no object has no fields.
func (f *fields) UnmarshalJSON(raw []byte) error {
	var all map[string]held
	payload.Object(raw, &all)
	*f = all
	return nil
}
