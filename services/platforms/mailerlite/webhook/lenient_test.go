package webhook_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
)

// TestRead_EveryFieldOfEveryType replaces each value of each recording by each type of JSON. No body is
// refused; a value in another notation of PHP changes no fact; and a value that no reader needs changes
// no fact, whatever its type.
func TestRead_EveryFieldOfEveryType(t *testing.T) {
	for name, header := range map[string]http.Header{
		"classic_subscriber_created": {},
		"subscriber_added_to_group":  {},
		"subscriber_created":         {},
		"subscriber_without_event":   {},
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, grouped())
			recorded := facttest.Payload(name)
			original, err := p.Read(header, []byte(recorded), now)
			if err != nil {
				t.Fatal(err)
			}
			want := facttest.Reading(original)
			for m := range facttest.Mutations(recorded) {
				got, err := p.Read(header, m.Body, now)
				if err != nil {
					t.Errorf("%s: refused: %v", m, err)
					continue
				}
				readTwice(t, p, header, m)
				for _, flaw := range facttest.Flaws("list", got, err) {
					t.Errorf("%s: %s", m, flaw)
				}
				if text := facttest.Reading(got); text != want && (m.Same || !needed(m.Path)) {
					t.Errorf("%s: got\n%swant\n%s", m, text, want)
				}
			}
		})
	}
}

// needed reports whether a reader needs a value.
func needed(path string) bool {
	for _, p := range []string{
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
	} {
		if path == p || strings.HasPrefix(path, p+".") {
			return true
		}
	}
	return false
}

// readTwice replaces a second value of a payload, in the slow tests. No body is refused.
func readTwice(t *testing.T, p *webhook.Provider, header http.Header, m facttest.Mutation) {
	t.Helper()
	if os.Getenv("RODOPATH_TEST_SLOW") == "" {
		return
	}
	for second := range facttest.Mutations(string(m.Body)) {
		if got, err := p.Read(header, second.Body, now); err != nil || got.ID == "" {
			t.Errorf("%s, %s: refused: %v", m, second, err)
		}
	}
}
