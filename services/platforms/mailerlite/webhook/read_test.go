package webhook_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
)

const secret = "s3cret"

var now = time.Unix(1_760_000_000, 0)

func list() ingest.Source {
	return ingest.Source{
		ID:      "list",
		Secrets: []string{secret},
		Wording: "newsletter-1",
	}
}

// grouped is a source with groups of every kind.
func grouped() ingest.Source {
	source := list()
	source.Groups = map[string]string{"900": "webinar", "901": "ignore", "902": "newsletter"}
	return source
}

func provider(t testing.TB, source ingest.Source) *webhook.Provider {
	t.Helper()
	p, err := webhook.New(source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recorded is a recorded webhook about subscriber 77 in a status; further fields come after the last
// field of the subscriber, and of a name given twice the later counts.
func recorded(name, status, more string) string {
	const last = `"optin_ip":null`
	return facttest.Change(facttest.Change(facttest.Payload(name), `"active"`, strconv.Quote(status)), last, last+more)
}

func unnamed(status, more string) string { return recorded("subscriber_without_event", status, more) }

func flat(event, status, more string) string {
	return facttest.Change(recorded("subscriber_created", status, more), "subscriber.created", event)
}

func nested(event, status, group string) string {
	body := facttest.Change(recorded("subscriber_added_to_group", status, ""), "subscriber.added_to_group", event)
	return facttest.Change(body, `"900"`, strconv.Quote(group))
}

func classic(event, state, more string) string {
	const last = `"date_updated":null`
	body := facttest.Change(facttest.Payload("classic_subscriber_created"), `"active"`, strconv.Quote(state))
	return facttest.Change(facttest.Change(body, last, last+more), "subscriber.create", event)
}

const (
	ref      = "ref=mailerlite:subscriber/77 "
	ann      = "who=mailerlite:77,email:ann@example.com\n"
	consent  = ref + "wording=newsletter-1 channels=email form=webform ip=192.0.2.7 "
	agreed   = "signup 2025-10-09T08:00:00Z " + consent + ann
	listed   = "listed 2025-10-09T09:00:00Z " + ref + "channels=email " + ann
	signup   = agreed + listed
	bobs     = "ref=mailerlite:subscriber/88 "
	bob      = "who=mailerlite:88,email:bob@example.com\n"
	bobOn    = "listed 2025-10-09T08:53:20Z " + bobs + "channels=email " + bob
	confirm  = `,"opted_in_at":"2025-10-09T08:30:00.000000Z","optin_ip":"2001:db8::1"`
	unsubbed = `,"unsubscribed_at":"2025-10-09 08:45:00"`
)

// unproven returns a reading with every sign-up unproven.
func unproven(reading string) string {
	return strings.ReplaceAll(reading, "channels=email form=", "channels=email traits=unproven form=")
}

type reads struct{ name, body, want string }

func check(t *testing.T, cases []reads) {
	t.Helper()
	checkOf(t, list(), cases)
}

func checkOf(t *testing.T, source ingest.Source, cases []reads) {
	t.Helper()
	p := provider(t, source)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.Read(http.Header{}, []byte(c.body), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, facttest.Reading(got)); diff != "" {
				t.Error(diff)
			}
			for _, flaw := range facttest.Flaws("list", got, err) {
				t.Error(flaw)
			}
		})
	}
}

func TestSubscribers(t *testing.T) {
	confirmed := "signup 2025-10-09T08:30:00Z " + ref +
		"wording=newsletter-1 channels=email form=webform ip=2001:db8::1 double_opt_in=2025-10-09T08:30:00Z " + ann + listed
	unsubscribe := "unsubscribe 2025-10-09T08:45:00Z " + ref + "channels=email traits=unattributed " + ann
	changed := "2025-10-09T09:00:00Z " + ref + "channels=email " + ann
	check(t, []reads{
		{"created", flat("subscriber.created", "active", ""), signup},
		{"updated", flat("subscriber.updated", "active", `,"updated_at":"2025-12-01T00:00:00.000000Z"`),
			unproven(agreed) + strings.Replace(listed, "2025-10-09T09", "2025-12-01T00", 1)},
		{"by a form", nested("subscriber.added_through_form", "active", ""), signup},
		{
			"created, to be confirmed",
			flat("subscriber.created", "unconfirmed", ""),
			"signup_pending 2025-10-09T08:00:00Z " + ref + "channels=email " + ann,
		},
		{"confirmed", flat("subscriber.updated", "active", confirm), confirmed},
		{"confirmed, told by another event", flat("subscriber.active", "active", confirm), confirmed},
		{"unsubscribed", flat("subscriber.unsubscribed", "unsubscribed", unsubbed), unsubscribe},
		{"unsubscribed, told by an update", flat("subscriber.updated", "unsubscribed", unsubbed), unsubscribe},
		{
			"unsubscribed, and no word of when",
			flat("subscriber.unsubscribed", "unsubscribed", ""),
			"unsubscribe " + strings.Replace(changed, "channels=email", "channels=email traits=unattributed", 1),
		},
		{"complaint", flat("subscriber.spam_reported", "junk", ""), "objection " + changed},
		{"complaint, told by an update", flat("subscriber.updated", "junk", ""), "objection " + changed},
		{"bounced", flat("subscriber.bounced", "bounced", ""), "bounce " + changed},
		{
			"deleted",
			`{"events":[` + flat("subscriber.deleted", "active", `,"forget_at":"2025-11-09T00:00:00.000000Z"`) + `],"total":1}`,
			"silent deleted_by_shop\n",
		},
		{"no name of an event, active", facttest.Payload("subscriber_without_event"), unproven(signup)},
		{"no name of an event, unsubscribed", unnamed("unsubscribed", unsubbed), unsubscribe},
		{
			"no name of an event, unconfirmed",
			unnamed("unconfirmed", ""),
			"signup_pending 2025-10-09T08:00:00Z " + ref + "channels=email " + ann,
		},
		{
			"no times",
			flat("subscriber.created", "active", `,"subscribed_at":null,"created_at":"0000-00-00 00:00:00","updated_at":""`),
			unproven("signup - " + consent + ann),
		},
		{"nobody", `{"event":"subscriber.created","status":"active"}`, "unread no_person\n"},
		{
			"imported",
			facttest.Change(flat("subscriber.created", "active", ""), `"webform"`, `"import"`),
			strings.ReplaceAll(unproven(signup), "form=webform", "form=import"),
		},
		{"an automation", nested("subscriber.automation_triggered", "active", ""), "silent unhandled_event\n"},
		{"a campaign", nested("campaign.open", "active", ""), "silent unhandled_event\n"},
		{"an unknown status", flat("subscriber.updated", "resting", ""), "silent nothing_new\n"},
	})
}

// TestGroups_AWebinarHasTheDayOfTheConfiguration has a webinar of which the seller said when it takes place.
func TestGroups_AWebinarHasTheDayOfTheConfiguration(t *testing.T) {
	source := grouped()
	source.Webinars = map[string]time.Time{"900": time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)}
	checkOf(t, source, []reads{{
		"webinar",
		nested("subscriber.added_to_group", "active", "900"),
		"webinar 2025-10-09T09:00:00Z ref=mailerlite:group/900 event_at=2025-12-01T00:00:00Z " + ann,
	}})
}

func TestGroups(t *testing.T) {
	checkOf(t, grouped(), []reads{
		{
			"webinar",
			nested("subscriber.added_to_group", "active", "900"),
			"webinar 2025-10-09T09:00:00Z ref=mailerlite:group/900 " + ann,
		},
		{
			"webinar, address not confirmed",
			nested("subscriber.added_to_group", "unconfirmed", "900"),
			"webinar 2025-10-09T09:00:00Z ref=mailerlite:group/900 " + ann,
		},
		{"ignored", nested("subscriber.added_to_group", "active", "901"), "silent ignored_group\n"},
		{"newsletter", nested("subscriber.added_to_group", "active", "902"), unproven(signup)},
		{"not listed", nested("subscriber.added_to_group", "active", "903"), unproven(signup)},
		{"left", nested("subscriber.removed_from_group", "active", "902"), "silent nothing_new\n"},
	})
}

func TestBatches(t *testing.T) {
	checkOf(t, grouped(), []reads{
		{
			"two events",
			`{"events":[` + nested(
				"subscriber.added_to_group",
				"active",
				"900",
			) + `,` + flat(
				"subscriber.unsubscribed",
				"unsubscribed",
				unsubbed,
			) + `],"total":2}`,
			"webinar 2025-10-09T09:00:00Z ref=mailerlite:group/900 " + ann + "unsubscribe 2025-10-09T08:45:00Z " + ref + "channels=email traits=unattributed " + ann,
		},
		{
			"one cannot be read",
			`{"events":[{"subscriber":"ann@example.com"},` + nested(
				"subscriber.added_to_group",
				"active",
				"900",
			) + `],"total":2}`,
			"webinar 2025-10-09T09:00:00Z ref=mailerlite:group/900 " + ann + "unread unreadable_event\n",
		},
		{"none", `{"events":[],"total":0}`, "silent nothing_new\n"},
	})
}

func TestClassic(t *testing.T) {
	check(t, []reads{
		{
			"created",
			classic("subscriber.create", "active", ""),
			"signup 2025-10-09T07:00:00Z " + bobs + "wording=newsletter-1 channels=email form=list " + bob + bobOn,
		},
		{"by a form", classic("subscriber.added_through_webform", "active", `,"date_subscribe":"2025-10-09 07:30:00"`),
			"signup 2025-10-09T07:30:00Z " + bobs + "wording=newsletter-1 channels=email form=list " + bob + bobOn},
		{
			"to be confirmed",
			classic("subscriber.create", "unconfirmed", ""),
			"signup_pending 2025-10-09T07:00:00Z " + bobs + "channels=email " + bob,
		},
		{"unsubscribed", classic("subscriber.unsubscribe", "unsubscribed", `,"date_unsubscribe":"2025-10-09 08:00:00"`),
			"unsubscribe 2025-10-09T08:00:00Z " + bobs + "channels=email traits=unattributed " + bob},
		{
			"complaint",
			classic("subscriber.complaint", "junk", ""),
			"objection 2025-10-09T08:53:20Z " + bobs + "channels=email " + bob,
		},
		{
			"bounced",
			classic("subscriber.bounced", "bounced", ""),
			"bounce 2025-10-09T08:53:20Z " + bobs + "channels=email " + bob,
		},
		{"left a group", classic("subscriber.remove_from_group", "active", ""), "silent nothing_new\n"},
	})
	checkOf(t, grouped(), []reads{
		{
			"webinar",
			strings.Replace(classic("subscriber.add_to_group", "active", ""), `"data":{`, `"data":{"group":{"id":900},`, 1),
			"webinar 2025-10-09T08:53:20Z ref=mailerlite:group/900 " + bob,
		},
	})
}

func TestZone(t *testing.T) {
	source := list()
	source.Zone = time.FixedZone("list", 2*60*60)
	got, err := provider(t, source).Read(http.Header{}, []byte(classic("subscriber.create", "active", "")), now)
	want := "signup 2025-10-09T05:00:00Z " + bobs + "wording=newsletter-1 channels=email form=list " + bob + bobOn
	if diff := cmp.Diff(want, facttest.Reading(got)); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestSameMeaningSameID(t *testing.T) {
	const later = `,"updated_at":"2025-12-01T00:00:00.000000Z","email":"ann@new.example"`
	for _, c := range []struct {
		name, first, second string
		same                bool
	}{
		{"created, then updated", flat("subscriber.created", "active", ""), flat("subscriber.updated", "active", later), true},
		{"unsubscribed, then updated", flat("subscriber.unsubscribed", "unsubscribed", unsubbed), flat("subscriber.updated", "unsubscribed", unsubbed+later), true},
		{"unsubscribed twice", flat("subscriber.unsubscribed", "unsubscribed", unsubbed), flat("subscriber.unsubscribed", "unsubscribed", `,"unsubscribed_at":"2025-12-01 00:00:00"`), false},
		{"webinar, told twice", nested("subscriber.added_to_group", "active", "900"),
			strings.Replace(nested("subscriber.added_to_group", "active", "900"), "09:00:00", "10:00:00", 1), true},
		{"signed up again", flat("subscriber.updated", "active", ""), flat("subscriber.updated", "active", confirm), false},
	} {
		p := provider(t, grouped())
		first, err1 := p.Read(http.Header{}, []byte(c.first), now)
		second, err2 := p.Read(http.Header{}, []byte(c.second), now)
		if err1 != nil || err2 != nil || len(first.Facts) == 0 || len(second.Facts) == 0 {
			t.Fatal(c.name, err1, err2, first, second)
		}
		if same := first.Facts[0].GetId() == second.Facts[0].GetId(); same != c.same {
			t.Errorf("%s: same id: %v, want %v", c.name, same, c.same)
		}
		if first.ID == second.ID {
			t.Errorf("%s: two deliveries have one id", c.name)
		}
	}
}

func TestUnread(t *testing.T) {
	p := provider(t, list())
	for name, c := range map[string]struct{ body, want string }{
		"empty":                    {"", "unread not_json\n"},
		"a list":                   {"[]", "unread not_json\n"},
		"cut off":                  {`{"id":"17`, "unread not_json\n"},
		"trailing":                 {flat("subscriber.created", "active", "") + "{}", "unread not_json\n"},
		"a person of another type": {`{"event":"subscriber.unsubscribed","subscriber":"ann@example.com"}`, "unread no_person\n"},
	} {
		got, err := p.Read(http.Header{}, []byte(c.body), now)
		if text := facttest.Reading(got); err != nil || text != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, text, err, c.want)
		}
		for _, flaw := range facttest.Flaws("list", got, err) {
			t.Errorf("%s: %s", name, flaw)
		}
	}
}

func TestVerify(t *testing.T) {
	p := provider(t, list())
	body := []byte(flat("subscriber.created", "active", ""))
	sum := mailerlite.Sign(secret, body)
	raw, err := hex.DecodeString(sum)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header http.Header
		want   error
	}{
		"new":            {http.Header{"Signature": {sum}}, nil},
		"Classic":        {http.Header{"X-Mailerlite-Signature": {base64.StdEncoding.EncodeToString(raw)}}, nil},
		"unsigned":       {http.Header{}, ingest.ErrSignature},
		"another secret": {http.Header{"Signature": {mailerlite.Sign("other", body)}}, ingest.ErrSignature},
	} {
		if err := p.Verify(c.header, body, now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := webhook.New(
		ingest.Source{ID: "list", Secrets: []string{""}},
	); err == nil ||
		!strings.Contains(err.Error(), "list") {
		t.Errorf("blank secret: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, body := range []string{
		flat("subscriber.created", "active", confirm),
		nested("subscriber.added_to_group", "active", "900"),
		classic("subscriber.unsubscribe", "unsubscribed", ""),
		`{"events":[` + flat("subscriber.bounced", "bounced", "") + `],"total":1}`,
		unnamed("junk", ""),
	} {
		f.Add([]byte(body))
	}
	p := provider(f, list())
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := p.Read(http.Header{}, body, now)
		for _, flaw := range facttest.Flaws("list", got, err) {
			t.Error(flaw)
		}
	})
}
