package history_test

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	listhistory "github.com/rodopath/rodopath/services/platforms/mailerlite/history"
	"github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
)

func reader(t *testing.T, list *historytest.List) *listhistory.Reader {
	t.Helper()
	server := httptest.NewServer(list.Handler())
	t.Cleanup(server.Close)
	r, err := listhistory.New(history.Options{
		URL: server.URL, Key: historytest.Key, AllowPrivate: true, PerSecond: 1e6, Backoff: time.Millisecond,
		Groups: map[string]string{historytest.Webinar: "webinar"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func provider(t *testing.T) ingest.Provider {
	t.Helper()
	p, err := webhook.New(ingest.Source{
		ID: "letters", Secrets: []string{"s3cret"}, Wording: "newsletter-offers",
		Groups: map[string]string{historytest.Webinar: "webinar"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// facts are the kinds of the facts of a webhook, with a mark of the unproven, by the ids of the facts and the person:
// two registrations for one webinar have one id.
func facts(t *testing.T, p ingest.Provider, body []byte) map[string]string {
	t.Helper()
	reading, err := p.Read(nil, body, time.Now())
	if err != nil || reading.Unread != "" {
		t.Fatalf("read: %v, unread %q", err, reading.Unread)
	}
	out := map[string]string{}
	for _, f := range reading.Facts {
		out[f.GetId()+" "+f.GetIdentities()[0].GetValue()] = f.GetKind().
			String() +
			f.GetOccurred().
				String() +
			strings.Join(
				f.GetTraits(),
				" ",
			)
	}
	return out
}

// readAll reads a list, and begins anew at the last cursor after every page.
func readAll(t *testing.T, r *listhistory.Reader) map[string]string {
	t.Helper()
	p, all := provider(t), map[string]string{}
	var at history.Cursor
	for done := false; !done; {
		for page, err := range r.Pages(t.Context(), at) {
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Objects {
				maps.Copy(all, facts(t, p, o.Body))
			}
			at, done = page.Next, page.Next == nil
			break
		}
	}
	return all
}

// told are the facts of the webhooks with some event about each subscriber in one of some states.
func told(t *testing.T, list *historytest.List, event string, states ...string) map[string]string {
	t.Helper()
	p, all := provider(t), map[string]string{}
	list.Each(func(s historytest.Thing) {
		if !slices.Contains(states, s["status"].(string)) {
			return
		}
		flat := maps.Clone(s)
		flat["event"] = event
		maps.Copy(all, facts(t, p, flat.Body()))
	})
	return all
}

func TestReader_TellsWhatTheWebhooksTell(t *testing.T) {
	list := historytest.NewList(1, 400)
	list.Plan(func(call int) historytest.Fault { return historytest.Fault(call % 4) })
	got := readAll(t, reader(t, list))
	want := told(t, list, "subscriber.updated", "active", "unsubscribed", "bounced", "unconfirmed", "junk")
	for id, fact := range want {
		if got[id] != fact {
			t.Errorf("got %q, want the fact %q", got[id], fact)
		}
	}
	for id, fact := range got { // of a webinar beside the newsletter: its own event
		if want[id] == "" && !strings.HasPrefix(fact, "KIND_WEBINAR") {
			t.Errorf("the history tells %q, and no webhook does", fact)
		}
	}
	// The webhook of the act gives the same fact; of a sign-up perhaps with the proof that the list does not have.
	for event, states := range map[string][]string{
		"subscriber.created": {"active", "unconfirmed"}, "subscriber.unsubscribed": {"unsubscribed", "junk"},
		"subscriber.bounced": {"bounced"}, "subscriber.spam_reported": {"junk"},
	} {
		for id, fact := range told(t, list, event, states...) {
			if _, ok := got[id]; !ok && (event != "subscriber.unsubscribed" || !strings.HasPrefix(fact, "KIND_UNSUBSCRIBE")) {
				t.Errorf("%s: the history does not tell %q", event, fact)
			}
		}
	}
}

// TestReader_NothingIsFresh: a fact of the history is as old as the record says.
func TestReader_NothingIsFresh(t *testing.T) {
	list := historytest.NewList(2, 100)
	p := provider(t)
	for page, err := range reader(t, list).Pages(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			reading, err := p.Read(nil, o.Body, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range reading.Facts {
				if at := f.GetOccurred(); at == nil || time.Since(at.AsTime()) < 24*time.Hour {
					t.Errorf("%s occurred at %v", f.GetKind(), at.AsTime())
				}
			}
		}
	}
}

func TestReader_EverySubscriberIsAWebhookOfItsOwn(t *testing.T) {
	list := historytest.NewList(3, 30)
	n := 0
	for page, err := range reader(t, list).Pages(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			var batch struct{ Events []struct{ Event string } }
			if err := json.Unmarshal(o.Body, &batch); err != nil || len(batch.Events) == 0 {
				t.Errorf("%v: %s", err, o.Body)
			}
			n++
		}
	}
	if n != 30 {
		t.Errorf("got %d subscribers, want 30", n)
	}
}
