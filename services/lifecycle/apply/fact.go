package apply

import (
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// fact converts a fact from the wire format. Personal evidence is sealed.
func (a *Applier) fact(d *factv1.Delivery, f *factv1.Fact) (fact.Fact, error) {
	proof, err := a.opts.Vault.SealText(f.GetEvidence().GetIp())
	return fact.Fact{
		ID:                 f.GetId(),
		Kind:               a.kinds[f.GetKind()],
		Source:             d.GetSource(),
		Occurred:           instant(f.GetOccurred()),
		Received:           instant(d.GetReceived()),
		Ref:                f.GetRef(),
		Links:              f.GetLinks(),
		Contract:           f.GetContract(),
		Access:             access(f.GetAccess()),
		AccessDays:         int(f.GetAccessDays()),
		PaidUntil:          pointer(f.GetPaidUntil()),
		PerformanceAwaited: f.GetPerformanceAwaited(),
		Full:               f.GetFull(),
		Wording:            f.GetWording(),
		Purposes:           f.GetPurposes(),
		Channels:           f.GetChannels(),
		Form:               f.GetEvidence().GetForm(),
		DoubleOptIn:        pointer(f.GetEvidence().GetDoubleOptIn()),
		Shown:              f.GetEvidence().GetText(),
		Proof:              proof,
		Traits:             f.GetTraits(),
		Outcome:            fact.Outcome(f.GetOutcome()),
		Reason:             f.GetReason(),
		InformedAt:         pointer(f.GetTold()),
		Recipient:          f.GetRecipient(),
		Categories:         outcomes(f.GetCategories()),
		Mark:               a.opts.Vault.Mark(f.GetId()),
		Address:            a.address(f),
	}, err
}

// address returns the key of the address of a fact. A fact with several addresses joins the
// identities and belongs to no single address.
func (a *Applier) address(f *factv1.Fact) string {
	var key string
	for _, i := range f.GetIdentities() {
		if i.GetKind() != identity.KindEmail {
			continue
		}
		k := a.opts.Vault.Key(identity.Identity{Kind: i.GetKind(), Value: i.GetValue()})
		if key != "" && k != key {
			return ""
		}
		key = k
	}
	return key
}

func access(a factv1.Access) fact.Access {
	switch a {
	case factv1.Access_ACCESS_ONE_OFF:
		return fact.AccessOneOff
	case factv1.Access_ACCESS_COURSE:
		return fact.AccessCourse
	case factv1.Access_ACCESS_SERVICE:
		return fact.AccessService
	case factv1.Access_ACCESS_SUBSCRIPTION:
		return fact.AccessSubscription
	}
	return ""
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

// outcomes returns the answer of a recipient for each category of data; nil for none.
func outcomes(categories map[string]string) map[string]fact.Outcome {
	if len(categories) == 0 {
		return nil
	}
	out := make(map[string]fact.Outcome, len(categories))
	for category, outcome := range categories {
		out[category] = fact.Outcome(outcome)
	}
	return out
}
