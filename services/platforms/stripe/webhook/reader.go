package webhook

import (
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// reader makes the facts of one event.
type reader struct {
	*ingest.Source
	event *event
	out   ingest.Reading
}

func (r *reader) object() *object { return &r.event.Data.Object }

func (r *reader) silent(reason string) { r.out.Silent = append(r.out.Silent, reason) }

// emit adds the facts with the names of the person and the locators. A fact without a name and
// without a locator is dropped.
func (r *reader) emit(who ingest.Identities, locators []string, facts ...*factv1.Fact) {
	locators = append(names(r.object().Customer.ID), locators...)
	if len(who) == 0 && len(locators) == 0 {
		if r.out.Unread == "" && slices.ContainsFunc(facts, isBooked) {
			r.out.Unread = ingest.UnreadNoPerson // a sale or a refund belongs in the books of somebody
			return
		}
		r.silent(ingest.SilentNoPerson)
		return
	}
	for _, f := range facts {
		f.Identities, f.Locators, f.Phone = who, locators, r.object().phone()
		r.out.Facts = append(r.out.Facts, f)
	}
}

func isBooked(f *factv1.Fact) bool {
	return f.GetKind() == factv1.Kind_KIND_SALE || f.GetKind() == factv1.Kind_KIND_REFUND
}

// person returns the address of the person from every possible place. The customer is no name of the
// person, and finds the person: a customer may pay under several addresses.
func (o *object) person() ingest.Identities {
	var who ingest.Identities
	for _, address := range []payload.Text{
		o.CustomerDetails.Email, o.CustomerEmail, o.BillingDetails.Email, o.ReceiptEmail, payload.Text(o.Customer.Email),
	} {
		if who.AddEmail(string(address)) {
			break
		}
	}
	return who
}

// phone reports whether the object carries a telephone number of the person; nil when no place for one is stated.
func (o *object) phone() *bool {
	return payload.Presence(o.Phone, o.CustomerPhone, o.CustomerDetails.Phone, o.BillingDetails.Phone,
		o.ShippingDetails.Phone, o.CustomerShipping.Phone)
}

// names writes ids as names of Stripe's records and leaves out the empty ones.
func names(ids ...string) []string {
	var all []string
	for _, id := range ids {
		if n := name(id); n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

func name[T ~string](id T) string {
	n := payload.Name(id)
	if n == "" {
		return ""
	}
	return "stripe:" + n
}

// when returns the first of the times that is set, or else the event's.
func (r *reader) when(seconds ...payload.Number) *timestamppb.Timestamp {
	for _, s := range seconds {
		if t := payload.Unix(s); t != nil {
			return t
		}
	}
	return payload.Unix(r.event.Created)
}
