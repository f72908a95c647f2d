package mongostore

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestRegistry_ReadsADecisionOfAFormerVersion reads an outbox that holds the shape of a former version.
func TestRegistry_ReadsADecisionOfAFormerVersion(t *testing.T) {
	raw, err := bson.Marshal(bson.M{"_id": "p", "subject": bson.M{"id": "p", "outbox": bson.A{bson.M{
		"id": "dec_1", "kind": "delete", "subject": "p", "revision": "r1", "whole_person": true,
		"items": bson.A{bson.M{"category": "order", "ref": "order-1"}}, "names": bson.M{"order-1": bson.A{"pi_1"}},
		"because": bson.A{bson.M{"rule": "tax", "purpose": "tax_documents", "keeps": bson.A{}}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	st := &Store{registry: newRegistry()}
	var d stored
	if err := st.unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	subject, err := st.subject(&d, nil)
	if err != nil || len(subject.Outbox) != 1 {
		t.Fatalf("%d decisions and %v, want 1", len(subject.Outbox), err)
	}
	got := subject.Outbox[0]
	if got.ID != "dec_1" || !got.WholePerson() || len(got.Delete.Items) != 1 ||
		len(got.Delete.Items[0].Names) != 1 || len(got.Delete.Purposes) != 1 {
		t.Errorf("the former decision is read as %+v", got)
	}
}
