package factwire_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/factwire"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

func TestEncode_IsTheInverseOfDecode(t *testing.T) {
	day := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	want := fact.Fact{
		ID: "f", Kind: fact.KindSale, Source: "api", Occurred: day, Received: day.Add(time.Hour), Ref: "order-1",
		Links: []string{"pi_1"}, Contract: "sub_1", Access: fact.AccessSubscription, AccessDays: 30,
		PaidUntil: &day, PerformanceAwaited: true, Full: true, Wording: "w", Purposes: []string{"offers"},
		Channels: []string{"email"}, Form: "checkout", DoubleOptIn: &day, Shown: "text", Traits: []string{"business"},
		Outcome: fact.OutcomeDone, Reason: "r", InformedAt: &day, Recipient: "crm",
		Categories: map[string]fact.Outcome{"invoice": fact.OutcomeHeld},
	}
	names := []identity.Identity{{Kind: identity.KindEmail, Value: "ala@example.com"}}
	wire := factwire.Encode(&want, names, "decision:dec_1")
	d := &factv1.Delivery{Source: "api", Received: timestamppb.New(want.Received)}
	if diff := cmp.Diff(want, factwire.Decode(d, wire)); diff != "" {
		t.Errorf("the fact changed on the wire (-want +got):\n%s", diff)
	}
	if i := wire.GetIdentities(); len(i) != 1 || i[0].GetValue() != "ala@example.com" {
		t.Errorf("identities: %v, want ala@example.com", i)
	}
	if l := wire.GetLocators(); len(l) != 1 || l[0] != "decision:dec_1" {
		t.Errorf("locators: %v, want decision:dec_1", l)
	}
}

func TestDecode_KnowsEveryKindOfTheWire(t *testing.T) {
	for n, name := range factv1.Kind_name {
		kind := factv1.Kind(n)
		f := factwire.Decode(&factv1.Delivery{}, &factv1.Fact{Kind: kind})
		if kind == factv1.Kind_KIND_UNSPECIFIED {
			if f.Kind != "" {
				t.Errorf("an unspecified kind is %q, want none", f.Kind)
			}
			continue
		}
		if back := factwire.Encode(&f, nil); back.GetKind() != kind {
			t.Errorf("%s is decoded as %q and encoded as %s", name, f.Kind, back.GetKind())
		}
	}
}
