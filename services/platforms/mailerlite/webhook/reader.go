package webhook

import (
	"net/netip"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// reader makes the facts of one webhook.
type reader struct {
	*ingest.Source
	out ingest.Reading
}

func (r *reader) silent(reason string) { r.out.Silent = append(r.out.Silent, reason) }

func (r *reader) read(e *event) {
	switch e.name() {
	case "subscriber.created", "subscriber.updated", "subscriber.active", "subscriber.added_through_form":
		r.state(e)
	case "subscriber.added_to_group":
		r.joined(e)
	case "subscriber.unsubscribed":
		r.unsubscribed(e)
	case "subscriber.spam_reported":
		r.objected(e)
	case "subscriber.bounced":
		r.bounced(e)
	case "subscriber.removed_from_group":
		// Leaving one group withdraws no consent.
		r.silent(ingest.SilentNothingNew)
	case "subscriber.deleted":
		// "Deleted or forgotten" is an act of the seller, not a request of the person.
		r.silent(ingest.SilentDeleted)
	default:
		r.silent(ingest.SilentUnhandled)
	}
}

// state reads the subscriber's status in any event.
func (r *reader) state(e *event) {
	switch e.person().status() {
	case "active":
		r.signup(e)
		r.listed(e)
	case "unconfirmed":
		r.pending(e)
	case "unsubscribed":
		r.unsubscribed(e)
	case "junk":
		r.objected(e)
	case "bounced":
		r.bounced(e)
	default:
		r.silent(ingest.SilentNothingNew)
	}
}

// joined reads the joining of a group. In a group for a webinar the joining is a registration and
// no consent to a newsletter.
func (r *reader) joined(e *event) {
	id := e.group()
	switch r.Groups[id] {
	case "ignore":
		r.silent(ingest.SilentIgnoredGroup)
	case "webinar":
		f := &factv1.Fact{Kind: factv1.Kind_KIND_WEBINAR, Ref: "mailerlite:group/" + id}
		f.Occurred = payload.First(r.changed(e), r.time(e.person().SubscribedAt))
		// A later change of the subscriber moves the time without a new registration.
		ingest.AssignUndatedID(r.ID, f)
		r.emit(e, f)
	default:
		r.state(e)
	}
}

// emit adds a fact with the names of the subscriber. Every fact carries the id and the address, so
// that a change of address, which omits the old one, stays with the person.
func (r *reader) emit(e *event, f *factv1.Fact) {
	s := e.person()
	var who ingest.Identities
	id := payload.Name(string(s.ID))
	who.Add("mailerlite", id)
	who.AddEmail(string(s.Email))
	if len(who) == 0 {
		r.out.Unread = ingest.UnreadNoPerson
		return
	}
	f.Identities = who
	if f.GetRef() == "" && id != "" {
		f.Ref = "mailerlite:subscriber/" + id
	}
	r.out.Facts = append(r.out.Facts, f)
}

func (r *reader) time(m payload.Moment) *timestamppb.Timestamp { return m.Time(r.Zone) }

// changed is when the subscriber last changed; Classic dates the event instead.
func (r *reader) changed(e *event) *timestamppb.Timestamp {
	s := e.person()
	return payload.First(r.time(s.UpdatedAt), r.time(s.DateUpdated), payload.Unix(int64(e.Timestamp)))
}

// consented is the time of the consent, never the time of the last change, so that every later
// event gives the same fact.
func (r *reader) consented(e *event) *timestamppb.Timestamp {
	s := e.person()
	return payload.First(
		r.time(s.OptedInAt), r.time(s.SubscribedAt), r.time(s.CreatedAt),
		r.time(s.DateSubscribe), r.time(s.DateCreated), payload.Unix(int64(e.Timestamp)),
	)
}

func (s *subscriber) address() string {
	for _, text := range []payload.Text{s.OptinIP, s.IPAddress} {
		if ip, err := netip.ParseAddr(string(text)); err == nil {
			return ip.String()
		}
	}
	return ""
}
