package stream_test

import (
	"fmt"
	"time"

	"github.com/rodopath/rodopath/api/stream"
)

// exampleEvent is a deletion as a recipient reads the decision.
const exampleEvent = `{
  "specversion": "1.0", "id": "dec_1", "source": "rodopath/lifecycle", "type": "dev.rodopath.delete.v1",
  "subject": "p-7f3a", "time": "2026-03-02T10:00:00Z", "datacontenttype": "application/json",
  "data": {
    "kind": "delete", "person": {"emails": ["ala@example.com"], "ids": ["stripe:cus_123"]},
    "effective": "2026-03-02T00:00:00Z", "policy": "pl@4a3db387e610", "because": [], "recipients": ["crm"],
    "delete": {"scope": "part", "items": [{"category": "order", "ref": "shop:17"}], "purposes": ["contract"], "stays": []}
  }
}`

// A recipient carries out a deletion and answers with a receipt.
func Example() {
	event, err := stream.DecodeEvent([]byte(exampleEvent))
	if err != nil {
		fmt.Println(err)
		return
	}
	if event.Type != stream.TypeDelete || !event.For("crm") {
		return
	}
	for _, item := range event.Data.Delete.Items {
		fmt.Println("delete", item.Category, item.Ref, "of", event.Data.Person.Emails)
	}
	receipt := stream.Receipt{
		Decision: event.ID, Outcome: stream.OutcomeDone, At: time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC),
	}
	data, err := receipt.Encode()
	fmt.Println(string(data), err)
	// Output:
	// delete order shop:17 of [ala@example.com]
	// {"decision":"dec_1","outcome":"done","at":"2026-03-02T10:05:00Z"} <nil>
}

func ExampleDecodeEvent() {
	event, err := stream.DecodeEvent([]byte(exampleEvent))
	fmt.Println(event.ID, event.Data.Kind, event.Data.Delete.Scope, err)
	_, err = stream.DecodeEvent([]byte(`{"specversion": "1.0", "time": "2 March"}`))
	fmt.Println(err)
	// Output:
	// dec_1 delete part <nil>
	// decode event: a value is unreadable; the format of times is 2026-01-15T10:00:00Z
}

func ExampleEvent_Encode() {
	event := stream.Event{
		SpecVersion: "1.0", ID: "dec_2", Source: stream.Source, Type: stream.TypeAskConsent, Subject: "p-7f3a",
		Time: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), DataContentType: "application/json",
		Data: stream.Decision{Kind: "ask-consent"},
	}
	data, err := event.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := stream.DecodeEvent(data)
	fmt.Println(again.ID, again.Type, err)
	// Output: dec_2 dev.rodopath.ask-consent.v1 <nil>
}

// A replay after a restored backup may concern one recipient.
func ExampleEvent_For() {
	event := stream.Event{Data: stream.Decision{Recipients: []string{"crm", "letters"}}}
	fmt.Println(event.For("crm"), event.For("letters"), event.For("shop"))
	event.Data.Replay = &stream.Replay{Recipient: "crm"}
	fmt.Println(event.For("crm"), event.For("letters"), event.For("shop"))
	// Output:
	// true true false
	// true false false
}

// A recipient of a replay with hashes each of its own names and compares.
func ExampleHash() {
	person := stream.Person{Key: "k", Hashes: []string{"hmvTZEW_a_k0n7J2TBJYXqXm0WA5fBdM7pbbK_ER47U"}}
	for _, name := range []string{"ola@example.com", "ala@example.com"} {
		fmt.Println(name, stream.Hash(person.Key, name) == person.Hashes[0])
	}
	// Output:
	// ola@example.com false
	// ala@example.com true
}

func ExampleReceipt_Encode() {
	receipt := stream.Receipt{
		Decision: "dec_1", Recipient: "crm", Outcome: stream.OutcomePartial,
		Categories: map[string]string{"invoice": stream.OutcomeHeld, "order": stream.OutcomeDone},
		Reason:     "the invoice is under inspection", At: time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC),
	}
	data, err := receipt.Encode()
	fmt.Println(string(data), err)
	// Output: {"decision":"dec_1","recipient":"crm","outcome":"partial","categories":{"invoice":"held","order":"done"},"reason":"the invoice is under inspection","at":"2026-03-02T10:05:00Z"} <nil>
}

func ExampleReceipt_Check() {
	receipt := stream.Receipt{
		Decision: "dec_1", Outcome: stream.OutcomeDone, At: time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC),
		Categories: map[string]string{"invoice": stream.OutcomeHeld},
	}
	fmt.Println(receipt.Check())
	receipt.Outcome = stream.OutcomePartial
	fmt.Println(receipt.Check())
	// Output:
	// outcome cannot be done while a category is held: use partial
	// <nil>
}

func ExampleDecodeReceipt() {
	receipt, err := stream.DecodeReceipt([]byte(`{"decision":"dec_1","outcome":"done","at":"2026-03-02T10:05:00Z"}`))
	fmt.Println(receipt.Decision, receipt.Outcome, err)
	_, err = stream.DecodeReceipt([]byte(`{"decision":"dec_1","outcome":"done","when":"2026-03-02T10:05:00Z"}`))
	fmt.Println(err)
	// Output:
	// dec_1 done <nil>
	// decode receipt: unknown field; a receipt has decision, recipient, outcome, categories, reason, at, look_again
}

func ExampleDecodeReceipts() {
	receipts, err := stream.DecodeReceipts([]byte(`[
		{"decision":"dec_1","outcome":"done","at":"2026-03-02T10:05:00Z"},
		{"decision":"dec_2","outcome":"not_found","at":"2026-03-02T10:06:00Z"}
	]`))
	for _, r := range receipts {
		fmt.Println(r.Decision, r.Outcome, r.Check())
	}
	fmt.Println(err)
	// Output:
	// dec_1 done <nil>
	// dec_2 not_found <nil>
	// <nil>
}

func ExampleEncodeReceipts() {
	receipt := &stream.Receipt{
		Decision: "dec_1", Outcome: stream.OutcomeDone, At: time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC),
	}
	one, _ := stream.EncodeReceipts([]*stream.Receipt{receipt})
	two, _ := stream.EncodeReceipts([]*stream.Receipt{receipt, receipt})
	fmt.Println(string(one))
	fmt.Println(string(two[:1]), len(two) > 2*len(one))
	// Output:
	// {"decision":"dec_1","outcome":"done","at":"2026-03-02T10:05:00Z"}
	// [ true
}

func ExampleAnswersTo() {
	fmt.Println(stream.AnswersTo("delete"))
	fmt.Println(stream.AnswersTo("ask-consent"))
	// Output:
	// [done partial held not_found refused]
	// [granted refused no_answer]
}

func ExampleFactsOf() {
	fmt.Println(stream.FactsOf("shop"))
	// Output: rodopath.facts.shop
}

func ExampleFactsIn() {
	fmt.Println(stream.FactsIn("shop", 13))
	fmt.Println(stream.FactsPartition(0, 4))
	// Output:
	// rodopath.facts.shop.0.0.1.1.0.1
	// rodopath.facts.*.0.0.>
}

func ExampleSlotOf() {
	fmt.Println(stream.SlotOf("email:ala@example.com"))
	// Output: 40
}

func ExampleDecisionFor() {
	fmt.Println(stream.DecisionFor("delete", "p-7f3a"))
	// Output: rodopath.decisions.delete.321f
}

func ExampleFormerDecisionFor() {
	fmt.Println(stream.FormerDecisionFor("delete", "p-7f3a"))
	// Output: rodopath.decisions.delete.p-7f3a
}

func ExampleDecisionsOf() {
	fmt.Println(stream.DecisionsOf("ask-consent"))
	fmt.Println(stream.AllDecisions)
	// Output:
	// rodopath.decisions.ask-consent.*
	// rodopath.decisions.>
}

func ExampleReceiptsOf() {
	fmt.Println(stream.ReceiptsOf("crm"))
	fmt.Println(stream.ReceiptsOf(""))
	// Output:
	// rodopath.receipts.crm
	// rodopath.receipts
}

func ExampleRecipientOf() {
	fmt.Printf("%q %q\n", stream.RecipientOf("rodopath.receipts.crm"), stream.RecipientOf("rodopath.receipts"))
	// Output: "crm" ""
}

// A recipient stops what a retracted decision asked for.
func ExampleRetract() {
	event := stream.Event{Type: stream.TypeRetract, Data: stream.Decision{
		Kind: stream.KindRetract, Recipients: []string{"crm"}, Retract: &stream.Retract{
			Decision: "dec_1", Of: stream.KindDelete, Items: []stream.Item{{Category: "contact"}},
		},
	}}
	for _, item := range event.Data.Retract.Items {
		fmt.Println("keep", item.Category, "in spite of", event.Data.Retract.Decision)
	}
	// Output: keep contact in spite of dec_1
}

// Only what holds at the moment of a delivery is delivered.
func ExampleEvent_Narrowed() {
	event := &stream.Event{ID: "dec_1", Data: stream.Decision{Kind: stream.KindDelete, Delete: &stream.Delete{
		Scope: "person", Items: []stream.Item{{Category: "contact"}, {Category: "order", Ref: "shop:17"}},
	}}}
	standing := &stream.Standing{
		State: stream.StateNarrowed, Scope: "part", Items: []stream.Item{{Category: "order", Ref: "shop:17"}},
		Retained: []stream.RetainedItem{{Item: stream.Item{Category: "contact"}, Purpose: "newsletter", Article: "6(1)(a)"}},
	}
	narrowed := event.Narrowed(standing).Data.Delete
	fmt.Println(narrowed.Scope, narrowed.Items, narrowed.Retained[0].Category, len(event.Data.Delete.Items))
	// Output: part [{order shop:17 [] []}] contact 2
}
