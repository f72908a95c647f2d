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
		if e.person().status() == statusJunk {
			r.objected(e)
		}
	case "subscriber.spam_reported":
		r.objected(e)
	case "subscriber.bounced":
		r.bounced(e)
		r.refused(e)
	case "subscriber.removed_from_group":
		// Leaving one group withdraws no consent.
		r.refusedOr(e, ingest.SilentNothingNew)
	case "subscriber.deleted":
		// "Deleted or forgotten" is an act of the seller, not a request of the person.
		r.refusedOr(e, ingest.SilentDeleted)
	default:
		r.refusedOr(e, ingest.SilentUnhandled)
	}
}

// The statuses of a subscriber who wants no mail, of interest in every event.
const (
	statusJunk         = "junk"
	statusUnsubscribed = "unsubscribed"
)

// state reads the subscriber's status in any event.
func (r *reader) state(e *event) {
	if r.refused(e) {
		if e.person().status() == "active" {
			r.listed(e)
		}
		return
	}
	switch e.person().status() {
	case "active":
		r.active(e)
	case "unconfirmed":
		r.pending(e)
	case "bounced":
		r.bounced(e)
	default:
		r.silent(ingest.SilentNothingNew)
	}
}

// refused reads the no of a subscriber in an event of any kind, because the webhook of the no itself may
// be lost, and reports whether there is one. Also a status such as active is no consent while the last
// unsubscription is later than the sign-up.
func (r *reader) refused(e *event) bool {
	switch s := e.person(); {
	case s.status() == statusJunk:
		r.objected(e)
	case s.status() == statusUnsubscribed, r.left(s) != nil:
		r.unsubscribed(e)
	default:
		return false
	}
	return true
}

// refusedOr reads the no of a subscriber, or is silent with a reason.
func (r *reader) refusedOr(e *event, reason string) {
	if !r.refused(e) {
		r.silent(reason)
	}
}

// joined reads the joining of a group. In a group for a webinar the joining is a registration and
// no consent to a newsletter.
func (r *reader) joined(e *event) {
	id := e.group()
	switch r.Groups[id] {
	case groupIgnored:
		r.refusedOr(e, ingest.SilentIgnoredGroup)
	case groupWebinar:
		r.registered(e, id)
		r.refused(e)
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

// consented is the time of the consent, never the time of the last change, of the event or of the
// receipt, so that every later event gives the same fact. The time is nil where the record has no date of
// the sign-up.
func (r *reader) consented(s *subscriber) *timestamppb.Timestamp {
	return payload.First(
		r.time(s.OptedInAt), r.time(s.SubscribedAt), r.time(s.CreatedAt),
		r.time(s.DateSubscribe), r.time(s.DateCreated),
	)
}

// left is the time of an unsubscription after the last sign-up; nil where there is none.
func (r *reader) left(s *subscriber) *timestamppb.Timestamp {
	at := payload.First(r.time(s.UnsubscribedAt), r.time(s.DateUnsubscribe))
	for _, m := range []payload.Moment{s.OptedInAt, s.SubscribedAt, s.DateSubscribe} {
		if t := r.time(m); t != nil && at != nil && !at.AsTime().After(t.AsTime()) {
			return nil
		}
	}
	return at
}

func (s *subscriber) address() string {
	for _, text := range []payload.Text{s.OptinIP, s.IPAddress} {
		if ip, err := netip.ParseAddr(string(text)); err == nil {
			return ip.String()
		}
	}
	return ""
}
