package webhook

import (
	"maps"
	"slices"
	"strings"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// toFact returns a checked fact as protobuf. An id of the sender distinguishes two facts of the
// same content.
func (f *fact) toFact(source *ingest.Source) *factv1.Fact {
	k, _ := kind(f.Kind)
	out := &factv1.Fact{
		Kind:               k,
		Occurred:           payload.Time(f.At, time.UTC),
		Identities:         f.Person.identities(),
		Locators:           f.locators(k),
		Ref:                f.name(source.ID, k),
		Contract:           recordName(source.ID, f.Contract),
		Matter:             recordName(source.ID, f.Matter),
		PaidUntil:          payload.Time(f.PaidUntil, time.UTC),
		EventAt:            payload.Time(f.EventAt, time.UTC),
		PerformanceAwaited: f.PerformanceAwaited,
		Full:               f.Full,
		Wording:            f.Wording,
		Purposes:           f.Purposes,
		Channels:           f.Channels,
		Evidence:           f.Evidence.toEvidence(),
		Traits:             f.Traits,
		Outcome:            f.Outcome,
		Reason:             f.Reason,
		Told:               payload.Time(f.Told, time.UTC),
		Recipient:          f.Recipient,
		Phone:              f.Person.HasPhone,
	}
	out.SamePerson = k == factv1.Kind_KIND_IDENTIFIED && len(out.GetIdentities()) > 1
	for _, l := range f.Links {
		out.Links = append(out.Links, recordName(source.ID, l))
	}
	if k == factv1.Kind_KIND_SIGNUP && out.GetWording() == "" {
		out.Wording = source.Wording
	}
	out.Access, out.AccessDays = f.sold(source, k)
	var apart []string
	if f.ID != "" {
		apart = []string{f.ID}
	}
	ingest.AssignDistinctID(source.ID, out, apart...)
	return out
}

// isTest reports whether the sender marked the fact as a test.
func (f *fact) isTest() bool { return slices.Contains(f.Traits, ingest.TraitTest) }

// name returns the name of the record. A request may be opened at one source and answered at
// another, and a decision belongs to Rodopath, so their names carry no source.
func (f *fact) name(source string, k factv1.Kind) string {
	if isRequest(k) || isStep(k) || k == factv1.Kind_KIND_RECEIPT {
		return f.Ref
	}
	return recordName(source, f.Ref)
}

// locators allows a step of a request to find the person by the name of the request alone.
func (f *fact) locators(k factv1.Kind) []string {
	if f.Ref == "" || !isRequest(k) && !isStep(k) {
		return nil
	}
	return []string{"request:" + f.Ref}
}

// recordName gives a bare name the source's own space, so that "order-17" of two
// senders are two orders.
func recordName(source, s string) string {
	if s == "" || strings.Contains(s, ":") {
		return s
	}
	return source + ":" + s
}

// sold returns the kind of sale from the fact, or else from the configured product. The default is
// a single delivery.
func (f *fact) sold(source *ingest.Source, k factv1.Kind) (factv1.Access, int32) {
	var p ingest.Product
	if f.Product != "" || k == factv1.Kind_KIND_SALE {
		p = source.Product(f.Product)
	}
	if a, ok := access(f.Access); ok && a != p.Access {
		p = ingest.Product{Access: a}
	}
	if f.AccessDays > 0 {
		p.Days = f.AccessDays
	}
	return p.Access, p.Days
}

func (p *person) identities() ingest.Identities {
	var who ingest.Identities
	who.AddEmail(p.Email)
	for _, system := range slices.Sorted(maps.Keys(p.IDs)) {
		who.Add(system, p.IDs[system])
	}
	return who
}

func (e *evidence) toEvidence() *factv1.Evidence {
	if *e == (evidence{}) {
		return nil
	}
	return &factv1.Evidence{Form: e.Form, Ip: e.IP, DoubleOptIn: payload.Time(e.DoubleOptIn, time.UTC), Text: e.Text}
}
