package erase

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// subscriber is MailerLite's record of a person.
type subscriber struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Status string `json:"status"`
	// ForgetAt is the date of the final erasure of a forgotten subscriber; empty otherwise.
	ForgetAt string `json:"forget_at"`
	// SubscribedAt is when the subscriber last signed up.
	SubscribedAt string `json:"subscribed_at"`
	// Fields are MailerLite's own fields and the seller's fields.
	Fields map[string]any `json:"fields"`
	Groups []group        `json:"groups"`
}

type group struct {
	ID string `json:"id"`
}

// UnmarshalJSON never fails: an odd field, such as an empty list of fields, must not hinder an erasure.
func (s *subscriber) UnmarshalJSON(raw []byte) error {
	var in struct {
		ID       payload.Text               `json:"id"`
		Email    payload.Text               `json:"email"`
		Status   payload.Text               `json:"status"`
		ForgetAt payload.Text               `json:"forget_at"`
		Since    payload.Text               `json:"subscribed_at"`
		Fields   json.RawMessage            `json:"fields"`
		Groups   payload.List[payloadGroup] `json:"groups"`
	}
	payload.Object(raw, &in)
	*s = subscriber{
		ID: string(in.ID), Email: string(in.Email), Status: string(in.Status), ForgetAt: string(in.ForgetAt),
		SubscribedAt: string(in.Since),
	}
	if len(in.Fields) > 0 {
		payload.Object(in.Fields, &s.Fields)
	}
	for _, g := range in.Groups {
		s.Groups = append(s.Groups, group{string(g.ID)})
	}
	return nil
}

type payloadGroup struct {
	ID payload.Text `json:"id"`
}

// Texts of the reasons of answers.
const (
	reasonForgotten = "MailerLite completes the erasure of a forgotten subscriber within 30 days"
	reasonHistory   = "MailerLite's interface removes opens and clicks only when the subscriber is forgotten"
	reasonProof     = "MailerLite's interface removes these data only when the subscriber is forgotten, and the contact data may still be held"
	reasonFields    = "some fields could not be emptied; empty the fields at MailerLite by hand"
	reasonStatus    = "the subscriber could not be unsubscribed; unsubscribe by hand at MailerLite"
	reasonGroups    = "a replay does not list retained data; check the groups of the subscriber by hand"
	reasonUnknown   = "the place of this category at MailerLite is unknown; check by hand"
	reasonConsent   = "the subscriber is active by a consent that Rodopath does not know"
	reasonAgain     = "the subscriber signed up after the decision"
	reasonDeleted   = "MailerLite keeps a deleted subscriber for a return (erase: delete); forget the subscriber in the app"
	reasonKept      = "the subscriber stays, unsubscribed (erase: unsubscribe)"
	reasonStays     = "the data may still be held on another basis"
)

// own are MailerLite's own fields, which are contact data. Every other field is the seller's, and a
// profile.
func own() []string {
	return []string{"name", "last_name", "company", "country", "city", "state", "z_i_p", "zip", "phone"}
}

// elsewhere are categories that MailerLite does not hold.
func elsewhere() []string {
	return []string{
		"order",
		"invoice",
		"access",
		"progress",
		"negotiation",
		"support_case",
		"complaint",
		"dsr_case",
		"dsr_log",
	}
}

// work is a decision that is carried out.
type work struct {
	*Connector
	task   *erasure.Task
	report erasure.Report
	// keeps is why the subscription is kept; empty when it may end.
	keeps string
}

// apply carries the decision out for one subscriber.
func (w *work) apply(ctx context.Context, s *subscriber) error {
	news := w.news(s)
	switch {
	case s.ForgetAt != "":
		w.forgotten()
		return nil
	case w.task.Gone("contact") && news != "":
		for _, category := range w.ours() {
			w.report.Say(category, stream.OutcomeHeld, news)
		}
		return nil
	case w.task.Gone("contact") && !w.task.Whole && w.task.Stays("newsletter"):
		until, day := w.task.UntilOf("newsletter")
		w.report.Hold("contact", reasonStays, until, day)
		return nil
	case w.task.Gone("contact") && w.erase == Forget:
		return w.forget(ctx, s)
	case w.task.Gone("contact") && w.erase == Delete:
		return w.remove(ctx, s)
	}
	w.keeps = news
	if err := w.groups(ctx, s); err != nil {
		return err
	}
	if err := w.fields(ctx, s); err != nil {
		return err
	}
	for _, category := range w.task.Categories() {
		w.keep(category)
	}
	return nil
}

// news returns why the subscription differs from what the decision knows; empty when it does not. An active
// subscriber is one by a consent: a decision that ends none does not know the consent, unless every group is of a
// webinar that the decision knows.
func (w *work) news(s *subscriber) string {
	since, err := time.Parse(time.DateTime, s.SubscribedAt)
	switch {
	case s.Status != "active":
		return ""
	case err == nil && since.After(w.task.Effective.Add(clockTolerance)) && !w.task.Effective.IsZero():
		return reasonAgain
	case w.task.Lapsed("newsletter") || w.task.Stays("newsletter"):
		return ""
	case len(s.Groups) > 0 && !slices.ContainsFunc(s.Groups, func(g group) bool { return !w.task.Knows(record(g)) }):
		return ""
	}
	return reasonConsent
}

// clockTolerance is the tolerated difference between the time of MailerLite, in the zone of the account, and ours.
const clockTolerance = 24 * time.Hour

// record is the name of a group.
func record(g group) string { return "mailerlite:group/" + g.ID }

// ours lists the categories of the decision that MailerLite may hold.
func (w *work) ours() []string {
	if len(w.task.Items) == 0 {
		return []string{"contact"}
	}
	return slices.DeleteFunc(w.task.Categories(), func(c string) bool { return slices.Contains(elsewhere(), c) })
}

// forget forgets the subscriber: POST /subscribers/:id/forget
// (https://developers.mailerlite.com/docs/subscribers.html#forget-a-subscriber).
func (w *work) forget(ctx context.Context, s *subscriber) error {
	res, err := w.client.Call(
		ctx,
		"forget the subscriber",
		erasure.Request{Method: http.MethodPost, Path: "/subscribers/" + s.ID + "/forget"},
		nil,
	)
	if err == nil && res.Found {
		w.forgotten()
	}
	return err
}

// remove deletes the subscriber: DELETE /subscribers/:id. MailerLite keeps all data for a return.
func (w *work) remove(ctx context.Context, s *subscriber) error {
	res, err := w.client.Call(
		ctx,
		"delete the subscriber",
		erasure.Request{Method: http.MethodDelete, Path: "/subscribers/" + s.ID},
		nil,
	)
	if err == nil && res.Found {
		for _, category := range w.ours() {
			w.report.Say(category, stream.OutcomePartial, reasonDeleted)
		}
	}
	return err
}

// forgotten answers that all data are erased.
func (w *work) forgotten() {
	for _, category := range w.ours() {
		w.report.Say(category, stream.OutcomeDone, reasonForgotten)
	}
}

// unsubscribes reports whether newsletters to the address must end.
func (w *work) unsubscribes() bool {
	return w.keeps == "" && (w.task.Gone("newsletter") || w.task.Gone("marketing_profile")) && !w.task.Stays("newsletter")
}

// groups removes the subscriber from groups: of lapsed webinars, and, when newsletters end, from
// all groups without a webinar that is retained. DELETE /subscribers/:id/groups/:group.
func (w *work) groups(ctx context.Context, s *subscriber) error {
	for _, g := range s.Groups {
		record := record(g)
		webinar := slices.ContainsFunc(
			w.task.Items,
			func(i stream.Item) bool { return i.Category == "webinar" && w.task.Names(&i, record) },
		)
		if !webinar && (!w.unsubscribes() || w.task.Hidden || w.task.StaysRecord(record)) || !erasure.Plain(g.ID) {
			continue
		}
		_, err := w.client.Call(ctx, "remove the subscriber from a group", erasure.Request{
			Method: http.MethodDelete, Path: "/subscribers/" + s.ID + "/groups/" + g.ID,
		}, nil)
		if err != nil {
			return err
		}
		if webinar {
			w.report.Say("webinar", stream.OutcomeDone, "")
		}
	}
	if w.unsubscribes() && w.task.Hidden && len(s.Groups) > 0 {
		w.report.Say("newsletter", stream.OutcomePartial, reasonGroups)
	}
	return nil
}

// fields unsubscribes and empties fields: PUT /subscribers/:id. An omitted field is unchanged, and
// null empties a field
// (https://developers.mailerlite.com/docs/subscribers.html#update-a-subscriber).
func (w *work) fields(ctx context.Context, s *subscriber) error {
	body, empty := map[string]any{}, map[string]any{}
	for name, value := range s.Fields {
		profile := !slices.Contains(own(), name) && w.task.Gone("marketing_profile") && w.keeps == "" ||
			name != "phone" && w.task.Gone("contact")
		if (profile || name == "phone" && w.task.Gone("phone")) && filled(value) {
			empty[name] = nil
		}
	}
	if len(empty) > 0 {
		body["fields"] = empty
	}
	// A bounced or complaining subscriber receives no newsletters either.
	if w.unsubscribes() && (s.Status == "active" || s.Status == "unconfirmed") {
		body["status"] = "unsubscribed"
	}
	after := *s
	if len(body) > 0 {
		doc := struct {
			Data *subscriber `json:"data"`
		}{}
		res, err := w.client.Call(
			ctx,
			"update the subscriber",
			erasure.Request{Method: http.MethodPut, Path: "/subscribers/" + s.ID, Body: body},
			&doc,
		)
		if err != nil {
			return err
		}
		if !res.Found {
			return nil
		}
		after = subscriber{Status: "unsubscribed"}
		if doc.Data != nil {
			after = *doc.Data
		}
	}
	w.updated(&after, empty)
	return nil
}

func filled(value any) bool { return value != nil && value != "" }

// updated reports the outcome for the fields and the newsletters.
func (w *work) updated(s *subscriber, empty map[string]any) {
	phone, profile := stream.OutcomeDone, stream.OutcomeDone
	for name := range empty {
		switch {
		case !filled(s.Fields[name]):
		case name == "phone":
			phone = stream.OutcomePartial
		default:
			profile = stream.OutcomePartial
		}
	}
	say := func(category, outcome, reason string) {
		if w.task.Lapsed(category) && w.task.Gone(category) {
			if outcome == stream.OutcomeDone {
				reason = ""
			}
			w.report.Say(category, outcome, reason)
		}
	}
	if w.keeps != "" {
		for _, category := range []string{"newsletter", "marketing_profile", "engagement"} {
			say(category, stream.OutcomeHeld, w.keeps)
		}
		say("phone", phone, reasonFields)
		return
	}
	letters := stream.OutcomeDone
	if w.unsubscribes() && (s.Status == "active" || s.Status == "unconfirmed") {
		letters = stream.OutcomePartial
	}
	say("phone", phone, reasonFields)
	say("newsletter", letters, reasonStatus)
	say("marketing_profile", profile, reasonFields)
	say("marketing_profile", stream.OutcomePartial, reasonHistory)
	say("engagement", stream.OutcomePartial, reasonHistory)
}

// keep reports data that are erased only with the whole subscriber.
func (w *work) keep(category string) {
	known := []string{
		"contact", "phone", "newsletter", "marketing_profile", "engagement", "webinar", "consent_evidence", "suppression",
	}
	switch {
	case slices.Contains(elsewhere(), category) || category == "webinar":
	case category == "contact" && w.task.Gone(category):
		w.report.Say(category, stream.OutcomeHeld, reasonKept)
	case category == "contact" && w.task.Stays(category):
		until, day := w.task.UntilOf(category)
		w.report.Hold(category, reasonStays, until, day)
	case category == "contact" || slices.Contains(known, category) && !w.task.Gone(category):
		w.report.Say(category, stream.OutcomeHeld, reasonStays)
	case category == "consent_evidence" || category == "suppression":
		w.report.Say(category, stream.OutcomeHeld, reasonProof)
	case !slices.Contains(known, category):
		w.report.Say(category, stream.OutcomeHeld, reasonUnknown)
	}
}
