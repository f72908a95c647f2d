package webhook

import (
	"strings"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// listForm stands for a form in the evidence of a subscriber without a source, such as every subscriber of
// MailerLite Classic: the list of the platform is all that is known of the form.
const listForm = "list"

// maxForm bounds the source of a sign-up as reported by MailerLite.
const maxForm = 200

// signup reads the consent of an active subscriber. A subscriber from an import, the API or a
// synchronisation is on the list without any sign of the person: the sign-up is unproven.
func (r *reader) signup(e *event) {
	s := e.person()
	evidence := &factv1.Evidence{Ip: s.address(), DoubleOptIn: r.time(s.OptedInAt)}
	evidence.Form = listForm
	if s.Source != "" && len(s.Source) <= maxForm && !address.Looks(string(s.Source)) {
		evidence.Form = string(s.Source)
	}
	f := &factv1.Fact{
		Kind:     factv1.Kind_KIND_SIGNUP,
		Occurred: r.consented(s),
		Wording:  r.Wording,
		Channels: email(),
		Evidence: evidence,
	}
	r.emit(e, f)
	if r.mayBeWebinar(e) {
		ingest.AssignDistinctID(r.ID, f, "of a group unknown") // a later event with the group proves the sign-up
	}
	ingest.AssignIDs(r.ID, []*factv1.Fact{f}) // a sign-up with and without the trait is one sign-up
	if !r.MayConsent(strings.ToLower(string(s.Source)), forms()) || !r.ownAct(e) || r.mayBeWebinar(e) {
		f.Traits = append(f.Traits, ingest.TraitUnproven)
	}
}

// ownAct reports whether a sign-up has a date and can be an act of the person. The form and the IP address
// of a record belong to its first sign-up. A date of sign-up that an update renews without a confirmation
// is the owner's, unless the date is that of the record's creation.
func (r *reader) ownAct(e *event) bool {
	s := e.person()
	if r.consented(s) == nil {
		return false
	}
	switch e.name() {
	case "subscriber.created", "subscriber.added_through_form":
		return true
	}
	if r.time(s.OptedInAt) != nil {
		return true
	}
	signed := payload.First(r.time(s.SubscribedAt), r.time(s.DateSubscribe))
	created := payload.First(r.time(s.CreatedAt), r.time(s.DateCreated))
	if signed == nil || created == nil {
		return signed == nil // the creation is the only date
	}
	return signed.AsTime().Sub(created.AsTime()).Abs() <= time.Minute
}

// forms are the sources of a subscriber who filled in a form. The source is often absent; the time and
// the address of the opt-in then are the only evidence.
func forms() []string {
	return []string{
		"", "webform", "form", "forms", "embedded", "embedded_form", "form_embedded", "popup", "form_popup",
		"promotion", "form_promotion", "landing_page", "landing", "site", "website", "survey", "quiz",
	}
}

// listed reports that the platform shows the person as an active subscriber: no act of the person.
func (r *reader) listed(e *event) {
	if at := r.changed(e); at != nil {
		f := &factv1.Fact{Kind: factv1.Kind_KIND_LISTED, Occurred: at, Channels: email()}
		r.emit(e, f)
		// The list may change the address of a subscriber within one second.
		ingest.AssignDistinctID(r.ID, f, r.ContentID([]byte(e.person().Email)))
	}
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

// unsubscribed reads an unsubscription. A date before the last sign-up is that of an earlier
// unsubscription: the record's last change then is the time. MailerLite does not report whether the person,
// the owner or a program unsubscribed the person.
func (r *reader) unsubscribed(e *event) {
	s := e.person()
	f := &factv1.Fact{
		Kind:     factv1.Kind_KIND_UNSUBSCRIBE,
		Occurred: payload.First(r.left(s), r.changed(e)),
		Channels: email(),
	}
	r.emit(e, f)
	ingest.AssignIDs(r.ID, []*factv1.Fact{f}) // an unsubscription with and without the trait is one
	f.Traits = append(f.Traits, ingest.TraitUnattributed)
}

// objected reads a report of spam, the clearest objection to direct marketing (GDPR Art. 21(2)).
func (r *reader) objected(e *event) {
	r.emit(e, &factv1.Fact{Kind: factv1.Kind_KIND_OBJECTION, Occurred: r.changed(e), Channels: email()})
}

func (r *reader) bounced(e *event) {
	r.emit(e, &factv1.Fact{Kind: factv1.Kind_KIND_BOUNCE, Occurred: r.changed(e), Channels: email()})
}

func email() []string { return []string{"email"} }
