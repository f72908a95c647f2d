package webhook

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// The kinds of a group in the configuration. Any other group is a newsletter.
const (
	groupWebinar = "webinar"
	groupIgnored = "ignore"
)

// active reads an active subscriber. A record whose groups are webinars alone is a registration for each
// and no sign-up.
func (r *reader) active(e *event) {
	if webinars := r.webinars(e); len(webinars) > 0 {
		for _, id := range webinars {
			r.registered(e, id)
		}
		return
	}
	r.signup(e)
	r.listed(e)
}

// webinars returns the webinars among the groups of the record; none where the record or the event has
// a group of another kind.
func (r *reader) webinars(e *event) []string {
	if e.group() != "" {
		return nil
	}
	var ids []string
	for _, g := range e.person().Groups {
		switch id := payload.Name(string(g.ID)); {
		case id == "", r.Groups[id] == groupIgnored:
		case r.Groups[id] == groupWebinar:
			ids = append(ids, id)
		default:
			return nil
		}
	}
	return ids
}

// mayBeWebinar reports whether an event that lists no group may be a registration for a webinar.
func (r *reader) mayBeWebinar(e *event) bool {
	unknown := e.group() == "" && len(e.person().Groups) == 0
	return unknown && slices.Contains(slices.Collect(maps.Values(r.Groups)), groupWebinar)
}

// registered reads the registration for a webinar.
func (r *reader) registered(e *event, id string) {
	f := &factv1.Fact{Kind: factv1.Kind_KIND_WEBINAR, Ref: "mailerlite:group/" + id}
	f.Occurred = payload.First(r.changed(e), r.time(e.person().SubscribedAt))
	if at, told := r.Webinars[id]; told {
		f.EventAt = timestamppb.New(at)
	}
	// A later change of the subscriber moves the time without a new registration.
	ingest.AssignUndatedID(r.ID, f)
	r.emit(e, f)
}
