package erase_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/erase"
)

const (
	me        = "/api/subscribers/31986843064993537"
	forgotten = ": MailerLite completes the erasure of a forgotten subscriber within 30 days"
	history   = ": MailerLite's interface removes opens and clicks only when the subscriber is forgotten"
)

func TestCarry_DoesWhatMayGo(t *testing.T) {
	ids := []string{"stripe:cus_1", "mailerlite:31986843064993537"}
	for name, c := range map[string]struct {
		event   *stream.Event
		want    string
		changes []string
	}{
		"whole person": {
			erasuretest.Deletion("person", ids, "contact", "newsletter", "order stripe:in_1"),
			"done order=not_found" + forgotten, []string{"POST " + me + "/forget"},
		},
		"whole person, by address alone": {
			erasuretest.Deletion("person", nil, "newsletter"), "done" + forgotten, []string{"POST " + me + "/forget"},
		},
		"contact, and the order stays": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "contact", "newsletter", "access stripe:in_1"), "order stripe:in_1"),
			"done access=not_found" + forgotten, []string{"POST " + me + "/forget"},
		},
		"marketing alone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "newsletter", "marketing_profile"), "contact", "webinar mailerlite:group/98"),
			"partial newsletter=done" + history, []string{"DELETE " + me + "/groups/99", "PUT " + me},
		},
		"a webinar": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "webinar mailerlite:group/98"), "contact", "newsletter"),
			"done", []string{"DELETE " + me + "/groups/98"},
		},
		"a webinar that is not here": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "webinar mailerlite:group/97"), "contact"), "not_found", nil,
		},
		"the phone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "phone"), "contact"), "done", []string{"PUT " + me},
		},
		"proof alone": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "consent_evidence"), "contact"),
			"held: MailerLite's interface removes these data only when the subscriber is forgotten, and the contact data may still be held", nil,
		},
		"what MailerLite does not hold": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "order stripe:in_1", "invoice stripe:in_1"), "contact"), "not_found", nil,
		},
		"what nobody knows": {
			erasuretest.Stays(erasuretest.Deletion("part", ids, "moods"), "contact"),
			"held: the place of this category at MailerLite is unknown; check by hand", nil,
		},
		"a replay by hashes": {
			erasuretest.Hidden(erasuretest.Deletion("person", []string{"mailerlite:7"}, "contact", "newsletter", "order stripe:in_1")),
			"done order=not_found" + forgotten, []string{"POST " + me + "/forget"},
		},
		"a replay of marketing by hashes": {
			erasuretest.Hidden(erasuretest.Deletion("part", ids, "newsletter")),
			"partial: a replay does not list retained data; check the groups of the subscriber by hand", []string{"PUT " + me},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			connector := a.connector(t, erasuretest.Client())
			got, err := erasuretest.Deliver(t, connector, c.event)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
			if changes := a.Changes(); !slices.Equal(changes, c.changes) {
				t.Errorf("it made %q", changes)
			}
			if len(a.subscribers) < 250 {
				t.Error("somebody else is gone")
			}
			if _, err := erasuretest.Deliver(t, connector, c.event); err != nil {
				t.Errorf("again: %v", err)
			}
			for _, s := range a.subscribers {
				if s.Email != erasuretest.Email && (s.Status != "active" || len(s.Fields) > 0) {
					t.Error("somebody else is changed")
				}
			}
		})
	}
}

func TestCarry_MarketingLeavesContact(t *testing.T) {
	a := newAccount(t)
	e := erasuretest.Stays(erasuretest.Deletion("part", nil, "newsletter", "marketing_profile"), "contact")
	if _, err := erasuretest.Deliver(t, a.connector(t, erasuretest.Client()), e); err != nil {
		t.Fatal(err)
	}
	s := a.find(erasuretest.Email)
	if s.Status != "unsubscribed" || len(s.Groups) != 0 || s.Fields["favourite"] != nil || s.Fields["score"] != nil ||
		s.Fields["name"] != erasuretest.Family || s.Fields["phone"] != "600" {
		t.Errorf("got %+v", s)
	}
}

func TestCarry_FindsNobody(t *testing.T) {
	a := newAccount(t)
	connector := a.connector(t, erasuretest.Client())
	e := erasuretest.Deletion("person", []string{"mailerlite:1"}, "contact", "newsletter")
	e.Data.Person.Emails = []string{"nobody@leak.example"}
	for _, e := range []*stream.Event{e, erasuretest.Hidden(erasuretest.Deletion("person", []string{"mailerlite:2"}, "contact"))} {
		if e.Data.Replay != nil {
			e.Data.Person.Hashes = e.Data.Person.Hashes[1:]
		}
		if got, err := erasuretest.Deliver(t, connector, e); err != nil || got != "not_found" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if changes := a.Changes(); len(changes) != 0 {
		t.Errorf("it made %q", changes)
	}
}

func TestCarry_WhoIsForgottenIsNotForgottenAgain(t *testing.T) {
	a := newAccount(t)
	a.find(erasuretest.Email).Forget = "2026-02-14 10:00:00"
	got, err := erasuretest.Deliver(
		t,
		a.connector(t, erasuretest.Client()),
		erasuretest.Deletion("person", nil, "contact", "order stripe:in_1"),
	)
	if err != nil || got != "done order=not_found"+forgotten || len(a.Changes()) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCarry_SomethingGoneMeanwhileIsGone(t *testing.T) {
	a := newAccount(t)
	a.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method != "GET" && erasuretest.Answering(404, `{"message":"Resource not found."}`)(w, r)
	})
	got, err := erasuretest.Deliver(
		t,
		a.connector(t, erasuretest.Client()),
		erasuretest.Deletion("person", nil, "contact", "newsletter"),
	)
	if err != nil || got != "not_found" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCarry_FailsSoThatItIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request) bool
		want  string
		after time.Duration
	}{
		"too many calls": {erasuretest.Answering(429, `{"message":"Too Many Attempts."}`, "Retry-After", "59", "X-RateLimit-Limit", "120"), "429", 59 * time.Second},
		"broken down":    {erasuretest.Answering(500, `{"message":"ala@leak.example"}`), "the answer was 500", 0},
		"refused":        {erasuretest.Answering(422, `{"message":"ala@leak.example"}`), "the answer was 422", 0},
		"another key":    {erasuretest.Answering(401, `{"message":"Unauthenticated."}`), "the key was refused; create a new token", 0},
		"no right":       {erasuretest.Answering(403, `{}`), "the key was refused; create a new token", 0},
		"no JSON":        {erasuretest.Answering(200, `<html>ala@leak.example</html>`), "not the documented JSON", 0},
		"moved":          {erasuretest.Answering(302, ``, "Location", "/ala"), "redirects are not followed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			a.Fault(c.fault)
			_, err := erasuretest.Deliver(
				t,
				a.connector(t, erasuretest.Client()),
				erasuretest.Deletion("person", nil, "contact", "newsletter"),
			)
			if err == nil || !strings.Contains(err.Error(), c.want) ||
				!strings.HasPrefix(err.Error(), "MailerLite: find the subscriber: ") {
				t.Fatalf("got %v", err)
			}
			var wait *dispatch.Wait
			if errors.As(err, &wait) != (c.after > 0) || wait != nil && wait.After != c.after {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCarry_OfADeadServerSaysNoAddress(t *testing.T) {
	a := newAccount(t)
	connector := a.connector(t, erasuretest.Client())
	a.Close()
	if _, err := erasuretest.Deliver(t, connector, erasuretest.Deletion("person", nil, "contact")); err == nil {
		t.Error("no error")
	}
}

func TestCarry_ADryRunChangesNothing(t *testing.T) {
	a := newAccount(t)
	r := &outbound.DryRun{}
	connector := a.connector(t, r.Client(erasuretest.Client()))
	for _, e := range []*stream.Event{
		erasuretest.Deletion("person", nil, "contact", "newsletter"),
		erasuretest.Stays(erasuretest.Deletion("part", nil, "newsletter", "marketing_profile"), "contact"),
	} {
		if _, err := erasuretest.Deliver(t, connector, e); err != nil {
			t.Fatal(err)
		}
	}
	if changes := a.Changes(); len(changes) != 0 {
		t.Errorf("it made %q", changes)
	}
	calls := r.Take()
	if len(calls) != 4 || calls[0].Method != "POST" || calls[0].URL != a.URL+me+"/forget" || calls[3].Method != "PUT" {
		t.Errorf("it shows %+v", calls)
	}
}

func TestNew_WantsAKey(t *testing.T) {
	for _, key := range []string{"", " ", "a b", "a\nb"} {
		if _, err := mailerlite.New(mailerlite.Options{Key: key}); err == nil || !strings.Contains(err.Error(), "key:") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestCarry_CannotAsk(t *testing.T) {
	e := erasuretest.Deletion("part", nil)
	e.Data.Delete, e.Data.Ask = nil, &stream.Ask{}
	if _, err := erasuretest.Deliver(t, newAccount(t).connector(t, erasuretest.Client()), e); err == nil {
		t.Error("no error")
	}
}
