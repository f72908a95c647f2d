package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// TestMarkEchoes_OfOneDeliveryOneIsAnEcho: what a sender calls an echo is none, and of two
// unsubscriptions in one delivery the second is an act of the person.
func TestMarkEchoes_OfOneDeliveryOneIsAnEcho(t *testing.T) {
	p := lifecycletest.Policy(t)
	p.Connected = []rules.ConnectedRecipient{
		{ID: "letters", Source: "letters"}, {ID: "till", Source: "shop"}, {ID: "paper"},
	}
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return at.AddDate(0, 0, n) }
	unsubscribe := func(id, source string, n int) fact.Fact {
		return fact.Fact{
			ID: id, Kind: fact.KindUnsubscribe, Source: source, Traits: []string{fact.TraitUnattributed, fact.TraitEcho},
			Channels: []string{"email"}, Occurred: day(n), Received: day(n),
		}
	}
	s, decisions := lifecycle.Decide(p, lifecycle.Subject{ID: "ala"}, []fact.Fact{
		{ID: "1", Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "f", Occurred: at, Received: at},
		{ID: "2", Kind: fact.KindInvalidated, Occurred: day(2), Received: day(2)},
	}, day(2))
	if len(decisions) != 1 {
		t.Fatalf("%d decisions", len(decisions))
	}
	echoes := func(s lifecycle.Subject, facts ...fact.Fact) string {
		var out []string
		for _, f := range lifecycle.MarkEchoes(p, s, facts) {
			if f.HasTrait(fact.TraitEcho) {
				out = append(out, f.ID)
			}
		}
		return strings.Join(out, " ")
	}
	if got := echoes(s, unsubscribe("early", "letters", 3)); got != "" {
		t.Errorf("%q is an echo of a decision that nobody was told", got)
	}
	s = lifecycle.MarkSent(s, []string{decisions[0].ID})
	if got := echoes(s, unsubscribe("soon", "letters", 3)); got != "soon" {
		t.Errorf("a day after a deletion that only readers of the stream know %q is an echo, want soon", got)
	}
	if got := echoes(s, unsubscribe("later", "letters", 4)); got != "" {
		t.Errorf("two days after a deletion that only readers of the stream know %q is an echo", got)
	}
	deleted := notice.Notice{
		Decision: decisions[0].ID, Kind: stream.KindDelete, At: day(2), Items: []notice.HashedItem{{Category: "newsletter"}},
		Notifications: []notice.Notification{{Recipient: "letters"}, {Recipient: "till"}, {Recipient: "paper"}},
	}
	s.Notices = []notice.Notice{deleted}
	replayed := day(20)
	again := s
	again.Notices = []notice.Notice{deleted}
	again.Notices[0].Replayed = &replayed
	if got := echoes(again, unsubscribe("a", "letters", 45)); got != "a" {
		t.Errorf("after a replay %q is an echo", got)
	}
	answered := day(4)
	done := s
	done.Notices = []notice.Notice{deleted}
	done.Notices[0].Notifications = []notice.Notification{{Recipient: "letters", At: &answered}}
	if got := echoes(done, unsubscribe("soon", "letters", 5)); got != "soon" {
		t.Errorf("a day after the answer of the recipient %q is an echo, want soon", got)
	}
	if got := echoes(done, unsubscribe("later", "letters", 6)); got != "" {
		t.Errorf("two days after the answer of the recipient %q is an echo", got)
	}
	for outcome, want := range map[fact.Outcome]string{
		fact.OutcomeDone: "soon", fact.OutcomeNotFound: "", fact.OutcomeRefused: "",
	} {
		done.Notices[0].Notifications[0].Outcome = outcome
		if got := echoes(done, unsubscribe("soon", "letters", 5)); got != want {
			t.Errorf("a day after the answer %s %q is an echo, want %q", outcome, got, want)
		}
	}
	for name, c := range map[string]struct {
		facts []fact.Fact
		want  string
	}{
		"one":                                {[]fact.Fact{unsubscribe("a", "letters", 3)}, "a"},
		"two of one source":                  {[]fact.Fact{unsubscribe("a", "letters", 3), unsubscribe("b", "letters", 3)}, "a"},
		"one each of two":                    {[]fact.Fact{unsubscribe("a", "letters", 3), unsubscribe("b", "shop", 4)}, "a b"},
		"of a source at which nobody erases": {[]fact.Fact{unsubscribe("a", "other", 3)}, ""},
		"before the deletion":                {[]fact.Fact{unsubscribe("a", "letters", 1)}, ""},
		"on the last day":                    {[]fact.Fact{unsubscribe("a", "letters", 33)}, "a"},
		"said in a form":                     {[]fact.Fact{{ID: "a", Kind: fact.KindUnsubscribe, Source: "forms", Occurred: day(3), Received: day(3)}}, ""},
		"later":                              {[]fact.Fact{unsubscribe("a", "letters", 34)}, ""},
		"while a consent lasts":              {[]fact.Fact{unsubscribe("a", "letters", 5), {ID: "s", Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "f", Occurred: day(4), Received: day(5)}}, ""},
		"after a refusal":                    {[]fact.Fact{unsubscribe("a", "letters", 5), {ID: "r", Kind: fact.KindRefusal, Occurred: day(4), Received: day(5)}}, ""},
		"another kind":                       {[]fact.Fact{{ID: "r", Kind: fact.KindRefusal, Traits: []string{fact.TraitEcho}, Occurred: day(4), Received: day(5)}}, ""},
	} {
		if got := echoes(s, c.facts...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestUnmarkEchoes_ALateFactShowsTheAct: a consent that was in force becomes known after the unsubscription.
func TestUnmarkEchoes_ALateFactShowsTheAct(t *testing.T) {
	p := lifecycletest.Policy(t)
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return at.AddDate(0, 0, n) }
	s := lifecycle.Subject{Facts: []fact.Fact{
		{ID: "1", Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "f", Occurred: at, Received: at},
		{ID: "2", Kind: fact.KindInvalidated, Occurred: day(2), Received: day(2)},
		{
			ID: "3", Kind: fact.KindUnsubscribe, Traits: []string{fact.TraitUnattributed, fact.TraitEcho},
			Occurred: day(5), Received: day(5),
		},
	}}
	box := fact.Fact{
		ID: "4", Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "f", Occurred: day(4), Received: day(6),
	}
	for name, late := range map[string][]fact.Fact{"nothing": nil, "a box": {box}} {
		got := lifecycle.UnmarkEchoes(p, s, late)
		if isEcho := got.Facts[2].HasTrait(fact.TraitEcho); isEcho == (len(late) > 0) {
			t.Errorf("after %s: an echo: %v", name, isEcho)
		}
	}
}
