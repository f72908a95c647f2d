package webhook

import (
	"encoding/json"

	"github.com/rodopath/rodopath/services/platforms/payload"
)

// document is one event, or a batch of events. Classic sends batches only.
type document struct {
	event
	Events []element `json:"events"`
}

// element is one event of a batch. MailerLite attempts a batch four times and then drops the batch,
// so an unreadable event must not affect the others.
type element struct {
	event
	unreadable bool
}

// UnmarshalJSON never fails.
func (e *element) UnmarshalJSON(data []byte) error {
	e.unreadable = json.Unmarshal(data, &e.event) != nil
	return nil
}

// event has three shapes: the subscriber's fields beside the name of the event, the subscriber
// under a key of its own, and in Classic the same one level further down.
type event struct {
	subscriber
	Event      payload.Text `json:"event"`
	Type       payload.Text `json:"type"`
	Subscriber *subscriber  `json:"subscriber"`
	Group      group        `json:"group"`
	Data       struct {
		Subscriber *subscriber `json:"subscriber"`
		Group      group       `json:"group"`
	} `json:"data"`
	Timestamp payload.Number `json:"timestamp"`
}

type group struct {
	ID payload.Text `json:"id"`
}

// subscriber is MailerLite's record of a person. Ids are texts, and numbers in Classic.
type subscriber struct {
	ID     payload.Text `json:"id"`
	Email  string       `json:"email"`
	Status payload.Text `json:"status"`
	Source payload.Text `json:"source"`

	OptedInAt      payload.Text `json:"opted_in_at"`
	SubscribedAt   payload.Text `json:"subscribed_at"`
	CreatedAt      payload.Text `json:"created_at"`
	UpdatedAt      payload.Text `json:"updated_at"`
	UnsubscribedAt payload.Text `json:"unsubscribed_at"`
	OptinIP        string       `json:"optin_ip"`
	IPAddress      string       `json:"ip_address"`

	// The names of the same in Classic.
	State           payload.Text `json:"type"`
	DateSubscribe   payload.Text `json:"date_subscribe"`
	DateCreated     payload.Text `json:"date_created"`
	DateUpdated     payload.Text `json:"date_updated"`
	DateUnsubscribe payload.Text `json:"date_unsubscribe"`
}

// person returns the subscriber of an event of any shape.
func (e *event) person() *subscriber {
	switch {
	case e.Data.Subscriber != nil:
		return e.Data.Subscriber
	case e.Subscriber != nil:
		return e.Subscriber
	}
	return &e.subscriber
}

func (e *event) group() string {
	if id := payload.Name(string(e.Group.ID)); id != "" {
		return id
	}
	return payload.Name(string(e.Data.Group.ID))
}

// name returns the event in the terms of the new API. A sample of 2023 has no name; the
// subscriber's status then decides.
func (e *event) name() string {
	name := string(e.Event)
	if name == "" {
		name = string(e.Type)
	}
	switch name {
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

func (s *subscriber) status() string {
	if s.Status != "" {
		return string(s.Status)
	}
	return string(s.State)
}
