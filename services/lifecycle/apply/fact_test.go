package apply

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/factwire"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

var told = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// everything is a fact that says all there is to say.
func everything() *factv1.Fact {
	return &factv1.Fact{
		Id:       "fact-1",
		Kind:     factv1.Kind_KIND_RECEIPT,
		Occurred: timestamppb.New(told),
		Identities: []*factv1.Identity{
			{Kind: "email", Value: "ala@example.com"},
			{Kind: "crm", Value: "1"},
		},
		Locators:           []string{"request:r-1"},
		Ref:                "r-1",
		Links:              []string{"l"},
		Contract:           "c",
		Access:             factv1.Access_ACCESS_COURSE,
		AccessDays:         7,
		PaidUntil:          timestamppb.New(told.AddDate(0, 1, 0)),
		EventAt:            timestamppb.New(told.AddDate(0, 2, 0)),
		PerformanceAwaited: true,
		Full:               true,
		Wording:            "w",
		Purposes:           []string{"offers"},
		Channels:           []string{"email"},
		Evidence: &factv1.Evidence{
			Form:        "footer",
			Ip:          "192.0.2.7",
			DoubleOptIn: timestamppb.New(told),
			Text:        "I agree.",
		},
		Traits:     []string{fact.TraitChild, fact.TraitParentAgreed},
		Outcome:    "done",
		Reason:     "Because.",
		Told:       timestamppb.New(told),
		Recipient:  "crm",
		StateOf:    "r-1",
		AsOf:       timestamppb.New(told),
		Parts:      []string{"7:mug"},
		Matter:     "card:du_1",
		Categories: map[string]string{"order": "held"},
		Phone:      new(true),
		Unlisted:   []*factv1.Product{{Keys: []string{"17"}}},
	}
}

func read(t *testing.T, a *Applier, f *factv1.Fact) fact.Fact {
	t.Helper()
	got, err := a.fact(&factv1.Delivery{Source: "forms", Received: timestamppb.New(told)}, f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFact_WhatTheWireSaysArrives(t *testing.T) {
	vault := lifecycletest.Vault(t)
	got := read(t, New(Options{Vault: vault}), everything())
	if got.Shown != "I agree." || got.Outcome != "done" || got.Reason != "Because." || got.Recipient != "crm" ||
		!slices.Equal(
			got.Traits,
			[]string{"child", "parent_agreed"},
		) || got.InformedAt == nil || !got.InformedAt.Equal(told) {
		t.Errorf("got %+v", got)
	}
	if got.Mark != vault.Mark("fact-1") {
		t.Errorf("mark %q", got.Mark)
	}
	// Doubt and Stated are the core's own.
	v := reflect.ValueOf(got)
	for i := range v.NumField() {
		if name := v.Type().
			Field(i).
			Name; v.Field(i).IsZero() && name != "Doubt" && name != "Void" && name != "Stated" &&
			name != "OtherAccount" && name != "Reports" {
			t.Errorf("%s is lost", name)
		}
	}
}

func TestFact_WhatTheWireDoesNotSayIsEmpty(t *testing.T) {
	got := read(t, New(Options{Vault: lifecycletest.Vault(t)}), &factv1.Fact{Id: "fact-1", Kind: factv1.Kind_KIND_SALE})
	if got.Shown != "" || got.Traits != nil || got.Outcome != "" || got.Reason != "" || got.InformedAt != nil ||
		got.Recipient != "" ||
		got.Address != "" {
		t.Errorf("got %+v", got)
	}
}

func TestFact_EveryKindOnTheWireIsOneOfTheCore(t *testing.T) {
	var wire []fact.Kind
	for n := 1; n < len(factv1.Kind_name); n++ {
		wire = append(wire, factwire.Decode(&factv1.Delivery{}, &factv1.Fact{Kind: factv1.Kind(n)}).Kind)
	}
	if core := fact.Kinds(); !slices.Equal(wire, core) {
		t.Errorf("the wire has\n%v\nand the core\n%v", wire, core)
	}
}

func TestFact_TheAddressIsTheOneItNames(t *testing.T) {
	vault := lifecycletest.Vault(t)
	a := New(Options{Vault: vault})
	ala := vault.Key(identity.Identity{Kind: identity.KindEmail, Value: "ala@example.com"})
	email := func(v string) *factv1.Identity { return &factv1.Identity{Kind: "email", Value: v} }
	cus := &factv1.Identity{Kind: "stripe", Value: "cus_1"}
	for name, c := range map[string]struct {
		who  []*factv1.Identity
		want string
	}{
		"nobody":                       {nil, ""},
		"an id alone":                  {[]*factv1.Identity{cus}, ""},
		"one":                          {[]*factv1.Identity{email("ala@example.com")}, ala},
		"one beside an id":             {[]*factv1.Identity{cus, email("Ala@Example.com ")}, ala},
		"one, written in two ways":     {[]*factv1.Identity{email("ala@example.com"), email("ALA@example.com")}, ala},
		"two":                          {[]*factv1.Identity{email("ala@example.com"), email("ola@example.com")}, ""},
		"two, and the first of them":   {[]*factv1.Identity{email("ala@example.com"), email("ola@example.com"), email("ala@example.com")}, ""},
		"an id that is written as one": {[]*factv1.Identity{{Kind: "crm", Value: "ala@example.com"}}, ""},
	} {
		if got := read(t, a, &factv1.Fact{Id: "f", Identities: c.who}).Address; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
