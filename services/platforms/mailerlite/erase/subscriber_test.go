package erase

import (
	"encoding/json"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
)

// TestSubscriber_IsReadWhateverItsFieldsHold replaces each value of an answer by each type of JSON: the
// subscriber is read, and keeps the id by which the subscriber is forgotten.
func TestSubscriber_IsReadWhateverItsFieldsHold(t *testing.T) {
	const answer = `{"id":"77","email":"ann@example.com","status":"active","forget_at":null,` +
		`"fields":{"name":"Ann","last_name":null},"groups":[{"id":"900","name":"News"}],"opted_in_at":null}`
	for m := range facttest.Mutations(answer) {
		var s subscriber
		if err := json.Unmarshal(m.Body, &s); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		if m.Path != "id" && s.ID != "77" {
			t.Errorf("%s: got subscriber %q, want 77", m, s.ID)
		}
		if m.Same && (len(s.Groups) != 1 || s.Fields["name"] != "Ann") {
			t.Errorf("%s: got groups %v and fields %v", m, s.Groups, s.Fields)
		}
	}
}
