// Package factwire knows the one mapping between a fact of the core and a fact on the wire.
//
// Decode leaves the fields that need the keys of the installation (Proof, Mark, Address) empty. Encode is
// for the facts that lifecycle publishes itself: requests, holds, receipts and answers of the consent page.
package factwire

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// The prefixes of the names of enums on the wire.
const (
	kindPrefix   = "KIND_"
	accessPrefix = "ACCESS_"
)

// Encode returns the wire form of a fact. Locators lead to the person of a fact without identities.
func Encode(f *fact.Fact, identities []identity.Identity, locators ...string) *factv1.Fact {
	out := &factv1.Fact{
		Id:                 f.ID,
		Kind:               factv1.Kind(factv1.Kind_value[kindPrefix+strings.ToUpper(string(f.Kind))]),
		Locators:           locators,
		Occurred:           timestamp(&f.Occurred),
		Ref:                f.Ref,
		Links:              f.Links,
		Contract:           f.Contract,
		Access:             factv1.Access(factv1.Access_value[accessPrefix+strings.ToUpper(string(f.Access))]),
		AccessDays:         int32(f.AccessDays), //nolint:gosec // validated by the readers: at most 100 years of days
		PaidUntil:          timestamp(f.PaidUntil),
		EventAt:            timestamp(f.EventAt),
		PerformanceAwaited: f.PerformanceAwaited,
		Full:               f.Full,
		Wording:            f.Wording,
		Purposes:           f.Purposes,
		Channels:           f.Channels,
		Traits:             f.Traits,
		Outcome:            string(f.Outcome),
		Reason:             f.Reason,
		Told:               timestamp(f.InformedAt),
		Recipient:          f.Recipient,
		Categories:         fact.ConvertOutcomes[string](f.Categories),
		StateOf:            f.StateOf,
		AsOf:               timestamp(f.AsOf),
		Parts:              f.Parts,
		Matter:             f.Matter,
		Phone:              stated(f.Phone),
		Unlisted:           products(f.Unlisted),
	}
	if f.Form != "" || f.Shown != "" || f.DoubleOptIn != nil {
		out.Evidence = &factv1.Evidence{Form: f.Form, Text: f.Shown, DoubleOptIn: timestamp(f.DoubleOptIn)}
	}
	for _, i := range identities {
		out.Identities = append(out.Identities, &factv1.Identity{Kind: i.Kind, Value: i.Value})
	}
	return out
}

// Decode returns the fact of a delivery in the form of the core.
func Decode(d *factv1.Delivery, f *factv1.Fact) fact.Fact {
	return fact.Fact{
		ID:                 f.GetId(),
		Kind:               fact.Kind(enumName(f.GetKind().String(), kindPrefix)),
		Source:             d.GetSource(),
		Occurred:           instant(f.GetOccurred()),
		Received:           instant(d.GetReceived()),
		Ref:                f.GetRef(),
		Links:              f.GetLinks(),
		Contract:           f.GetContract(),
		Access:             fact.Access(enumName(f.GetAccess().String(), accessPrefix)),
		AccessDays:         int(f.GetAccessDays()),
		PaidUntil:          pointer(f.GetPaidUntil()),
		EventAt:            pointer(f.GetEventAt()),
		PerformanceAwaited: f.GetPerformanceAwaited(),
		Full:               f.GetFull(),
		Wording:            f.GetWording(),
		Purposes:           f.GetPurposes(),
		Channels:           f.GetChannels(),
		Form:               f.GetEvidence().GetForm(),
		DoubleOptIn:        pointer(f.GetEvidence().GetDoubleOptIn()),
		Shown:              f.GetEvidence().GetText(),
		Traits:             f.GetTraits(),
		Outcome:            fact.Outcome(f.GetOutcome()),
		Reason:             f.GetReason(),
		InformedAt:         pointer(f.GetTold()),
		Recipient:          f.GetRecipient(),
		Categories:         fact.ConvertOutcomes[fact.Outcome](f.GetCategories()),
		StateOf:            f.GetStateOf(),
		AsOf:               pointer(f.GetAsOf()),
		Parts:              f.GetParts(),
		Matter:             f.GetMatter(),
		Phone:              presence(f.Phone),
		Unlisted:           unlisted(f.GetUnlisted()),
	}
}

// products returns the wire form of unlisted products.
func products(keys [][]string) []*factv1.Product {
	var out []*factv1.Product
	for _, k := range keys {
		out = append(out, &factv1.Product{Keys: k})
	}
	return out
}

func unlisted(products []*factv1.Product) [][]string {
	var out [][]string
	for _, p := range products {
		out = append(out, append([]string{}, p.GetKeys()...))
	}
	return out
}

// stated returns the wire form of a presence: nil for an unknown one.
func stated(p fact.Presence) *bool {
	if p == fact.PresenceUnknown {
		return nil
	}
	given := p == fact.PresenceGiven
	return &given
}

func presence(given *bool) fact.Presence {
	if given == nil {
		return fact.PresenceUnknown
	}
	return fact.PresenceOf(*given)
}

// unspecified is the name of the zero value of an enum on the wire.
const unspecified = "unspecified"

// enumName returns the name of an enum in the core; empty for an unspecified or unknown value.
func enumName(name, prefix string) string {
	name, known := strings.CutPrefix(name, prefix)
	if name = strings.ToLower(name); !known || name == unspecified {
		return ""
	}
	return name
}

// instant returns the zero time for an absent timestamp.
func instant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Millisecond)
}

func pointer(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := instant(t)
	return &at
}

func timestamp(t *time.Time) *timestamppb.Timestamp {
	if t == nil || t.IsZero() {
		return nil
	}
	return timestamppb.New(*t)
}
