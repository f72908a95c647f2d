package webhook

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// maxForm bounds the source of a sign-up as reported by MailerLite.
const maxForm = 200

func (r *reader) signup(e *event) {
	s := e.person()
	evidence := &factv1.Evidence{Ip: s.address(), DoubleOptIn: r.time(s.OptedInAt)}
	if len(s.Source) <= maxForm && !address.Looks(string(s.Source)) {
		evidence.Form = string(s.Source)
	}
	r.emit(e, &factv1.Fact{
		Kind:     factv1.Kind_KIND_SIGNUP,
		Occurred: r.consented(e),
		Wording:  r.Wording,
		Channels: email(),
		Evidence: evidence,
	})
}

// pending is a double opt-in that waits for the person's click: no consent yet.
func (r *reader) pending(e *event) {
	s := e.person()
	r.emit(e, &factv1.Fact{
		Kind: factv1.Kind_KIND_SIGNUP_PENDING,
		Occurred: payload.First(
			r.time(s.SubscribedAt), r.time(s.CreatedAt), r.time(s.DateCreated), payload.Unix(int64(e.Timestamp)),
		),
		Channels: email(),
	})
}

func (r *reader) unsubscribed(e *event) {
	s := e.person()
	r.emit(e, &factv1.Fact{
		Kind:     factv1.Kind_KIND_UNSUBSCRIBE,
		Occurred: payload.First(r.time(s.UnsubscribedAt), r.time(s.DateUnsubscribe), r.changed(e)),
		Channels: email(),
	})
}

// objected reads a report of spam, the clearest objection to direct marketing (GDPR Art. 21(2)).
func (r *reader) objected(e *event) {
	r.emit(e, &factv1.Fact{Kind: factv1.Kind_KIND_OBJECTION, Occurred: r.changed(e), Channels: email()})
}

func (r *reader) bounced(e *event) {
	r.emit(e, &factv1.Fact{Kind: factv1.Kind_KIND_BOUNCE, Occurred: r.changed(e), Channels: email()})
}

func email() []string { return []string{"email"} }
