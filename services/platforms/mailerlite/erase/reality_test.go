package erase_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/erase"
)

const (
	unknown = "held: the subscriber is active by a consent that Rodopath does not know"
	later   = "held: the subscriber signed up after the decision"
)

func TestCarry_AConsentThatIsNotKnownHoldsTheErasure(t *testing.T) {
	contact := erasuretest.Stays(erasuretest.Deletion("part", nil, "contact", "phone"), "order stripe:in_1")
	withdrawn := erasuretest.Deletion("person", nil, "contact", "phone", "newsletter")
	webinar := erasuretest.Deletion("person", nil, "contact", "phone", "webinar mailerlite:group/98")
	profile := erasuretest.Stays(erasuretest.Deletion("part", nil, "marketing_profile"), "contact")
	for name, c := range map[string]struct {
		event *stream.Event
		seen  func(*subscriber)
		want  string
		calls int
	}{
		"active, and no consent ended":        {contact, func(*subscriber) {}, unknown, 0},
		"active for whatever setting":         {profile, func(*subscriber) {}, unknown, 0},
		"active, and a consent ended":         {withdrawn, func(*subscriber) {}, "done" + forgotten, 1},
		"signed up since":                     {withdrawn, func(s *subscriber) { s.Since = "2026-01-17 10:00:00" }, later, 0},
		"signed up before":                    {withdrawn, func(s *subscriber) { s.Since = "2026-01-15 19:00:00" }, "done" + forgotten, 1},
		"for a known webinar alone":           {webinar, func(s *subscriber) { s.Groups = s.Groups[:1] }, "done" + forgotten, 1},
		"for a known webinar and the letters": {webinar, func(*subscriber) {}, unknown, 0},
		"active in no group":                  {webinar, func(s *subscriber) { s.Groups = nil }, unknown, 0},
		"unsubscribed":                        {contact, func(s *subscriber) { s.Status = "unsubscribed" }, "done" + forgotten, 1},
		"never confirmed":                     {contact, func(s *subscriber) { s.Status = "unconfirmed" }, "done" + forgotten, 1},
		"bounced":                             {contact, func(s *subscriber) { s.Status = "bounced" }, "done" + forgotten, 1},
		"the newsletter stays": {
			erasuretest.Stays(erasuretest.Deletion("part", nil, "contact"), "newsletter"), func(*subscriber) {},
			"held again 2026-04-15: the data may still be held on another basis", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			c.seen(a.find(erasuretest.Email))
			got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), c.event)
			if changes := a.Changes(); err != nil || got != c.want || len(changes) != c.calls {
				t.Errorf("got %q, %v, %q\nwant %q", got, err, changes, c.want)
			}
		})
	}
}

// TestCarry_AnUnknownConsentKeepsNoPhone: what does not depend on the consent is erased.
func TestCarry_AnUnknownConsentKeepsNoPhone(t *testing.T) {
	a := newAccount(t)
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "phone", "marketing_profile"), "contact")
	got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), e)
	if want := "partial marketing_profile=held phone=done"; err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if s := a.find(
		erasuretest.Email,
	); s.Fields["phone"] != nil || s.Fields["favourite"] != "cats" ||
		s.Status != "active" {
		t.Errorf("got %+v, want the phone alone emptied", s)
	}
}

func TestCarry_ErasesAsTheSettingSays(t *testing.T) {
	for setting, c := range map[string]struct {
		want  string
		calls []string
	}{
		mailerlite.Forget: {"done" + forgotten, []string{"POST " + me + "/forget"}},
		mailerlite.Delete: {
			"partial: MailerLite keeps a deleted subscriber for a return (erase: delete); forget the subscriber in the app",
			[]string{"DELETE " + me},
		},
		mailerlite.Unsubscribe: {
			"partial contact=held newsletter=done: the subscriber stays, unsubscribed (erase: unsubscribe)",
			[]string{"DELETE " + me + "/groups/98", "DELETE " + me + "/groups/99", "PUT " + me},
		},
	} {
		a := newAccount(t)
		a.erase = setting
		e := erasuretest.Deletion("person", nil, "contact", "newsletter")
		got, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), e)
		if changes := a.Changes(); err != nil || got != c.want || !slices.Equal(changes, c.calls) {
			t.Errorf("%s: got %q, %v, %q\nwant %q, %q", setting, got, err, changes, c.want, c.calls)
		}
		if s := a.find(erasuretest.Email); s != nil && (s.Fields["name"] != nil || s.Status != "unsubscribed") {
			t.Errorf("%s: got %+v, want no name", setting, s)
		}
	}
}
