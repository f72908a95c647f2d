package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// now is when every random history is looked at.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// anyHistory draws facts of one person over the last nine years, with ties in
// time and shared records, all received within the last month.
func anyHistory(t *rapid.T) []fact.Fact {
	n := rapid.IntRange(1, 14).Draw(t, "facts")
	facts := make([]fact.Fact, 0, n+3)
	for i := range n {
		facts = append(facts, anyFact(t, i))
	}
	// Later states repeat some of the facts.
	for range rapid.IntRange(0, 3).Draw(t, "repeated in a state") {
		f := rapid.SampledFrom(facts).Draw(t, "repeated")
		if f.StateOf != "" && f.Kind != fact.KindState {
			at := f.AsOf.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "days later")) * 24 * time.Hour)
			f.AsOf = &at
			f.Full = rapid.Bool().Draw(t, "still full")
			facts = append(facts, f)
		}
	}
	return facts
}

func anyFact(t *rapid.T, i int) fact.Fact {
	hours := rapid.SampledFrom([]int{1, 24, 24 * 3, 24 * 3, 24 * 20, 24 * 200, 24 * 365 * 2, 24 * 365 * 5, 24 * 365 * 8}).
		Draw(t, "hours ago")
	ref := fmt.Sprintf("order-%d", rapid.IntRange(1, 3).Draw(t, "order"))
	f := fact.Fact{
		ID:       fmt.Sprintf("f%02d", i),
		Kind:     rapid.SampledFrom(fact.Kinds()).Draw(t, "kind"),
		Occurred: now.Add(-time.Duration(hours) * time.Hour),
		Received: now.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "days since receipt")) * 24 * time.Hour),
		Ref:      ref,
		Wording: rapid.SampledFrom([]string{"newsletter-offers", "newsletter-editorial", "unheard-of", "offers-phone"}).
			Draw(t, "wording"),
		Channels: rapid.SampledFrom([][]string{nil, {"email"}, {"sms"}}).Draw(t, "channels"),
		Purposes: rapid.SampledFrom([][]string{nil, nil, {"offers"}, {"claims"}}).Draw(t, "purposes"),
		Full:     rapid.Bool().Draw(t, "full"),
		Access:   rapid.SampledFrom(fact.Accesses()).Draw(t, "access"),
	}
	f.Traits = rapid.SampledFrom([][]string{nil, nil, nil, {"business"}, {"oss"}, {"unverified"}, {"preticked"}, {"for_claims"}, {"limitation"}, {"child"}, {"authenticated"}, {"test"}, {"unproven"}, {"echo"}}).
		Draw(t, "traits")
	f.Outcome = rapid.SampledFrom([]fact.Outcome{"", "granted", "refused"}).Draw(t, "outcome")
	f.Form = rapid.SampledFrom([]string{"", "footer"}).Draw(t, "form")
	f.Address = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "address")
	if rapid.Bool().Draw(t, "told") {
		f.InformedAt = &f.Occurred
	}
	f.AccessDays = rapid.SampledFrom([]int{0, 30, 400}).Draw(t, "access days")
	f.PerformanceAwaited = rapid.Bool().Draw(t, "awaited")
	if rapid.Bool().Draw(t, "linked") {
		f.Links = []string{"payment-" + ref, fmt.Sprintf("order-%d", rapid.IntRange(1, 4).Draw(t, "link"))}
	}
	if rapid.Bool().Draw(t, "of a state") && !f.Kind.IsAboutPerson() || f.Kind == fact.KindState {
		at := now.Add(-time.Duration(rapid.IntRange(1, 6).Draw(t, "state of days ago")) * 24 * time.Hour)
		f.StateOf, f.AsOf = ref, &at
		f.Parts = rapid.SampledFrom([][]string{nil, {"1:mug"}, {"1:cup"}, {"1:mug", "2:pen"}, {"2:pen"}}).Draw(t, "parts")
	}
	f.Matter = rapid.SampledFrom([]string{"", "", "case-1", "case-2"}).Draw(t, "matter")
	if f.Access == fact.AccessSubscription {
		f.Contract = rapid.SampledFrom([]string{"", "sub-1", "sub-2"}).Draw(t, "contract")
	}
	return f
}

// scatter returns the facts shuffled, some of them repeated, cut into batches.
func scatter(t *rapid.T, facts []fact.Fact) [][]fact.Fact {
	all := slices.Clone(facts)
	for range rapid.IntRange(0, 4).Draw(t, "repeats") {
		all = append(all, rapid.SampledFrom(facts).Draw(t, "repeat"))
	}
	all = rapid.Permutation(all).Draw(t, "order")
	var batches [][]fact.Fact
	for len(all) > 0 {
		n := rapid.IntRange(1, len(all)).Draw(t, "batch")
		batches = append(batches, all[:n])
		all = all[n:]
	}
	return batches
}

func decideAll(p *rules.Policy, batches [][]fact.Fact) lifecycle.Subject {
	s := lifecycle.Subject{ID: "person"}
	for _, batch := range batches {
		s, _ = lifecycle.Decide(p, s, batch, now)
		s.Version++
	}
	return s
}

func TestDecide_ArrivalDoesNotMatter(t *testing.T) {
	p := lifecycletest.Policy(t)
	rapid.Check(t, func(t *rapid.T) {
		facts := anyHistory(t)
		want := decideAll(p, [][]fact.Fact{facts})
		got := decideAll(p, scatter(t, facts))
		got.Version = want.Version
		// Notes tell what is news, in the order in which it came.
		if diff := cmp.Diff(
			want,
			got,
			cmpopts.EquateEmpty(),
			cmpopts.IgnoreFields(lifecycle.Subject{}, "Notes"),
			cmpopts.IgnoreSliceElements(isOfTheArrival),
		); diff != "" {
			t.Fatalf("in another order the subject differs (-in order +scattered):\n%s", diff)
		}
	})
}

// TestDecide_WhatIsSentCoversWhatIsDue sends decisions as they are made, in the
// way that they go out, and then checks that nothing due was left unsaid.
func TestDecide_WhatIsSentCoversWhatIsDue(t *testing.T) {
	p := lifecycletest.Policy(t)
	rapid.Check(t, func(t *rapid.T) {
		facts := anyHistory(t)
		due := decideAll(p, [][]fact.Fact{facts}).Outbox
		s := lifecycle.Subject{ID: "person"}
		var sent []decision.Decision
		ids := map[string]int{}
		for _, batch := range scatter(t, facts) {
			var fresh []decision.Decision
			s, fresh = lifecycle.Decide(p, s, batch, now)
			s.Version++
			var gone []string
			for _, d := range fresh {
				ids[d.ID]++
				gone = append(gone, d.ID)
			}
			sent = append(sent, fresh...)
			s = lifecycle.MarkSent(s, gone)
		}
		for _, d := range due {
			if !said(sent, d) {
				t.Errorf("due and never said: %+v", d)
			}
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("decision %s was made %d times", id, n)
			}
		}
	})
}

// said reports whether the decision was sent, whole or in parts.
func said(sent []decision.Decision, d decision.Decision) bool {
	if d.Kind == stream.KindAskConsent {
		return slices.ContainsFunc(sent, func(x decision.Decision) bool { return x.ID == d.ID })
	}
	for _, item := range d.Items() {
		if !slices.ContainsFunc(sent, func(x decision.Decision) bool {
			return slices.Contains(x.Items(), item) && !x.Effective.Before(d.Effective)
		}) {
			return false
		}
	}
	return true
}

func TestDecide_NothingHeldIsDeletedAndNothingLapsedIsKept(t *testing.T) {
	p := lifecycletest.Policy(t)
	rapid.Check(t, func(t *rapid.T) {
		s := decideAll(p, scatter(t, anyHistory(t)))
		held := map[rules.Item]bool{}
		for _, b := range s.Bases {
			if b.Stands(now) {
				for _, item := range b.Keeps {
					held[item] = true
				}
			}
		}
		deleted := map[rules.Item]bool{}
		for _, d := range s.Outbox {
			for _, item := range d.Items() {
				deleted[item] = true
				if held[item] {
					t.Errorf("%v has a basis and is to be deleted", item)
				}
			}
		}
		for _, b := range s.Bases {
			for _, item := range b.Keeps {
				if !b.Since.After(now) && !held[item] && !deleted[item] {
					t.Errorf("%v has no basis left and nobody is told to delete it", item)
				}
			}
		}
	})
}

func TestAbsorb_LosesNoFactWhicheverSideTheyCameFrom(t *testing.T) {
	p := lifecycletest.Policy(t)
	rapid.Check(t, func(t *rapid.T) {
		facts := anyHistory(t)
		cut := rapid.IntRange(0, len(facts)).Draw(t, "cut")
		want := decideAll(p, [][]fact.Fact{facts})
		a, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "person"}, facts[:cut], now)
		b, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "other"}, facts[cut:], now)
		got, _ := lifecycle.Decide(p, lifecycle.Merge(a, b), nil, now)
		if diff := cmp.Diff(want.Facts, got.Facts, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("facts differ (-one person +two joined):\n%s", diff)
		}
		if diff := cmp.Diff(want.Bases, got.Bases, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("bases differ (-one person +two joined):\n%s", diff)
		}
	})
}

// isOfTheArrival reports whether a label depends on the order in which facts arrived.
func isOfTheArrival(label string) bool {
	return strings.HasPrefix(label, "moved:") || label == lifecycle.LabelAlarm
}
