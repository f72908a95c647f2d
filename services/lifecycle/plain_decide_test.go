package lifecycle_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

var plainLives = flag.Int("plain.lives", 300, "how many random lives are decided on, step by step")

// plainLife is one person whose facts are told one by one, with time passing between
// them as the sweep lets it pass, and every decision sent as soon as it is made.
type plainLife struct {
	*testing.T
	policy  *rules.Policy
	subject lifecycle.Subject
	told    []fact.Fact
	said    []decision.Decision
	// stood is when each item that ever stood is last known to have.
	stood map[rules.Item]time.Time
}

// TestDecide_OverALifeDeletesWhatIsOverAndNothingThatStands holds what is said in the
// course of a life against the bases, which do not know what was said: nothing is
// deleted that stands, and at no time is something over of which nothing was said.
func TestDecide_OverALifeDeletesWhatIsOverAndNothingThatStands(t *testing.T) {
	p := lifecycletest.Policy(t)
	decisions := 0
	for n := range uint64(*plainLives) {
		life := &plainLife{
			T:       t,
			policy:  p,
			subject: lifecycle.Subject{ID: "person", Sealed: []byte("address")},
			stood:   map[rules.Item]time.Time{},
		}
		for _, f := range plainLifeFacts(*plainSeed, n) {
			life.passTo(f.Received)
			life.told = append(life.told, f)
			life.decide([]fact.Fact{f}, f.Received)
		}
		life.passTo(time.Date(2070, 1, 1, 0, 0, 0, 0, time.UTC))
		decisions += len(life.said)
		if t.Failed() {
			t.Fatalf("-plain.seed=%d, life %d:\n%s", *plainSeed, n, plainScene{&plainPolicy{}, life.told})
		}
	}
	t.Logf("%d lives, %d decisions", *plainLives, decisions)
}

// plainLifeFacts are facts for the shipped policy, in order of receipt.
func plainLifeFacts(seed, n uint64) []fact.Fact {
	r := &plainRandom{Rand: rand.New(rand.NewPCG(seed, n))}
	speaksOf := &plainRule{
		prolongs: true,
		raised:   fact.Kinds(),
		ended:    []fact.Kind{fact.KindSale, fact.KindSignup, fact.KindObjection},
	}
	r.policy = &plainPolicy{rules: []*plainRule{speaksOf}}
	facts := r.history()
	for i := range facts {
		f := &facts[i]
		if f.Wording != "" {
			f.Wording = plainPick(r, []string{"newsletter-offers", "newsletter-editorial", "offers-phone", "unheard-of"})
		}
		if r.chance(30) {
			f.Received = f.Occurred.Add(time.Duration(r.IntN(60*24)) * time.Hour)
		}
	}
	slices.SortStableFunc(facts, func(a, b fact.Fact) int { return a.Received.Compare(b.Received) })
	return facts
}

// passTo lets time pass, from review to review.
func (l *plainLife) passTo(at time.Time) {
	l.Helper()
	for range 1000 {
		if l.subject.ReviewAt == nil || l.subject.ReviewAt.After(at) {
			return
		}
		l.decide(nil, *l.subject.ReviewAt)
	}
	l.Errorf("a thousand reviews and no end, the last at %s", *l.subject.ReviewAt)
}

// decide checks what is decided against the bases of all that was told, and sends it.
func (l *plainLife) decide(facts []fact.Fact, at time.Time) {
	l.Helper()
	s, fresh := lifecycle.Decide(l.policy, l.subject, facts, at)
	s.Version++
	bases := s.Bases
	if len(s.Facts) == len(l.told) { // nothing is forgotten
		bases = rules.Bases(l.policy, l.told)
	}
	var ids []string
	for _, d := range fresh {
		ids = append(ids, d.ID)
		for _, item := range d.Items() {
			if plainStands(bases, item, at) {
				l.Errorf("at %s %v is to be deleted, and a basis stands", at, item)
			}
		}
	}
	l.said = append(l.said, fresh...)
	l.subject = lifecycle.MarkSent(s, ids)
	if len(l.subject.Outbox) > 0 {
		l.Errorf("at %s something is in the outbox that was not made just now", at)
	}
	l.remember(at)
	l.nothingUnsaid(at)
}

func plainStands(bases []rules.Basis, item rules.Item, at time.Time) bool {
	return slices.ContainsFunc(
		bases,
		func(b rules.Basis) bool { return b.Stands(at) && slices.Contains(b.Keeps, item) },
	)
}

// remember notes what stands, and until when stood what was over when it was told.
// Hashes may be forgotten without a word.
func (l *plainLife) remember(at time.Time) {
	for _, b := range l.subject.Bases {
		last := at
		if b.Until != nil && b.Until.Before(at) {
			last = *b.Until
		}
		for _, item := range b.Keeps {
			if last.After(b.Since) && !l.policy.Categories[item.Category].Pseudonymous {
				l.stood[item] = plainLater(l.stood[item], last)
			}
		}
	}
}

// nothingUnsaid checks that everything that stood, and stands no more, was to be deleted
// since, under whatever name its record then had.
func (l *plainLife) nothingUnsaid(at time.Time) {
	l.Helper()
	h := newPlainHistory(&plainPolicy{}, l.told)
	same := func(a, b rules.Item) bool {
		return a.Category == b.Category && h.record(a.Ref) == h.record(b.Ref)
	}
	for item, last := range l.stood {
		stands := slices.ContainsFunc(l.subject.Bases, func(b rules.Basis) bool {
			return b.Stands(at) && slices.ContainsFunc(b.Keeps, func(x rules.Item) bool { return same(x, item) })
		})
		said := slices.ContainsFunc(l.said, func(d decision.Decision) bool {
			return !d.At.Before(last) && slices.ContainsFunc(d.Items(), func(x rules.Item) bool { return same(x, item) })
		})
		if !stands && !said {
			l.Errorf("at %s %v does not stand, stood at %s, and nobody was told", at, item, last)
		}
	}
}

// TestDecide_WhatCameBackIsDeletedAgain: a contact was deleted, came back with an order
// that was told late, and goes for an erasure that is told later still and was before
// the first deletion. Nothing lapses later than what was said, and other systems hold
// the contact again.
func TestDecide_WhatCameBackIsDeletedAgain(t *testing.T) {
	day := func(month time.Month, day int) time.Time { return time.Date(2023, month, day, 10, 0, 0, 0, time.UTC) }
	told := []fact.Fact{
		{ID: "pending", Kind: fact.KindSignupPending, Occurred: day(7, 29), Received: day(7, 29)},
		{ID: "order", Kind: fact.KindOrderPlaced, Ref: "order-1", Occurred: day(7, 16), Received: day(8, 14)},
		{ID: "erasure", Kind: fact.KindErasure, Occurred: day(7, 17), Received: day(9, 5)},
	}
	life := &plainLife{
		T:       t,
		policy:  lifecycletest.Policy(t),
		subject: lifecycle.Subject{ID: "person", Sealed: []byte("address")},
		stood:   map[rules.Item]time.Time{},
	}
	for _, f := range told {
		life.passTo(f.Received)
		life.told = append(life.told, f)
		life.decide([]fact.Fact{f}, f.Received)
	}
}
