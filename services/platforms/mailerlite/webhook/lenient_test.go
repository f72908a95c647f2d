package webhook_test

import (
	"net/http"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
)

// TestRead_EveryFieldOfEveryType replaces each value of each recording by each type of JSON. No body is
// refused; a value in another notation of PHP changes no fact; and a value that no reader needs changes
// no fact, whatever its type.
func TestRead_EveryFieldOfEveryType(t *testing.T) {
	check := facttest.EveryType{
		Source: "list", Read: provider(t, grouped()).Read, Now: now, Needed: needed(),
	}
	for name, header := range map[string]http.Header{
		"classic_subscriber_created": {},
		"subscriber_added_to_group":  {},
		"subscriber_created":         {},
		"subscriber_without_event":   {},
	} {
		t.Run(name, func(t *testing.T) { check.Check(t, name, header) })
	}
}

// needed are the values that a reader needs.
func needed() []string {
	return []string{
		"event",
		"type",
		"events",
		"subscriber",
		"group",
		"data",
		"timestamp",
		"id",
		"email",
		"status",
		"source",
		"opted_in_at",
		"subscribed_at",
		"created_at",
		"updated_at",
		"unsubscribed_at",
		"optin_ip",
		"ip_address",
	}
}
