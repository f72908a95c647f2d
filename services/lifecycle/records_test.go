package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// shopper draws the facts of one customer of a shop.
type shopper struct{ *rand.Rand }

func chosen[T any](r shopper, from ...T) T { return from[r.IntN(len(from))] }

// life is a random life: facts about few records, mostly orders, with acts of consent in some lives.
func (r shopper) life() []fact.Fact {
	kinds := []fact.Kind{
		fact.KindOrderPlaced, fact.KindOrderPlaced, fact.KindSale, fact.KindSale, fact.KindSale, fact.KindRefund,
		fact.KindPerformed, fact.KindOrderExpired, fact.KindAccessStarted, fact.KindAccessEnded, fact.KindWebinar,
		fact.KindNegotiationOpened, fact.KindComplaint,
	}
	if r.IntN(2) == 0 {
		kinds = append(kinds, fact.KindState, fact.KindState, fact.KindState)
	}
	if r.IntN(2) == 0 {
		kinds = append(kinds, fact.KindSignup, fact.KindUnsubscribe, fact.KindListed, fact.KindBounce, fact.KindRefusal)
	}
	if r.IntN(8) == 0 {
		kinds = append(kinds, fact.Kinds()...)
	}
	facts := make([]fact.Fact, 8+r.IntN(30))
	for i := range facts {
		facts[i] = r.fact(i, kinds)
		if old := &facts[r.IntN(i+1)]; i > 0 && old.StateOf != "" && r.IntN(3) == 0 { // again, in a later state
			at := old.AsOf.Add(time.Duration(r.IntN(48)) * time.Hour)
			again := *old
			again.AsOf, again.Received = &at, at.Add(time.Hour)
			facts[i] = again
		}
	}
	return facts
}

func (r shopper) fact(i int, kinds []fact.Kind) fact.Fact {
	occurred := now.Add(-time.Duration(chosen(r, 1, 20, 24*10, 24*60, 24*200, 24*800, 24*1900)+r.IntN(72)) * time.Hour)
	f := fact.Fact{
		ID: fmt.Sprintf("f%02d", i), Kind: chosen(r, kinds...), Source: chosen(r, "shop", "payments"), Occurred: occurred,
		Received: occurred.Add(time.Duration(chosen(r, 0, 0, 0, 1, 24*3, 24*50)) * time.Hour),
		Access:   chosen(r, fact.Accesses()...), AccessDays: chosen(r, 0, 30, 400), Full: r.IntN(2) == 0,
		PerformanceAwaited: r.IntN(3) == 0, Wording: chosen(r, "newsletter-offers", "newsletter-editorial"),
		Form: chosen(r, "", "footer"), Address: chosen(r, "", "a", "b"),
		Traits: chosen(r, nil, nil, nil, []string{"business"}, []string{"oss"}),
	}
	if !f.Kind.IsAboutPerson() || r.IntN(10) == 0 {
		f.Ref = fmt.Sprintf("shop:order/%d", r.IntN(9))
	}
	if r.IntN(4) == 0 && !f.Kind.IsAboutPerson() {
		f.Links = []string{fmt.Sprintf("payments:pi_%d", r.IntN(12))}
	}
	if f.Access == fact.AccessSubscription && r.IntN(2) == 0 {
		f.Contract = fmt.Sprintf("shop:sub/%d", r.IntN(3))
	}
	if f.Kind == fact.KindState || r.IntN(5) == 0 && f.Ref != "" {
		at := f.Received.Add(-time.Minute)
		f.StateOf, f.AsOf = f.Ref, &at
		f.Parts = chosen(r, nil, []string{"1:mug"}, []string{"1:cup"})
	}
	return f
}

// published takes decisions out of the outbox, as a relay without recipients does.
func published(s lifecycle.Subject, decisions []decision.Decision) lifecycle.Subject {
	ids := make([]string, len(decisions))
	for i := range decisions {
		ids[i] = decisions[i].ID
	}
	return lifecycle.MarkSent(s, ids)
}

// stored is a subject as a store returns it.
func stored(t *testing.T, s lifecycle.Subject) lifecycle.Subject {
	t.Helper()
	doc, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out lifecycle.Subject
	if err := json.Unmarshal(doc, &out); err != nil {
		t.Fatal(err)
	}
	out.Labels = s.Labels // a store keeps them apart
	return out
}

// missingLabels returns the labels of an evaluation of all facts that an evaluation of records misses, apart from
// moves, from a stage that is less far, and from a consent that does not cover an address that came with a record: a
// list of the permitted uses asks about each person.
func missingLabels(want, got []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(l string) bool {
		return slices.Contains(got, l) || strings.HasPrefix(l, "moved:") ||
			strings.HasSuffix(l, ":consent_for_another_address") ||
			strings.HasPrefix(l, "stage:") && !slices.Contains(got, "stage:other") && !slices.Contains(got, "stage:gone")
	})
}

// randomPolicy is a policy of the scenes for the plain evaluator.
func randomPolicy(t *testing.T, seed uint64) *rules.Policy {
	t.Helper()
	p, err := policy.Parse("random.yaml", []byte(plainRandomScene(3, seed).policy.yaml()), "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestDecide_TheRecordsOfNewFactsAloneGiveTheSameSubject adds the facts of random lives one by one, in the order of
// their receipt or in any, at instants that pass, under the default policy and under random ones: where the evaluation
// looks at the records of a new fact alone, the subject equals that of an evaluation of all facts.
func TestDecide_TheRecordsOfNewFactsAloneGiveTheSameSubject(t *testing.T) {
	lives := 1000
	if testing.Short() {
		lives = 200
	}
	soft, err := lifecycletest.Changed([]string{"soft_opt_in=on"})
	if err != nil {
		t.Fatal(err)
	}
	policies := []*rules.Policy{lifecycletest.Policy(t), nil, lifecycletest.Policy(t), soft}
	alone, all := 0, 0
	for seed := range uint64(lives) {
		r := shopper{rand.New(rand.NewPCG(seed, 11))}
		facts := r.life()
		slices.SortFunc(facts, func(a, b fact.Fact) int { return a.Received.Compare(b.Received) })
		if seed%3 == 0 {
			r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		}
		p := policies[seed%uint64(len(policies))]
		if p == nil {
			p = randomPolicy(t, seed)
		}
		s, at := lifecycle.Subject{ID: "person"}, time.Time{}
		for len(facts) > 0 {
			n := min(len(facts), 1+r.IntN(2))
			news := facts[:n]
			facts = facts[n:]
			for i := range news {
				if news[i].Received.After(at) {
					at = news[i].Received.Add(time.Duration(r.IntN(100)) * time.Second)
				}
			}
			want, decisions := lifecycle.DecideAll(p, s, news, at)
			all++
			if got, ok := lifecycle.DecideRecords(p, s, news, at); ok {
				alone++
				ignored := cmpopts.IgnoreFields(lifecycle.Subject{}, "Bases", "Labels")
				if missing := missingLabels(want.Labels, got.Labels); len(missing) > 0 {
					t.Fatalf("seed %d: the labels %v miss %v", seed, got.Labels, missing)
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), ignored); diff != "" {
					t.Fatalf("seed %d: %+v\nat %s the subject differs (-all facts +records alone):\n%s", seed, news, at, diff)
				}
				if len(decisions) > 0 {
					t.Fatalf("seed %d: records alone give no decision, want %v", seed, decisions)
				}
			}
			s = want
			s.Version++
			if r.IntN(4) > 0 {
				s = stored(t, published(s, s.Outbox))
			}
		}
	}
	t.Logf("%d of %d evaluations looked at records alone", alone, all)
	if alone < all/20 {
		t.Errorf("%d of %d evaluations looked at records alone, want at least a twentieth", alone, all)
	}
}

// TestDecide_OneMoreOrderOfManyIsEvaluatedAlone: after the unpaid orders of an attack, one more order is evaluated by
// itself, and the result is that of an evaluation of all.
func TestDecide_OneMoreOrderOfManyIsEvaluatedAlone(t *testing.T) {
	p, begin := lifecycletest.Policy(t), now.AddDate(0, 0, -1)
	all := orders(601, begin)
	s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: "bot"}, all[:600], begin)
	if s.Version = 1; !s.Separable {
		t.Fatal("the next evaluation must look at all facts, want the records of new facts alone")
	}
	s = stored(t, s)
	got, decisions := lifecycle.Decide(p, s, all[600:], now)
	want, _ := lifecycle.DecideAll(p, s, all[600:], now)
	if len(decisions) > 0 || got.Bases != nil {
		t.Errorf("got %d decisions and %d bases, want none of an evaluation of one record", len(decisions), len(got.Bases))
	}
	ignored := cmpopts.IgnoreFields(lifecycle.Subject{}, "Bases", "Labels")
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), ignored); diff != "" {
		t.Errorf("the subject differs (-all facts +one record):\n%s", diff)
	}
}
