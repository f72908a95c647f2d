package webhook

import (
	"strings"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// document is one event, or a batch of events. Classic sends batches only.
type document struct {
	event
	Events payload.List[element] `json:"events"`
}

// element is one event of a batch. MailerLite attempts a batch four times and then drops the batch,
// so an unreadable event must not affect the others.
type element struct {
	event
	unreadable bool
}

// UnmarshalJSON never fails.
func (e *element) UnmarshalJSON(raw []byte) error {
	payload.Object(raw, &e.event)
	e.unreadable = e.Event == "" && e.Type == "" && !e.person().named()
	return nil
}

// event has three shapes: the subscriber's fields beside the name of the event, the subscriber
// under a key of its own, and in Classic the same one level further down.
type event struct {
	subscriber
	Event      payload.Text   `json:"event"`
	Type       payload.Text   `json:"type"`
	Subscriber nested         `json:"subscriber"`
	Group      group          `json:"group"`
	Data       data           `json:"data"`
	Timestamp  payload.Number `json:"timestamp"`
}

// data is the content of an event of Classic.
type data struct {
	Subscriber nested `json:"subscriber"`
	Group      group  `json:"group"`
}

// UnmarshalJSON never fails: PHP writes an empty object as a list.
func (d *data) UnmarshalJSON(raw []byte) error {
	type fields data
	payload.Object(raw, (*fields)(d))
	return nil
}

type group struct {
	ID payload.Text `json:"id"`
}

// UnmarshalJSON never fails. A group is an object, or its id alone.
func (g *group) UnmarshalJSON(raw []byte) error {
	type fields group
	payload.Object(raw, (*fields)(g))
	if raw[0] != '{' && raw[0] != '[' {
		_ = g.ID.UnmarshalJSON(raw) // never fails
	}
	return nil
}

// subscriber is MailerLite's record of a person. Ids are texts, and numbers in Classic.
type subscriber struct {
	ID     payload.Text `json:"id"`
	Email  payload.Text `json:"email"`
	Status payload.Text `json:"status"`
	Source payload.Text `json:"source"`

	OptedInAt      payload.Moment `json:"opted_in_at"`
	SubscribedAt   payload.Moment `json:"subscribed_at"`
	CreatedAt      payload.Moment `json:"created_at"`
	UpdatedAt      payload.Moment `json:"updated_at"`
	UnsubscribedAt payload.Moment `json:"unsubscribed_at"`
	OptinIP        payload.Text   `json:"optin_ip"`
	IPAddress      payload.Text   `json:"ip_address"`

	Groups payload.List[group] `json:"groups"`

	// The names of the same in Classic.
	State           payload.Text   `json:"type"`
	DateSubscribe   payload.Moment `json:"date_subscribe"`
	DateCreated     payload.Moment `json:"date_created"`
	DateUpdated     payload.Moment `json:"date_updated"`
	DateUnsubscribe payload.Moment `json:"date_unsubscribe"`
}

// nested is a subscriber under a key of its own.
type nested subscriber

// UnmarshalJSON never fails.
func (n *nested) UnmarshalJSON(raw []byte) error {
	type fields nested
	payload.Object(raw, (*fields)(n))
	return nil
}

// named reports whether a subscriber has an id or an address.
func (s *subscriber) named() bool { return s.ID != "" || s.Email != "" }

// person returns the subscriber of an event of any shape.
func (e *event) person() *subscriber {
	for _, s := range []*subscriber{(*subscriber)(&e.Data.Subscriber), (*subscriber)(&e.Subscriber)} {
		if s.named() {
			return s
		}
	}
	return &e.subscriber
}

func (e *event) group() string {
	if id := payload.Name(string(e.Group.ID)); id != "" {
		return id
	}
	return payload.Name(string(e.Data.Group.ID))
}

// name returns the event in the terms of the new API, in lower case. A sample of 2023 has no name; the
// subscriber's status then decides.
func (e *event) name() string {
	name := string(e.Event)
	if name == "" {
		name = string(e.Type)
	}
	switch name = plain(name); name {
	case "subscriber.create":
		return "subscriber.created"
	case "subscriber.update":
		return "subscriber.updated"
	case "subscriber.unsubscribe":
		return "subscriber.unsubscribed"
	case "subscriber.add_to_group":
		return "subscriber.added_to_group"
	case "subscriber.remove_from_group":
		return "subscriber.removed_from_group"
	case "subscriber.added_through_webform":
		return "subscriber.added_through_form"
	case "subscriber.complaint", "spam.subscriber.spam_reported":
		return "subscriber.spam_reported"
	case "":
		return "subscriber.updated"
	}
	return name
}

// status returns the status of the subscriber in lower case.
func (s *subscriber) status() string {
	if s.Status != "" {
		return plain(string(s.Status))
	}
	return plain(string(s.State))
}

func plain(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
