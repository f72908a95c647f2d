package decision_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The shapes of a former version, as its store holds them.
const (
	formerDeletion = `{"id":"dec_1","kind":"delete","subject":"p","at":"2026-03-01T12:00:00Z",
		"effective":"2026-03-01T12:00:00Z","revision":"r1","whole_person":true,"again":true,"recipients":["crm"],
		"items":[{"category":"order","ref":"order-1"},{"category":"contact"}],"names":{"order-1":["pi_1"]},
		"because":[{"rule":"tax","purpose":"tax_documents","article":"6(1)(c)","ref":"order-1","channel":"",
		"since":"2026-03-01T12:00:00Z","facts":["f"],"keeps":[{"category":"order","ref":"order-1"}]}],
		"stays":[{"category":"suppression","purpose":"requests","article":"6(1)(c)"}],"trace":"00-1-2-01"}`
	formerQuestion = `{"id":"dec_2","kind":"ask-consent","subject":"p","at":"2026-03-01T12:00:00Z",
		"effective":"2026-03-01T12:00:00Z","revision":"r1","because":[],
		"question":{"purpose":"offers","channel":"email","wording":"w","language":"pl","text":"Zgadzam się",
		"places":["checkout"],"until":"2026-03-01T12:00:00Z"}}`
)

func deletion() decision.Decision {
	return decision.Decision{
		ID: "dec_1", Subject: "p", At: day, Revision: "r1", Trace: "00-1-2-01",
		Decision: stream.Decision{
			Kind: stream.KindDelete, Effective: day, Recipients: []string{"crm"},
			Because: []stream.Reason{{
				Rule: "tax", Purpose: "tax_documents", Article: "6(1)(c)", Ref: "order-1", Since: day, Facts: []string{"f"},
			}},
			Delete: &stream.Delete{
				Scope: "person", Again: true, Purposes: []string{"tax_documents"},
				Items: []stream.Item{{Category: "order", Ref: "order-1", Names: []string{"pi_1"}}, {Category: "contact"}},
				Retained: []stream.RetainedItem{
					{Item: stream.Item{Category: "suppression"}, Purpose: "requests", Article: "6(1)(c)"},
				},
			},
		},
	}
}

func question() decision.Decision {
	return decision.Decision{
		ID: "dec_2", Subject: "p", At: day, Revision: "r1",
		Decision: stream.Decision{
			Kind: stream.KindAskConsent, Effective: day, Because: []stream.Reason{},
			Ask: &stream.Ask{
				Purpose: "offers", Channel: "email", Wording: "w", Language: "pl", Text: "Zgadzam się",
				Places: []string{"checkout"}, Until: day,
			},
		},
	}
}

func TestDecision_ReadsWhatThisVersionAndTheFormerStore(t *testing.T) {
	for name, want := range map[string]decision.Decision{formerDeletion: deletion(), formerQuestion: question()} {
		present, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range []string{name, string(present)} {
			var got decision.Decision
			if err := json.Unmarshal([]byte(stored), &got); err != nil {
				t.Fatalf("%s: %v", stored, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", stored, diff)
			}
		}
	}
}
