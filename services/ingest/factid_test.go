package ingest_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

func TestFactIDPartsDoNotRunTogether(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}} {
		id := ingest.FactID(parts...)
		if len(id) != 32 {
			t.Errorf("%q: id of %d characters", parts, len(id))
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have one id", parts, other)
		}
		seen[id] = parts
	}
	// The ids are kept by others, so they must never change.
	if got, want := ingest.FactID("shop", "sale"), "53fb05b23a7508214403d2434beb19db"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeal(t *testing.T) {
	fact := func() *factv1.Fact {
		return &factv1.Fact{
			Kind:     factv1.Kind_KIND_SIGNUP,
			Ref:      "r",
			Occurred: timestamppb.New(epoch),
			Channels: []string{"email", "sms"},
		}
	}
	id := func(change func(*factv1.Fact)) string {
		f := fact()
		change(f)
		ingest.AssignIDs("shop", []*factv1.Fact{f})
		return f.GetId()
	}
	base := id(func(*factv1.Fact) {})
	for name, change := range map[string]func(*factv1.Fact){
		"who":               func(f *factv1.Fact) { f.Identities = []*factv1.Identity{{Kind: "email", Value: "ann@example.com"}} },
		"locators":          func(f *factv1.Fact) { f.Locators = []string{"l"} },
		"links":             func(f *factv1.Fact) { f.Links = []string{"l"} },
		"evidence":          func(f *factv1.Fact) { f.Evidence = &factv1.Evidence{Form: "f", Text: "t"} },
		"reason":            func(f *factv1.Fact) { f.Reason = "r" },
		"told":              func(f *factv1.Fact) { f.Told = timestamppb.New(epoch) },
		"order of channels": func(f *factv1.Fact) { f.Channels = []string{"sms", "email"} },
	} {
		if id(change) != base {
			t.Errorf("%s changes the id", name)
		}
	}
	for name, change := range map[string]func(*factv1.Fact){
		"channels":                 func(f *factv1.Fact) { f.Channels = []string{"email"} },
		"channels put as purposes": func(f *factv1.Fact) { f.Channels, f.Purposes = nil, f.GetChannels() },
		"outcome":                  func(f *factv1.Fact) { f.Outcome = "done" },
		"recipient":                func(f *factv1.Fact) { f.Recipient = "done" },
		"traits":                   func(f *factv1.Fact) { f.Traits = []string{"business"} },
		"no time":                  func(f *factv1.Fact) { f.Occurred = nil },
		"another kind":             func(f *factv1.Fact) { f.Kind = factv1.Kind_KIND_REFUSAL },
	} {
		if id(change) == base {
			t.Errorf("%s does not change the id", name)
		}
	}
	if got := id(func(f *factv1.Fact) { f.Id = "kept" }); got != "kept" {
		t.Errorf("a sealed fact was sealed again: %s", got)
	}
}

// TestSealedIDsStay holds ids that were given out before facts had an outcome, a
// recipient and traits: a fact without them is the same fact.
func TestSealedIDsStay(t *testing.T) {
	sale := &factv1.Fact{
		Kind:     factv1.Kind_KIND_SALE,
		Ref:      "forms:order-17",
		Occurred: timestamppb.New(epoch),
		Access:   factv1.Access_ACCESS_COURSE,
		Purposes: []string{"offers"},
		Channels: []string{"sms", "email"},
		Reason:   "r",
		Evidence: &factv1.Evidence{Text: "t"},
	}
	ingest.AssignDistinctID("forms", sale, "apart")
	if want := "10c342c08f6f421a95770b38d6b3bd42"; sale.GetId() != want {
		t.Errorf("got %s, want %s", sale.GetId(), want)
	}
	seen := map[string]string{}
	for name, f := range map[string]*factv1.Fact{
		"none":       {},
		"outcome":    {Outcome: "done"},
		"recipient":  {Recipient: "done"},
		"both":       {Outcome: "done", Recipient: "done"},
		"one trait":  {Traits: []string{"done"}},
		"two traits": {Traits: []string{"done", "test"}},
	} {
		ingest.AssignUndatedID("forms", f)
		if other, ok := seen[f.GetId()]; ok {
			t.Errorf("%s and %s have one id", name, other)
		}
		seen[f.GetId()] = name
	}
	one, two := &factv1.Fact{Traits: []string{"test", "business"}}, &factv1.Fact{Traits: []string{"business", "test"}}
	ingest.AssignIDs("forms", []*factv1.Fact{one, two})
	if one.GetId() != two.GetId() {
		t.Error("the order of traits changes the id")
	}
}

func TestSealUndated(t *testing.T) {
	early, late, apart := &factv1.Fact{Occurred: timestamppb.New(epoch)}, &factv1.Fact{}, &factv1.Fact{}
	ingest.AssignUndatedID("shop", early)
	ingest.AssignUndatedID("shop", late)
	ingest.AssignUndatedID("shop", apart, "refund/1")
	if early.GetId() != late.GetId() {
		t.Error("the time changes the id")
	}
	if apart.GetId() == late.GetId() {
		t.Error("what tells two facts apart does not")
	}
}

func TestEmail(t *testing.T) {
	for in, want := range map[string]string{
		" Ann@Example.COM\n":        "ann@example.com",
		"Zoë@example.com":           "zoë@example.com",
		"a@b":                       "a@b",
		"":                          "",
		"ann":                       "",
		"@example.com":              "",
		"ann@":                      "",
		"ann@b@c":                   "",
		"ann smith@example.com":     "",
		"ann\x00@example.com":       "",
		"ann\u200b@example.com":     "ann@example.com",
		"o&#039;brien@example.com":  "o'brien@example.com",
		"ann\u00a0b@example.com":    "",
		"ann\xff@example.com":       "",
		string(make([]byte, 400)):   "",
		"ann@" + string(long('x')):  "",
		"Ann <ann@example.com> Foo": "",
	} {
		got, ok := ingest.Email(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", in, got, ok)
		}
	}
}

func long(c byte) []byte {
	b := make([]byte, 400)
	for i := range b {
		b[i] = c
	}
	return b
}
