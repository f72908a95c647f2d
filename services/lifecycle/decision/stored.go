package decision

import (
	"encoding/json"
	"fmt"

	"github.com/rodopath/rodopath/api/stream"
)

// Stored is a decision as this version or a former version stores one. A former version stored a shape
// of its own instead of the decision of the wire.
type Stored struct {
	Current `json:",inline"`

	WholePerson bool                  `json:"whole_person"`
	Again       bool                  `json:"again"`
	Items       []stream.Item         `json:"items"`
	Names       map[string][]string   `json:"names"`
	Retained    []stream.RetainedItem `json:"stays"`
	Question    *stream.Ask           `json:"question"`
}

// Current has the fields of Decision and not its methods.
type Current Decision

// UnmarshalJSON reads a stored decision of this version or a former version.
func (d *Decision) UnmarshalJSON(data []byte) error {
	var s Stored
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read a stored decision: %w", err)
	}
	*d = s.Decision()
	return nil
}

// Decision returns the stored decision.
func (s *Stored) Decision() Decision {
	d := Decision(s.Current)
	if d.Delete != nil || d.Ask != nil || d.Retract != nil {
		return d
	}
	if d.Ask = s.Question; d.Ask != nil {
		return d
	}
	d.Delete = &stream.Delete{
		Scope: ScopePart, Again: s.Again, Items: s.Items, Purposes: []string{}, Retained: s.Retained,
	}
	for i := range d.Delete.Items {
		d.Delete.Items[i].Names = s.Names[d.Delete.Items[i].Ref]
	}
	if s.WholePerson {
		d.MarkWholePerson()
	}
	d.addPurposes()
	return d
}
