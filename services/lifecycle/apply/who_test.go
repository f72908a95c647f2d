package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

const (
	placed  = factv1.Kind_KIND_ORDER_PLACED
	started = factv1.Kind_KIND_ACCESS_STARTED
)

// order is the name of an order of a shop.
func order(n int) string { return fmt.Sprintf("woocommerce:order/%d@shop", n) }

// report applies the facts as one webhook, received after the given number of minutes.
func (b *bench) report(minutes int, facts ...*factv1.Fact) {
	b.t.Helper()
	d := &factv1.Delivery{
		Id: fmt.Sprint(minutes), Source: "shop", Facts: facts,
		Received: timestamppb.New(now.Add(time.Duration(minutes-600) * time.Minute)),
	}
	if err := b.Apply(b.t.Context(), []*factv1.Delivery{d}); err != nil {
		b.t.Fatal(err)
	}
}

// apart checks that every name leads to a person of its own.
func (b *bench) apart(names ...string) {
	b.t.Helper()
	seen := map[string]string{}
	for _, n := range names {
		_, id := b.who(n)
		if other, ok := seen[id]; ok || id == "" {
			b.t.Errorf("%s and %q lead to %q", n, other, id)
		}
		seen[id] = n
	}
}

// holds checks the kinds of the facts of a person.
func (b *bench) holds(name, want string) lifecycle.Subject {
	b.t.Helper()
	s, _ := b.who(name)
	if got := kinds(s); got != want {
		b.t.Errorf("%s has facts %q, want %q", name, got, want)
	}
	return s
}

// again returns the same event as another webhook reports it: with other names.
func (b *bench) again(f *factv1.Fact, names ...string) *factv1.Fact {
	g := b.fact(f.GetKind(), f.GetRef(), names...)
	g.Id, g.Occurred, g.Links = f.GetId(), f.GetOccurred(), f.GetLinks()
	return g
}

func alarms(s lifecycle.Subject) []string {
	var out []string
	for _, n := range s.Notes {
		if n.Kind == chain.KindAlarm {
			out = append(out, n.Text)
		}
	}
	return out
}

func TestApply_OneAccountOfManyBuyersJoinsNone(t *testing.T) {
	b := newBench(t)
	for i, email := range []string{"ala@example.com", "ola@example.com", "ula@example.com"} {
		b.report(i, b.fact(sale, order(i), email, "~woocommerce:1@shop"))
	}
	b.apart("ala@example.com", "ola@example.com", "ula@example.com")
	b.report(9, b.fact(erasure, "", "ala@example.com"))
	b.holds("ola@example.com", "sale")
}

func TestApply_OneBatchOfOneAccountJoinsNone(t *testing.T) {
	b := newBench(t)
	b.report(0,
		b.fact(sale, order(1), "~woocommerce:1@shop"),
		b.fact(sale, order(2), "ala@example.com", "~woocommerce:1@shop"),
		b.fact(sale, order(3), "ola@example.com", "~woocommerce:1@shop"),
	)
	b.apart("ala@example.com", "ola@example.com")
}

func TestApply_AnAddressTypedUnderAnAccountIsAnotherPerson(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	b.report(1, b.fact(sale, order(1), "stranger@example.com", "~woocommerce:5@shop"))
	b.apart("ala@example.com", "stranger@example.com")
	if s, _ := b.who("stranger@example.com"); len(alarms(s)) != 0 {
		t.Errorf("alarms %q", alarms(s))
	}
}

func TestApply_TheAccountAfterTheTypedAddressIsAnotherPersonWithAnAlarm(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(sale, order(1), "stranger@example.com", "~stripe:cus_1"))
	b.report(1, b.fact(named, "", "stripe:cus_1", "ala@example.com"))
	b.apart("ala@example.com", "stranger@example.com")
	for _, name := range []string{"ala@example.com", "stranger@example.com"} {
		s, _ := b.who(name)
		if got := alarms(s); len(got) != 1 || !strings.Contains(got[0], "rodopath subject join") {
			t.Errorf("%s: alarms %q", name, got)
		}
	}
	b.report(2, b.fact(started, "stripe:sub_1", "~stripe:cus_1"))
	b.holds("ala@example.com", "access_started")
}

func TestApply_GuestThenAccountIsOnePerson(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(1), "ala@example.com")
	b.report(0, f)
	b.report(1, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	b.report(2, b.again(f, "ala@example.com", "~woocommerce:5@shop"))
	b.report(3, b.fact(sale, order(2), "ala@example.com", "~woocommerce:5@shop"))
	b.same("ala@example.com", "woocommerce:5@shop")
	b.holds("ala@example.com", "sale*2")
}

func TestApply_OrdersWithoutAnAddressBelongToTheAccount(t *testing.T) {
	for name, first := range map[string]bool{"after the customer": true, "before the customer": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			customer := b.fact(named, "", "woocommerce:31@shop", "ala@example.com")
			if first {
				b.report(0, customer)
			}
			for i := range 5 {
				b.report(1+i, b.fact(sale, order(i), "~woocommerce:31@shop"))
			}
			if !first {
				b.report(9, customer)
			}
			b.same("ala@example.com", "woocommerce:31@shop", "~"+order(3))
			b.holds("ala@example.com", "sale*5")
		})
	}
}

// TestApply_ABoxUnderAnAccountIsAnActOfThePersonOfTheAccount: in any order of arrival, and nobody's act while
// nobody knows whose the account is.
func TestApply_ABoxUnderAnAccountIsAnActOfThePersonOfTheAccount(t *testing.T) {
	for owner, want := range map[string]bool{"ala@example.com": true, "ola@example.com": false, "": false} {
		for _, first := range []bool{true, false} {
			b := newBench(t)
			box := []*factv1.Fact{
				b.fact(sale, order(1), "ala@example.com", "~woocommerce:5@shop"),
				b.fact(signup, order(1), "ala@example.com", "~woocommerce:5@shop"),
			}
			if !first {
				b.report(0, box...)
			}
			if owner != "" {
				b.report(1, b.fact(named, "", "woocommerce:5@shop", owner))
			}
			if first {
				b.report(2, box...)
			}
			if s, _ := b.who("ala@example.com"); proven(s) != want {
				t.Errorf("account of %q, known first %v: an act of Ala: %v", owner, first, !want)
			}
		}
	}
}

// TestApply_OrdersWithoutAnAddressAreNoOtherBuyers: a seller types orders in under one account, with and without
// an address. The platform's own event alone says whose the account is.
func TestApply_OrdersWithoutAnAddressAreNoOtherBuyers(t *testing.T) {
	for name, buyers := range map[string][]int{
		"a buyer first": {2, 0, 1}, "a buyer last": {0, 1, 2}, "between": {0, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			orders := []*factv1.Fact{
				b.fact(sale, order(0), "~woocommerce:31@shop"), b.fact(sale, order(1), "~woocommerce:31@shop"),
				b.fact(sale, order(2), "ola@example.com", "~woocommerce:31@shop"),
			}
			for i, n := range buyers {
				b.report(i, orders[n])
			}
			b.apart("ola@example.com", "~"+order(0))
			b.holds("ola@example.com", "sale")
			b.report(9, b.fact(named, "", "woocommerce:31@shop", "ala@example.com"))
			b.apart("ola@example.com", "ala@example.com")
			b.holds("ala@example.com", "sale*2")
			b.same("ala@example.com", "~"+order(0), "~"+order(1))
			b.report(10, b.fact(sale, order(3), "~woocommerce:31@shop"))
			b.holds("ala@example.com", "sale*3")
		})
	}
}

// TestApply_AnAddressOnOneOrderTakesNoOtherOrderOfTheAccount: of two orders under an account of unknown owner,
// one gets an address. The other order stays, and belongs to the owner once the platform names the owner.
func TestApply_AnAddressOnOneOrderTakesNoOtherOrderOfTheAccount(t *testing.T) {
	b := newBench(t)
	first := b.fact(sale, order(0), "~woocommerce:5@shop")
	again := b.fact(sale, order(0), "ola@example.com", "~woocommerce:5@shop")
	again.Id = first.GetId()
	b.report(0, first, b.fact(sale, order(1), "~woocommerce:5@shop"))
	b.report(1, again)
	b.holds("ola@example.com", "sale")
	b.apart("ola@example.com", "~"+order(1))
	b.report(2, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	b.apart("ola@example.com", "ala@example.com")
	b.holds("ala@example.com", "sale")
	b.same("ala@example.com", "~"+order(1))
}

func TestApply_ANewAddressOfAnAccountIsTheSamePerson(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(unsub, "", "old@example.com"))
	b.report(1, b.fact(named, "", "woocommerce:5@shop", "old@example.com"))
	b.report(2, b.fact(named, "", "woocommerce:5@shop", "new@example.com"))
	b.same("old@example.com", "new@example.com", "woocommerce:5@shop")
}

func TestApply_AnOrderBeforeTheNewAddressOfItsAccountIsTheSamePerson(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(named, "", "woocommerce:5@shop", "old@example.com"))
	b.report(1, b.fact(sale, order(1), "new@example.com", "~woocommerce:5@shop"))
	b.report(2, b.fact(named, "", "woocommerce:5@shop", "new@example.com"))
	b.same("old@example.com", "new@example.com")
}

func TestApply_AnAccountThatGetsAStrangersAddressRaisesAnAlarm(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(sale, order(1), "stranger@example.com"))
	b.report(1, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	for i := range 3 {
		b.report(2+i, b.fact(named, "", "woocommerce:5@shop", "stranger@example.com"))
	}
	b.apart("ala@example.com", "stranger@example.com")
	b.same("ala@example.com", "woocommerce:5@shop")
	for _, name := range []string{"ala@example.com", "stranger@example.com"} {
		if s, _ := b.who(name); len(alarms(s)) != 1 {
			t.Errorf("%s: alarms %q", name, alarms(s))
		}
	}
}

// TestApply_TheAddressThatItsAccountGotIsTheOneInUse: the two are not joined, and yet a question by the account is
// about the address that the account has, whoever is known by it, for as long as the account has the address.
func TestApply_TheAddressThatItsAccountGotIsTheOneInUse(t *testing.T) {
	dayOf := func(n int, f *factv1.Fact) *factv1.Fact {
		f.Occurred = timestamppb.New(now.AddDate(0, 0, n))
		return f
	}
	offers := rights.Use{Purpose: "offers", Channel: "email"}
	for name, boxFirst := range map[string]bool{"the box first": true, "the box last": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.report(0, dayOf(-9, b.fact(named, "", "woocommerce:5@shop", "ala@example.com")))
			box := dayOf(-8, b.fact(signup, order(1), "ala@example.com", "~woocommerce:5@shop"))
			if boxFirst {
				b.report(1, box)
			}
			b.report(2, dayOf(-7, b.fact(unsub, "", "ola@example.com")))
			for i := range 3 {
				b.report(3+i, dayOf(i-6, b.fact(named, "", "woocommerce:5@shop", "ola@example.com")))
			}
			if !boxFirst {
				b.report(6, box)
			}
			b.apart("ala@example.com", "ola@example.com")
			s := b.holds("woocommerce:5@shop", "identified signup")
			if s.May(lifecycletest.Policy(t), offers, now).Allowed {
				t.Error("the account may be written to at the address that said no")
			}
			offers := offers
			offers.Address = b.vault.Key(identities(t, "ala@example.com")[0])
			if !s.May(lifecycletest.Policy(t), offers, now).Allowed {
				t.Error("the consent for the other address is gone")
			}
			for i := range 3 {
				b.report(7+i, dayOf(i-3, b.fact(named, "", "woocommerce:5@shop", "ala@example.com")))
			}
			s = b.holds("woocommerce:5@shop", "identified*2 signup")
			offers.Address = ""
			if got := s.May(lifecycletest.Policy(t), offers, now); !got.Allowed {
				t.Errorf("the account has its former address again: %+v", got)
			}
		})
	}
}

func TestApply_AnUnsubscriptionReachesTheAddressInAConflict(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(signup, "", "mailerlite:1", "ala@example.com"))
	b.report(1, b.fact(signup, "", "ola@example.com"))
	b.report(2, b.fact(unsub, "", "mailerlite:1", "ola@example.com"))
	b.apart("ala@example.com", "ola@example.com")
	b.holds("ola@example.com", "signup unsubscribe")
}

func TestApply_TwoAccountsOfOneSystemAreNotJoined(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	b.report(1, b.fact(named, "", "woocommerce:6@shop", "ola@example.com"))
	b.report(2, b.fact(named, "", "ala@example.com", "ola@example.com"))
	b.apart("ala@example.com", "ola@example.com")
	b.report(3, b.fact(signup, "", "mailerlite:1", "ula@example.com"))
	b.report(4, b.fact(named, "", "ala@example.com", "ula@example.com"))
	b.same("ala@example.com", "ula@example.com")
}

func TestApply_ACorrectedOrderBelongsToTheNewAddress(t *testing.T) {
	for name, between := range map[string]bool{"published": true, "unpublished": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p, f := b.fact(placed, order(17), "wrong@example.com"), b.fact(sale, order(17), "wrong@example.com")
			f.Links = []string{"stripe:pi_17"}
			b.report(0, p)
			b.report(1, f)
			if s, _ := b.who("wrong@example.com"); !asks(s) {
				t.Error("the buyer is not asked")
			} else if between {
				b.publish(s)
			}
			b.report(2, b.again(f, "right@example.com"), b.fact(factv1.Kind_KIND_PERFORMED, order(17), "right@example.com"))
			b.apart("wrong@example.com", "right@example.com")
			b.holds("right@example.com", "order_placed performed sale")
			b.same("right@example.com", "~"+order(17), "~stripe:pi_17")
			s := b.holds("wrong@example.com", "")
			if asks(s) || s.HoldsPersonal {
				t.Errorf("the stranger is asked: %v, known: %v", asks(s), s.HoldsPersonal)
			}
			if !slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.WholePerson() }) {
				t.Errorf("the stranger's contact data are not deleted: %+v", s.Outbox)
			}
			for _, d := range s.Outbox {
				for _, i := range d.Items() {
					if i.Ref != "" {
						t.Errorf("the order of the buyer is deleted: %v", i)
					}
				}
			}
			// The wrong report arrives once more, late.
			b.report(1, b.again(f, "wrong@example.com"))
			b.holds("wrong@example.com", "")
			if s, _ := b.who("wrong@example.com"); len(s.Outbox) != 1 {
				t.Errorf("decisions %+v", s.Outbox)
			}
		})
	}
}

// publish marks the decisions of a subject as sent.
func (b *bench) publish(s lifecycle.Subject) {
	b.t.Helper()
	var ids []string
	for _, d := range s.Outbox {
		ids = append(ids, d.ID)
	}
	b.save(lifecycle.MarkSent(s, ids))
}

func (b *bench) save(s lifecycle.Subject) {
	b.t.Helper()
	if conflicts, err := store.Write(
		b.t.Context(),
		b.store,
		[]store.Change{{Subject: s}},
	); err != nil ||
		conflicts != nil {
		b.t.Fatal(conflicts, err)
	}
}

func asks(s lifecycle.Subject) bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.Ask != nil })
}

func TestApply_ACorrectionInOneBatchMovesTheOrder(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(17), "wrong@example.com")
	var deliveries []*factv1.Delivery
	for i, g := range []*factv1.Fact{f, b.again(f, "right@example.com")} {
		received := timestamppb.New(now.Add(time.Duration(i) * time.Second))
		deliveries = append(deliveries, &factv1.Delivery{Source: "shop", Received: received, Facts: []*factv1.Fact{g}})
	}
	slices.Reverse(deliveries)
	if err := b.Apply(t.Context(), deliveries); err != nil {
		t.Fatal(err)
	}
	b.holds("right@example.com", "sale")
	b.same("right@example.com", "~"+order(17))
}

func TestApply_AnOrderOfNobodyGetsItsAddressLater(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(17))
	b.report(0, f)
	if s := b.holds("~"+order(17), "sale"); asks(s) {
		t.Error("a person without a name is asked")
	}
	b.report(1, b.again(f, "ala@example.com"))
	b.same("ala@example.com", "~"+order(17))
	b.holds("ala@example.com", "sale")
	if s, _ := b.who("ala@example.com"); !asks(s) {
		t.Error("the person is not asked after the name became known")
	}
	b.report(2, b.again(f))
	b.holds("ala@example.com", "sale")
}

func TestApply_APaymentOfAnOrderFindsItsPerson(t *testing.T) {
	for name, first := range map[string]bool{"order first": true, "dispute first": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			f := b.fact(sale, order(1), "ala@example.com")
			f.Links = []string{"stripe:pi_1", "stripe:ch_1"}
			dispute := b.fact(hold, "stripe:ch_1", "~stripe:ch_1", "~stripe:pi_1")
			dispute.Links = []string{"stripe:pi_1"}
			if first {
				b.report(0, f)
			}
			b.report(1, dispute)
			if !first {
				b.report(2, f)
			}
			b.holds("ala@example.com", "hold sale")
			b.same("ala@example.com", "~stripe:pi_1", "~stripe:ch_1", "~"+order(1))
		})
	}
}

// TestApply_ANoWithoutAnAddressReachesTheBuyer: by the payment, which is no account.
func TestApply_ANoWithoutAnAddressReachesTheBuyer(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(1), "ala@example.com")
	f.Links = []string{"stripe:pi_1"}
	b.report(0, f)
	b.report(1, b.fact(unsub, "stripe:cs_1", "~stripe:pi_1"))
	b.holds("ala@example.com", "sale unsubscribe")
}

func TestApply_ARefundUnderAnotherAddressBelongsToTheOrder(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, order(1), "ala@example.com")
	f.Links = []string{"stripe:pi_1"}
	b.report(0, f)
	back := b.fact(refund, "stripe:ch_1", "card@example.com")
	back.Links = []string{"stripe:pi_1"}
	b.report(1, back)
	b.holds("ala@example.com", "refund sale")
	if _, id := b.who("card@example.com"); id != "" {
		t.Error("the address of the card is a person")
	}
}

func TestApply_BareNamesOfASenderMoveNothing(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(sale, "shop:course", "ala@example.com"))
	b.report(1, b.fact(sale, "shop:course", "ola@example.com"))
	b.report(2, b.fact(refund, "shop:course", "ola@example.com"))
	b.holds("ala@example.com", "sale")
	b.holds("ola@example.com", "refund sale")
}

func TestApply_AccountsJoinNoTwoAddressesInAnyOrder(t *testing.T) {
	b := newBench(t)
	rapid.Check(t, func(r *rapid.T) {
		b.n++
		n := b.n // names of this run
		emails := make([]string, 4)
		for i := range emails {
			emails[i] = fmt.Sprintf("p%d.%d@example.com", n, i)
		}
		one := union{}
		var facts []*factv1.Fact
		for range rapid.IntRange(1, 12).Draw(r, "events") {
			email := rapid.SampledFrom(emails).Draw(r, "email")
			account := fmt.Sprintf("woocommerce:%d.%d@shop", n, rapid.IntRange(1, 2).Draw(r, "account"))
			ref := order(10*n + rapid.IntRange(1, 3).Draw(r, "order"))
			switch rapid.IntRange(0, 4).Draw(r, "kind") {
			case 0:
				facts = append(facts, b.fact(named, "", account, email))
				one.join(account, email)
			case 1:
				facts = append(facts, b.fact(sale, ref, "~"+account))
			case 2:
				facts = append(facts, b.fact(refund, ref, email, "~"+account))
			default:
				f := b.fact(sale, ref, email, "~"+account)
				f.Links = []string{"stripe:pi_" + ref}
				facts = append(facts, f)
			}
		}
		for chunk := range slices.Chunk(rapid.Permutation(facts).Draw(r, "order of delivery"), 3) {
			b.apply(chunk...)
		}
		owner := map[string]string{}
		for _, e := range emails {
			_, id := b.who(e)
			if other, ok := owner[id]; ok && id != "" && one.root(other) != one.root(e) {
				r.Errorf("%s and %s are one person", other, e)
			}
			owner[id] = e
		}
	})
}

// union is a forest of names that may be one person.
type union map[string]string

func (u union) root(n string) string {
	for u[n] != "" {
		n = u[n]
	}
	return n
}

func (u union) join(a, b string) {
	if a, b = u.root(a), u.root(b); a != b {
		u[a] = b
	}
}

func TestApply_AlarmsNameNobody(t *testing.T) {
	s := lifecycle.NoteConflict(lifecycle.Subject{ID: "one"}, "two", "stripe", now)
	if got := alarms(s); len(got) != 1 || strings.Contains(got[0], "@") {
		t.Errorf("alarms %q", got)
	}
}

func TestApply_AnAddressStoredInAFormerWritingIsThePerson(t *testing.T) {
	b := newBench(t)
	name := identity.Identity{Kind: identity.KindEmail, Value: "ala@xn--w-uga1v8h.example"}
	keys := b.vault.FormerKeys(name)[:1] // as a version stored the address that knew one writing alone
	s := lifecycle.Subject{
		ID:    "stored-before",
		Keys:  keys,
		Facts: []fact.Fact{{ID: "f", Kind: fact.KindRefusal, Received: now}},
	}
	if _, err := store.Write(t.Context(), b.store, []store.Change{{Subject: s, Claim: keys}}); err != nil {
		t.Fatal(err)
	}
	b.report(0, b.fact(sale, order(1), "Ala@Żółw.example"))
	if s := b.holds("ala@żółw.example", "refusal sale"); s.ID != "stored-before" || asks(s) {
		t.Errorf("the person is %s, asked: %v", s.ID, asks(s))
	}
}

func TestApply_TheLatestReportDecidesWhoseAnOrderIsInAnyOrder(t *testing.T) {
	b := newBench(t)
	rapid.Check(t, func(r *rapid.T) {
		b.n++
		n := b.n // names of this run
		latest := map[int]string{}
		emails := []string{
			fmt.Sprintf("a%d@example.com", n),
			fmt.Sprintf("b%d@example.com", n),
			fmt.Sprintf("c%d@example.com", n),
		}
		var deliveries []*factv1.Delivery
		at := map[int]int{} // the present address of each order: an address that was corrected does not return
		for i := range rapid.IntRange(1, 9).Draw(r, "reports") {
			id := 10*n + rapid.IntRange(1, 2).Draw(r, "order")
			at[id] = min(at[id]+rapid.IntRange(0, 1).Draw(r, "corrected"), len(emails)-1)
			email := emails[at[id]]
			f := b.fact(sale, order(id), email)
			f.Id, f.Links = order(id), []string{"stripe:pi_" + order(id)}
			deliveries = append(deliveries, &factv1.Delivery{
				Source: "shop", Facts: []*factv1.Fact{f}, Received: timestamppb.New(now.Add(time.Duration(i) * time.Second)),
			})
			latest[id] = email
		}
		shuffled := rapid.Permutation(deliveries).Draw(r, "order of delivery")
		size := rapid.IntRange(1, 4).Draw(r, "batch")
		for chunk := range slices.Chunk(shuffled, size) {
			if err := b.Apply(t.Context(), chunk); err != nil {
				r.Fatal(err)
			}
		}
		for _, email := range emails {
			s, _ := b.who(email)
			for id, owner := range latest {
				has := slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return f.Ref == order(id) })
				if has != (email == owner) {
					r.Errorf("%s has %s: %v, the latest report names %s", email, order(id), has, owner)
				}
				if has && (s.ID == "" || !leads(b, order(id), s.ID)) {
					r.Errorf("%s does not lead to %s", order(id), email)
				}
			}
		}
	})
}

// leads reports whether the name of a record leads to a subject.
func leads(b *bench, record, subject string) bool {
	_, id := b.who("~" + record)
	return id == subject
}
