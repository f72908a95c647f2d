package webhook

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// reader makes the facts of one webhook.
type reader struct {
	*ingest.Source
	record *record
	// at is the time of receipt.
	at  time.Time
	out ingest.Reading
}

// route finds the reader of the record, or the reason for silence.
func (r *reader) route(topic string) (tell func(), reason string) {
	rec := r.record
	switch {
	case rec.ID == 0 && rec.isGone():
		return nil, ingest.SilentGone
	case rec.ID == 0 && (rec.Code != "" || bool(rec.Errors)):
		return nil, ingest.SilentPlatformError
	case rec.ID == 0 && (bool(rec.LegacyOrder) || bool(rec.LegacyCustomer)):
		return func() { r.out.Unread = ingest.UnreadVersion }, ""
	}
	resource, event, _ := strings.Cut(topic, ".")
	if guessed, e := rec.guess(); topic == "" || guessed == "order" && !isResource(resource) {
		resource, event = guessed, e // such as an order in full under the topic of an action
	}
	if event == "deleted" {
		if resource == "order" && rec.ID.Name() != "" {
			return r.deleted, ""
		}
		return nil, ingest.SilentDeleted
	}
	switch resource {
	case "order":
		return r.whole(r.order), ""
	case "subscription":
		return r.whole(r.subscription), ""
	case "customer":
		return r.whole(r.customer), ""
	}
	return nil, ingest.SilentUnhandled
}

// isGone reports whether an error message says that the shop has no record of the number. The version v1 of
// the interface says so of every order of a shop with HPOS.
func (r *record) isGone() bool {
	code := string(r.Code)
	return strings.Contains(code, "_invalid_") && strings.HasSuffix(code, "_id")
}

func isResource(name string) bool {
	switch name {
	case "order", "subscription", "customer", "product", "coupon":
		return true
	}
	return false
}

// whole returns a reader that also reports a record without its number as unread.
func (r *reader) whole(tell func()) func() {
	return func() {
		if r.record.ID.Name() == "" {
			r.out.Unread = ingest.UnreadNoRecord
		}
		tell()
	}
}

// guess derives the resource from the shape of the record when the header is missing.
func (r *record) guess() (resource, event string) {
	switch {
	case r.ID == 0:
		return "", ""
	case r.BillingPeriod != "":
		return "subscription", ""
	case r.Status != "" && r.Total != "":
		return "order", ""
	case r.Email != "":
		return "customer", ""
	case r.Status == "" && r.CreatedGMT == "" && r.Created == "":
		return "", "deleted"
	}
	return "", ""
}

func (r *reader) silent(reason string) { r.out.Silent = append(r.out.Silent, reason) }

// emit adds facts of the buyer. A fact that is part of no state has the time of the report as well, by which a
// delivery that is late is told from a correction.
func (r *reader) emit(who ingest.Identities, facts ...*factv1.Fact) {
	phone := payload.Presence(r.record.Billing.Phone, r.record.Shipping.Phone)
	for _, f := range facts {
		f.Identities, f.Phone = who, phone
		if f.GetAsOf() == nil {
			f.AsOf = r.modified()
		}
		f.Locators = r.account(f)
		r.out.Facts = append(r.out.Facts, f)
	}
}

// buyer returns the address of the person. The account is no name of the buyer: one account may
// place the orders of many.
func (r *reader) buyer() ingest.Identities {
	var who ingest.Identities
	who.AddEmail(string(r.record.Billing.Email))
	return who
}

// account is the account that placed an order, by which an order without an address finds its person.
// An order of a guest without an address is known by its own name.
func (r *reader) account(f *factv1.Fact) []string {
	if n := r.name("", r.record.CustomerID); n != "" {
		return []string{"woocommerce:" + n}
	}
	if len(f.GetIdentities()) == 0 {
		return []string{f.GetRef()}
	}
	return nil
}

// anonymous reports whether an order names no person: no account, and neither a bill nor a delivery with a
// name, a company, a phone or an address.
func (r *reader) anonymous(who ingest.Identities) bool {
	billing := r.record.Billing
	billing.Email = "" // not an address, or a placeholder
	return len(who) == 0 && r.record.CustomerID.Name() == "" && billing.isEmpty() && r.record.Shipping.isEmpty()
}

// name names a record of this shop, such as "woocommerce:order/17@shop". Ids of shops are small
// numbers that repeat between shops, so the name includes the source.
func (r *reader) name(kind string, id payload.Number) string {
	n := id.Name()
	switch {
	case n == "":
		return ""
	case kind == "":
		return n + "@" + r.ID
	}
	return "woocommerce:" + kind + "/" + n + "@" + r.ID
}

// when reads a time: the UTC field, or else the local field in the configured zone of the shop.
func (r *reader) when(gmt, local payload.Moment) *timestamppb.Timestamp {
	if t := gmt.Time(time.UTC); t != nil {
		return t
	}
	return local.Time(r.Zone)
}

func (r *reader) created() *timestamppb.Timestamp {
	return r.when(r.record.CreatedGMT, r.record.Created)
}

func (r *reader) modified() *timestamppb.Timestamp {
	return r.when(r.record.ModifiedGMT, r.record.Modified)
}
