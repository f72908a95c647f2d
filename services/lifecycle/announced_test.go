package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// saidLife is a person whose decisions are sent as soon as they are made.
type saidLife struct {
	policy  *rules.Policy
	subject lifecycle.Subject
	ids     []string
}

func newSaidLife(t *testing.T, id string, changes ...string) *saidLife {
	t.Helper()
	return &saidLife{policy: changedPolicy(t, changes...), subject: lifecycle.Subject{ID: id, Sealed: []byte("address")}}
}

func changedPolicy(t *testing.T, changes ...string) *rules.Policy {
	t.Helper()
	p, err := lifecycletest.Changed(changes)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tell applies facts and returns the decisions that are new.
func (l *saidLife) tell(at time.Time, facts ...fact.Fact) []decision.Decision {
	s, fresh := lifecycle.Decide(l.policy, l.subject, facts, at)
	s.Version++
	var ids []string
	for _, d := range fresh {
		ids = append(ids, d.ID)
	}
	l.ids = append(l.ids, ids...)
	l.subject = lifecycle.MarkSent(s, ids)
	return fresh
}

// pass lets time pass and returns what was decided on the way.
func (l *saidLife) pass(to time.Time) []decision.Decision {
	var out []decision.Decision
	for l.subject.ReviewAt != nil && !l.subject.ReviewAt.After(to) {
		out = append(out, l.tell(*l.subject.ReviewAt)...)
	}
	return out
}

// follow puts another policy in force.
func (l *saidLife) follow(p *rules.Policy, at time.Time) []decision.Decision {
	next := *p
	next.Earlier = append(slices.Clone(l.policy.Earlier), rules.Earlier{Policy: l.policy, To: at})
	l.policy = &next
	return l.tell(at)
}

func noon(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
}

// toldAt is a fact that happened at one time and was told at another.
func toldAt(id string, kind fact.Kind, ref string, occurred, received time.Time) fact.Fact {
	return fact.Fact{ID: id, Kind: kind, Ref: ref, Occurred: occurred, Received: received}
}

func deletionsOf(decisions []decision.Decision, item rules.Item) []decision.Decision {
	return slices.DeleteFunc(
		slices.Clone(decisions),
		func(d decision.Decision) bool { return !slices.Contains(d.Items(), item) },
	)
}

var (
	contactItem = rules.Item{Category: "contact"}
	invoiceItem = rules.Item{Category: "invoice", Ref: "order-1"}
)

// subscriber bought twice under one contract, so that the first sale is remembered
// after its invoice is gone: under tax=sale_year on the first day of 2025, under
// tax=tax_term on the first of 2026.
func subscriber(t *testing.T) *saidLife {
	t.Helper()
	l := newSaidLife(t, "ala", "tax=sale_year")
	for _, f := range []fact.Fact{
		toldAt("sale-1", fact.KindSale, "order-1", noon(2019, 5, 1), noon(2019, 5, 1)),
		toldAt("sale-2", fact.KindSale, "order-2", noon(2023, 5, 1), noon(2023, 5, 1)),
	} {
		f.Access, f.Contract = fact.AccessSubscription, "sub-1"
		l.pass(f.Received)
		l.tell(f.Received, f)
	}
	if gone := deletionsOf(l.pass(noon(2025, 2, 1)), invoiceItem); len(gone) != 1 {
		t.Fatalf("the first invoice was deleted %d times", len(gone))
	}
	return l
}

// TestDecide_ALongerTaxRuleIsSilentOnAnInvoiceThatIsGone: the end of what was deleted a
// year ago moves to a later day, which is past as well. Nobody holds anything anew.
func TestDecide_ALongerTaxRuleIsSilentOnAnInvoiceThatIsGone(t *testing.T) {
	l := subscriber(t)
	l.pass(noon(2026, 3, 1))
	if again := deletionsOf(l.follow(changedPolicy(t, "tax=tax_term"), noon(2026, 3, 1)), invoiceItem); len(again) > 0 {
		t.Errorf("said again by the change alone: %+v", again)
	}
	unrelated := toldAt("sale-3", fact.KindSale, "order-3", noon(2026, 3, 2), noon(2026, 3, 2))
	unrelated.Access, unrelated.Contract = fact.AccessSubscription, "sub-1"
	if again := deletionsOf(l.tell(noon(2026, 3, 2), unrelated), invoiceItem); len(again) > 0 {
		t.Errorf("said again with the next sale: %+v", again)
	}
	if again := deletionsOf(l.pass(noon(2040, 1, 1)), invoiceItem); len(again) > 0 {
		t.Errorf("said again later: %+v", again)
	}
}

// TestDecide_ALongerTaxRuleAndNewsAtOnceAreSilentOnWhatIsGone: the first that a person
// is looked at under another policy may be a new sale.
func TestDecide_ALongerTaxRuleAndNewsAtOnceAreSilentOnWhatIsGone(t *testing.T) {
	l := subscriber(t)
	l.pass(noon(2026, 3, 1))
	l.policy = changedPolicy(t, "tax=tax_term")
	sale := toldAt("sale-3", fact.KindSale, "order-3", noon(2026, 3, 2), noon(2026, 3, 2))
	if again := deletionsOf(l.tell(noon(2026, 3, 2), sale), invoiceItem); len(again) > 0 {
		t.Errorf("said again: %+v", again)
	}
}

// TestDecide_WhatStandsAgainUnderAnotherPolicyIsDeletedAgain: from the change on the
// invoice may be held, so somebody may hold it when it lapses.
func TestDecide_WhatStandsAgainUnderAnotherPolicyIsDeletedAgain(t *testing.T) {
	l := subscriber(t)
	l.follow(changedPolicy(t, "tax=tax_term"), noon(2025, 6, 1))
	if again := deletionsOf(l.pass(noon(2026, 2, 1)), invoiceItem); len(again) != 1 {
		t.Fatalf("said again %d times", len(again))
	}
	l.saidOnce(t)
}

// TestDecide_WhatStandsAgainUnderAnotherPolicyAndLapsesAsBeforeHasANewID goes back to
// the policy under which the invoice had lapsed at the instant that was said.
func TestDecide_WhatStandsAgainUnderAnotherPolicyAndLapsesAsBeforeHasANewID(t *testing.T) {
	l := subscriber(t)
	l.follow(changedPolicy(t, "tax=tax_term"), noon(2025, 6, 1))
	if again := deletionsOf(l.follow(changedPolicy(t, "tax=sale_year"), noon(2025, 7, 1)), invoiceItem); len(again) != 1 {
		t.Fatalf("said again %d times", len(again))
	}
	l.saidOnce(t)
	l.remembersOnce(t)
}

// remembersOnce checks that of what was sent the last deletion of each item alone is
// remembered.
func (l *saidLife) remembersOnce(t *testing.T) {
	t.Helper()
	for i, d := range l.subject.Announced {
		if slices.ContainsFunc(
			l.subject.Announced[:i],
			func(x lifecycle.AnnouncedDeletion) bool { return x.Item == d.Item },
		) {
			t.Errorf("%v is remembered twice: %+v", d.Item, l.subject.Announced)
		}
	}
}

// saidOnce checks that no id was made twice.
func (l *saidLife) saidOnce(t *testing.T) {
	t.Helper()
	ids := slices.Clone(l.ids)
	slices.Sort(ids)
	if once := slices.Compact(slices.Clone(ids)); len(once) != len(ids) {
		t.Errorf("an id was made twice: %v", ids)
	}
}

// cameBack is a person whose contact was said to be deleted, and stands again by an
// order that was told late.
func cameBack(t *testing.T, id string) *saidLife {
	t.Helper()
	l := newSaidLife(t, id)
	l.tell(noon(2023, 7, 29), toldAt("pending-"+id, fact.KindSignupPending, "", noon(2023, 7, 29), noon(2023, 7, 29)))
	if gone := deletionsOf(l.pass(noon(2023, 8, 14)), contactItem); len(gone) != 1 {
		t.Fatalf("the contact was deleted %d times", len(gone))
	}
	l.tell(
		noon(2023, 8, 14),
		toldAt("order-"+id, fact.KindOrderPlaced, "order-1", noon(2023, 7, 16), noon(2023, 8, 14)),
	)
	return l
}

// earlyErasure is told last, and was before everything else but the order.
func earlyErasure(received time.Time) fact.Fact {
	return toldAt("erasure", fact.KindErasure, "", noon(2023, 7, 17), received)
}

// TestDecide_ADeletionSaidAnewHasAnIDOfItsOwnAndKeepsIt: while it is not sent it is made
// again by each Decide.
func TestDecide_ADeletionSaidAnewHasAnIDOfItsOwnAndKeepsIt(t *testing.T) {
	l := cameBack(t, "ala")
	at := noon(2023, 9, 5)
	s, first := lifecycle.Decide(l.policy, l.subject, []fact.Fact{earlyErasure(at)}, at)
	if first = deletionsOf(first, contactItem); len(first) != 1 || slices.Contains(l.ids, first[0].ID) {
		t.Fatalf("%+v after %v", first, l.ids)
	}
	s.Version++
	s, more := lifecycle.Decide(
		l.policy,
		s,
		[]fact.Fact{toldAt("talk", fact.KindNegotiationOpened, "talk-1", at, at)},
		at,
	)
	if len(deletionsOf(more, contactItem)) > 0 || len(deletionsOf(s.Outbox, contactItem)) > 0 {
		t.Errorf("the contact stands by the talk and is to be deleted: %+v", s.Outbox)
	}
	s, more = lifecycle.Decide(l.policy, l.subject, []fact.Fact{earlyErasure(at)}, at)
	s.Version++
	s, evenMore := lifecycle.Decide(l.policy, s, []fact.Fact{toldAt("bounce", fact.KindBounce, "", at, at)}, at)
	if more = deletionsOf(more, contactItem); more[0].ID != first[0].ID || len(deletionsOf(evenMore, contactItem)) > 0 {
		t.Errorf("made again under another id: %s, %s, %+v", first[0].ID, more[0].ID, evenMore)
	}
	if kept := deletionsOf(s.Outbox, contactItem); len(kept) != 1 || kept[0].ID != first[0].ID {
		t.Errorf("in the outbox: %+v", kept)
	}
}

// TestDecide_WhatIsSaidAgainAfterItWasForgottenHasANewID: an order is erased and
// forgotten. Another telling of it, under another id, comes much later, so that it has
// the same items and the same end.
func TestDecide_WhatIsSaidAgainAfterItWasForgottenHasANewID(t *testing.T) {
	l := newSaidLife(t, "ala")
	order, erased := noon(2023, 4, 16), noon(2023, 5, 20)
	l.tell(order, toldAt("order", fact.KindOrderPlaced, "order-1", order, order))
	l.tell(erased, toldAt("erasure", fact.KindErasure, "", erased, erased))
	l.pass(noon(2023, 7, 4))
	if len(l.ids) != 1 {
		t.Fatalf("said: %v", l.ids)
	}
	if again := l.tell(
		noon(2023, 7, 5),
		toldAt("told-again", fact.KindOrderPlaced, "order-1", erased, noon(2023, 6, 1)),
	); len(
		again,
	) != 1 {
		t.Errorf("said again: %+v", again)
	}
	l.saidOnce(t)
}

// TestDecide_ADeletionTakenBackLeavesTheOneBefore: what was sent was said, even when
// what was to follow it never went out.
func TestDecide_ADeletionTakenBackLeavesTheOneBefore(t *testing.T) {
	l := cameBack(t, "ala")
	at := noon(2023, 9, 5)
	s, _ := lifecycle.Decide(l.policy, l.subject, []fact.Fact{earlyErasure(at)}, at)
	s.Version++
	s, _ = lifecycle.Decide(
		l.policy,
		s,
		[]fact.Fact{toldAt("talk", fact.KindNegotiationOpened, "talk-1", at, at)},
		at,
	)
	if len(s.Announced) == 0 || !slices.Contains(l.ids, s.Announced[0].Decision) {
		t.Errorf("remembered: %+v, said: %v", s.Announced, l.ids)
	}
}

// TestAbsorb_WhatOneStillHeldIsDeletedWhateverTheOtherSaid: a contact stands with one
// person and was said to be deleted of another. They turn out to be one, and an erasure
// ends what stood, earlier than what was said.
func TestAbsorb_WhatOneStillHeldIsDeletedWhateverTheOtherSaid(t *testing.T) {
	other := newSaidLife(t, "other")
	other.tell(noon(2023, 7, 29), toldAt("pending", fact.KindSignupPending, "", noon(2023, 7, 29), noon(2023, 7, 29)))
	other.pass(noon(2023, 8, 20))
	ala := newSaidLife(t, "ala")
	ala.tell(
		noon(2023, 8, 14),
		toldAt("order", fact.KindOrderPlaced, "order-1", noon(2023, 7, 16), noon(2023, 8, 14)),
	)
	ala.pass(noon(2023, 8, 20))
	if len(ala.ids) > 0 || len(other.ids) == 0 {
		t.Fatalf("said of ala %v, of the other %v", ala.ids, other.ids)
	}
	ala.subject = lifecycle.Merge(ala.subject, other.subject)
	if gone := deletionsOf(ala.tell(noon(2023, 8, 20), earlyErasure(noon(2023, 8, 20))), contactItem); len(gone) != 1 {
		t.Errorf("said %d times that the contact goes", len(gone))
	}
}

// TestAbsorb_WhatBothSaidIsNotSaidAgain joins two persons of whom everything is gone.
func TestAbsorb_WhatBothSaidIsNotSaidAgain(t *testing.T) {
	var both []*saidLife
	for i, id := range []string{"ala", "other"} {
		l := newSaidLife(t, id)
		at := noon(2023, 7, 20+i)
		l.tell(at, toldAt("pending-"+id, fact.KindSignupPending, "", at, at))
		l.pass(noon(2023, 8, 1))
		both = append(both, l)
	}
	for _, pair := range [][2]int{{0, 1}, {1, 0}} {
		l := *both[pair[0]]
		l.subject = lifecycle.Merge(l.subject, both[pair[1]].subject)
		if again := deletionsOf(l.tell(noon(2023, 8, 2)), contactItem); len(again) > 0 {
			t.Errorf("said again: %+v", again)
		}
	}
}

// TestDecide_ARecordThatTurnsOutToBeAnotherIsDeletedThoughTheOtherWas: access to one
// order ended long ago and was said to be deleted. News say that another order, which
// is open, is the same, so that access to it ended as well.
func TestDecide_ARecordThatTurnsOutToBeAnotherIsDeletedThoughTheOtherWas(t *testing.T) {
	l := newSaidLife(t, "ala")
	open := toldAt("open", fact.KindAccessStarted, "order-2", noon(2019, 10, 24), noon(2019, 10, 24))
	open.Access = fact.AccessCourse
	sale := toldAt("sale", fact.KindSale, "order-1", noon(2021, 12, 30), noon(2021, 12, 30))
	sale.Access = fact.AccessService
	refund := toldAt("refund", fact.KindRefund, "order-1", noon(2024, 2, 28), noon(2024, 2, 28))
	refund.Full = true
	for _, f := range []fact.Fact{open, sale, refund} {
		l.pass(f.Received)
		l.tell(f.Received, f)
	}
	access := rules.Item{Category: "access", Ref: "order-1"}
	if gone := deletionsOf(l.pass(noon(2025, 3, 1)), access); len(gone) != 1 {
		t.Fatalf("access to the first order was deleted %d times", len(gone))
	}
	same := toldAt("same", fact.KindHold, "order-1", noon(2025, 3, 1), noon(2025, 3, 1))
	same.Links = []string{"order-2"}
	if again := deletionsOf(l.tell(noon(2025, 3, 1), same), access); len(again) != 1 {
		t.Errorf("said %d times that the access goes", len(again))
	}
}

// TestDecide_AnotherPolicyRepeatsNoDeletion changes the policy to and fro in random
// lives: the change alone says nothing of what is gone and did not stand since.
func TestDecide_AnotherPolicyRepeatsNoDeletion(t *testing.T) {
	policies := []*rules.Policy{
		changedPolicy(
			t,
			"tax=sale_year",
			"claims=strict",
		),
		changedPolicy(t, "tax=tax_term", "claims=market"),
		changedPolicy(t, "tax=oss"),
	}
	changes := 0
	for n := range uint64(*plainLives) {
		l := &saidLife{policy: policies[0], subject: lifecycle.Subject{ID: "person", Sealed: []byte("address")}}
		gone := map[rules.Item]bool{}
		note := func(decisions []decision.Decision) {
			for _, d := range decisions {
				for _, item := range d.Items() {
					gone[item] = true
				}
			}
			for _, b := range l.subject.Bases {
				for _, item := range b.Keeps {
					if b.Stands(l.subject.LastDecided) {
						delete(gone, item)
					}
				}
			}
		}
		for i, f := range plainLifeFacts(*plainSeed, n) {
			for l.subject.ReviewAt != nil && !l.subject.ReviewAt.After(f.Received) {
				note(l.tell(*l.subject.ReviewAt))
			}
			again := l.follow(policies[i%len(policies)], f.Received)
			for _, d := range again {
				for _, item := range d.Items() {
					if gone[item] {
						t.Errorf("-plain.seed=%d, life %d: at %s %v is said again", *plainSeed, n, d.At, item)
					}
				}
			}
			note(again)
			note(l.tell(f.Received, f))
			l.remembersOnce(t)
			changes++
		}
		l.saidOnce(t)
	}
	t.Logf("%d changes", changes)
}

// TestDecide_AnnouncesTheFileOfARequestOnce decides about the file of a request that a fact links with
// another record: the announcement keeps the name under which the evaluation knows the record.
func TestDecide_AnnouncesTheFileOfARequestOnce(t *testing.T) {
	received := now.Add(-time.Hour)
	then := received.Add(-time.Hour)
	s, ids := lifecycle.Subject{ID: "person"}, map[string]int{}
	for _, f := range []fact.Fact{
		{ID: "1", Kind: fact.KindSignup, Occurred: then, Received: received, Ref: "order-1", Wording: "newsletter-offers"},
		{ID: "2", Kind: fact.KindRequestAnswered, Occurred: then, Received: received, Ref: "request-2"},
		{
			ID: "3", Kind: fact.KindRestriction, Occurred: then, Received: received.AddDate(0, 0, -1), Ref: "request-2",
			Links: []string{"order-1"},
		},
		{ID: "4", Kind: fact.KindSignup, Occurred: then, Received: received, Ref: "order-1", Wording: "newsletter-offers"},
	} {
		var fresh []decision.Decision
		s, fresh = lifecycle.Decide(lifecycletest.Policy(t), s, []fact.Fact{f}, now)
		var sent []string
		for _, d := range fresh {
			ids[d.ID]++
			sent = append(sent, d.ID)
		}
		s = lifecycle.MarkSent(s, sent)
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("decision %s was made %d times, want once", id, n)
		}
	}
	if len(ids) != 1 {
		t.Errorf("%d decisions, want 1", len(ids))
	}
}

// TestDecide_ARecordThatGetsAFormerNameBackHasADeletionOfItsOwn lets news rename a record twice, the second
// time to the name under which its deletion was announced first.
func TestDecide_ARecordThatGetsAFormerNameBackHasADeletionOfItsOwn(t *testing.T) {
	days := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	s, ids := lifecycle.Subject{ID: "person"}, map[string]int{}
	var names []string
	for _, f := range []fact.Fact{
		{ID: "0", Kind: fact.KindSale, Occurred: days(1), Received: now, Ref: "order-9"},
		{ID: "1", Kind: fact.KindNegotiationOpened, Occurred: days(800), Received: now, Ref: "talk-a"},
		{ID: "2", Kind: fact.KindNegotiationOpened, Occurred: days(810), Received: now, Ref: "talk-b", Links: []string{"talk-a"}},
		{ID: "3", Kind: fact.KindNegotiationOpened, Occurred: days(820), Received: now, Ref: "talk-a"},
	} {
		var fresh []decision.Decision
		s, fresh = lifecycle.Decide(lifecycletest.Policy(t), s, []fact.Fact{f}, now)
		var sent []string
		for _, d := range fresh {
			ids[d.ID]++
			sent = append(sent, d.ID)
			for _, item := range d.Items() {
				if item.Ref != "" {
					names = append(names, item.Ref)
				}
			}
		}
		s = lifecycle.MarkSent(s, sent)
	}
	names = slices.Compact(names)
	if want := []string{"talk-a", "talk-b", "talk-a"}; !slices.Equal(names, want) {
		t.Errorf("deletions of records %q, want %q", names, want)
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("decision %s was made %d times, want once", id, n)
		}
	}
}
