package apply_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// bench is an applier on a real store, and what a test asks of it.
type bench struct {
	*apply.Applier
	t     *testing.T
	store *sqlitestore.Store
	vault *identity.Vault
	n     int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return wrap(t, func(s *sqlitestore.Store) apply.Store { return s })
}

// wrap makes a bench whose applier sees the store through around.
func wrap(t *testing.T, around func(*sqlitestore.Store) apply.Store) *bench {
	t.Helper()
	st, vault, p := lifecycletest.Store(t), lifecycletest.Vault(t), lifecycletest.Policy(t)
	return &bench{Applier: applier(around(st), vault, p), t: t, store: st, vault: vault}
}

// applier makes an applier for which it is always now.
func applier(st apply.Store, v *identity.Vault, p *rules.Policy) *apply.Applier {
	return apply.New(apply.Options{Store: st, Vault: v, Policy: p, Now: func() time.Time { return now }})
}

// fact makes a fact of yesterday; names are e-mail addresses or "kind:value", and
// those that begin with "~" are locators.
func (b *bench) fact(kind factv1.Kind, ref string, names ...string) *factv1.Fact {
	b.n++
	f := &factv1.Fact{
		Id:       fmt.Sprintf("fact-%d", b.n),
		Kind:     kind,
		Occurred: timestamppb.New(now.AddDate(0, 0, -1)),
		Ref:      ref,
		Wording:  "newsletter-offers",
	}
	if kind == factv1.Kind_KIND_SIGNUP {
		f.Evidence = &factv1.Evidence{Form: "footer"}
	}
	for _, n := range names {
		if l, ok := strings.CutPrefix(n, "~"); ok {
			f.Locators = append(f.Locators, l)
			continue
		}
		id, err := identity.Parse(n)
		if err != nil {
			b.t.Fatal(err)
		}
		f.Identities = append(f.Identities, &factv1.Identity{Kind: id.Kind, Value: id.Value})
	}
	return f
}

func (b *bench) apply(facts ...*factv1.Fact) {
	b.t.Helper()
	d := &factv1.Delivery{Id: "d", Source: "shop", Received: timestamppb.New(now), Facts: facts}
	if err := b.Apply(b.t.Context(), []*factv1.Delivery{d}); err != nil {
		b.t.Fatal(err)
	}
}

// who returns the subject that a name leads to, and its id.
func (b *bench) who(name string) (lifecycle.Subject, string) {
	b.t.Helper()
	var key string
	if l, ok := strings.CutPrefix(name, "~"); ok {
		key = b.vault.LocatorKey(l)
	} else {
		id, err := identity.Parse(name)
		if err != nil {
			b.t.Fatal(err)
		}
		key = b.vault.Key(id)
	}
	owners, err := b.store.Lookup(b.t.Context(), []string{key})
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := b.store.Load(b.t.Context(), []string{owners[key]})
	if err != nil {
		b.t.Fatal(err)
	}
	return found[owners[key]], owners[key]
}

func (b *bench) same(names ...string) {
	b.t.Helper()
	_, first := b.who(names[0])
	for _, n := range names {
		if _, id := b.who(n); id != first || id == "" {
			b.t.Errorf("%s leads to %q and %s to %q", names[0], first, n, id)
		}
	}
}

// kinds returns the kinds of the facts of a person in the order of the alphabet, with "sale*2" for two of one kind.
func kinds(s lifecycle.Subject) string {
	count := map[string]int{}
	for _, f := range s.Facts {
		count[string(f.Kind)]++
	}
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		if n := count[kind]; n > 1 {
			kind += "*" + strconv.Itoa(n)
		}
		out = append(out, kind)
	}
	return strings.Join(out, " ")
}

const (
	signup  = factv1.Kind_KIND_SIGNUP
	sale    = factv1.Kind_KIND_SALE
	refund  = factv1.Kind_KIND_REFUND
	hold    = factv1.Kind_KIND_HOLD
	unsub   = factv1.Kind_KIND_UNSUBSCRIBE
	erasure = factv1.Kind_KIND_ERASURE
	named   = factv1.Kind_KIND_IDENTIFIED
)

func TestApply_NamesOfOneFactAreOnePerson(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(signup, "", "ala@example.com", "mailerlite:1"))
	b.apply(b.fact(sale, "order-1", "ALA@example.com ", "stripe:cus_1"))
	b.same("ala@example.com", "mailerlite:1", "stripe:cus_1")
	if s, _ := b.who("ala@example.com"); kinds(s) != "sale signup" || len(s.Outbox) != 0 {
		t.Errorf("got facts %q and %d decisions", kinds(s), len(s.Outbox))
	}
}

func TestApply_FactsOfOneBatchMeetThroughSharedNames(t *testing.T) {
	b := newBench(t)
	b.apply(
		b.fact(sale, "order-1", "stripe:cus_1"),
		b.fact(signup, "", "ala@example.com"),
		b.fact(named, "", "stripe:cus_1", "ala@example.com"),
		b.fact(signup, "", "ola@example.com"),
	)
	b.same("ala@example.com", "stripe:cus_1")
	if _, id := b.who("ola@example.com"); id == "" {
		t.Error("the other person is unknown")
	} else if _, ala := b.who("ala@example.com"); id == ala {
		t.Error("two persons became one")
	}
}

func TestApply_TwoWhoTurnOutToBeOneLoseNothing(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(signup, "", "ala@example.com"))
	b.apply(b.fact(unsub, "", "ala@example.com"))
	b.apply(b.fact(sale, "order-1", "stripe:cus_1"))
	_, one := b.who("ala@example.com")
	_, two := b.who("stripe:cus_1")
	b.apply(b.fact(named, "", "ala@example.com", "stripe:cus_1"))
	b.same("ala@example.com", "stripe:cus_1")
	s, id := b.who("ala@example.com")
	if kinds(s) != "sale signup unsubscribe" {
		t.Errorf("got facts %q", kinds(s))
	}
	if slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.Kind == stream.KindAskConsent }) {
		t.Error("a person who unsubscribed is asked for consent")
	}
	other := one
	if id == one {
		other = two
	}
	found, err := b.store.Load(t.Context(), []string{other})
	if err != nil || found[other].MergedInto != id {
		t.Errorf("the other leads to %q, %v", found[other].MergedInto, err)
	}
	names, err := b.vault.Open(id, s.Sealed)
	if err != nil || len(names) != 2 {
		t.Errorf("names %v, %v", names, err)
	}
}

func TestApply_ThingsFindTheirPersonAndJoinNobody(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(sale, "order-1", "ala@example.com", "~stripe:pi_1"))
	b.apply(b.fact(refund, "order-1", "~stripe:pi_1"))
	if s, _ := b.who("ala@example.com"); kinds(s) != "refund sale" {
		t.Errorf("the refund did not find its person: %q", kinds(s))
	}
	b.apply(b.fact(signup, "", "ola@example.com"))
	b.apply(b.fact(sale, "order-2", "ola@example.com", "~stripe:pi_1"))
	_, ala := b.who("ala@example.com")
	if _, ola := b.who("ola@example.com"); ola == ala {
		t.Error("a shared payment joined two persons")
	}
}

func TestApply_ANewNameOnAKnownPaymentIsItsPayers(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(sale, "order-1", "ala@example.com", "~stripe:pi_1"))
	b.apply(b.fact(refund, "order-1", "stripe:cus_1", "~stripe:pi_1"))
	b.same("ala@example.com", "stripe:cus_1")
}

func TestApply_ADisputeBeforeItsSaleWaitsForThePerson(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(hold, "order-1", "~stripe:pi_1"))
	b.apply(b.fact(sale, "order-1", "ala@example.com", "~stripe:pi_1"))
	b.same("ala@example.com", "~stripe:pi_1")
	if s, _ := b.who("ala@example.com"); kinds(s) != "hold sale" {
		t.Errorf("got facts %q", kinds(s))
	}
}

func TestApply_AnEMailChangeKeepsThePerson(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(unsub, "", "old@example.com"))
	b.apply(b.fact(named, "", "stripe:cus_1", "new@example.com", "old@example.com"))
	b.apply(b.fact(sale, "order-1", "new@example.com"))
	b.same("old@example.com", "new@example.com", "stripe:cus_1")
	if s, _ := b.who("new@example.com"); kinds(s) != "sale unsubscribe" {
		t.Errorf("got facts %q", kinds(s))
	}
}

func TestApply_KnownFactsWriteNothing(t *testing.T) {
	b := newBench(t)
	f := b.fact(sale, "order-1", "ala@example.com")
	b.apply(f)
	before, _ := b.who("ala@example.com")
	b.apply(f, f)
	if after, _ := b.who("ala@example.com"); after.Version != before.Version || len(after.Outbox) != 1 {
		t.Errorf("version %d became %d, %d decisions", before.Version, after.Version, len(after.Outbox))
	}
}

func TestApply_TheAddressGoesWithThePerson(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(signup, "", "ala@example.com"))
	b.apply(b.fact(erasure, "", "ala@example.com"))
	s, _ := b.who("ala@example.com")
	if len(s.Sealed) == 0 || len(s.Outbox) != 1 || !s.Outbox[0].WholePerson() {
		t.Fatalf("before it is sent the deletion needs the address: %d bytes, %+v", len(s.Sealed), s.Outbox)
	}
	if s = lifecycle.MarkSent(s, []string{s.Outbox[0].ID}); len(s.Sealed) == 0 {
		t.Error("the request is not answered, and there is no address to answer to")
	}
	answered := b.fact(
		factv1.Kind_KIND_REQUEST_ANSWERED,
		rights.Requests(lifecycletest.Policy(t), s.Facts, now)[0].Ref,
		"ala@example.com",
	)
	answered.Occurred = timestamppb.New(now)
	b.apply(answered)
	s, _ = b.who("ala@example.com")
	var ids []string
	for _, d := range s.Outbox {
		ids = append(ids, d.ID)
	}
	if s = lifecycle.MarkSent(s, ids); len(s.Sealed) != 0 {
		t.Error("the address is still there after everything was answered and sent")
	}
}

// TestApply_WhoComesBackAfterDeletionIsSomebodyNew deletes a person as a whole and
// lets them sign up again.
func TestApply_WhoComesBackAfterDeletionIsSomebodyNew(t *testing.T) {
	b := newBench(t)
	b.apply(b.fact(signup, "", "ala@example.com"))
	b.apply(b.fact(unsub, "", "ala@example.com"))
	s, first := b.who("ala@example.com")
	var ids []string
	for _, d := range s.Outbox {
		ids = append(ids, d.ID)
	}
	if errs, err := b.store.Save(
		t.Context(),
		[]store.Change{{Subject: lifecycle.MarkSent(s, ids)}},
	); errors.Join(
		append(errs, err)...) != nil {
		t.Fatal(errs, err)
	}
	again := b.fact(signup, "", "ala@example.com", "mailerlite:7")
	again.Occurred = timestamppb.New(now)
	b.apply(again)
	s, second := b.who("ala@example.com")
	if second == first || second == "" || !s.HoldsPersonal || !slices.Contains(s.MergedFrom, first) {
		t.Errorf("first %q, then %q: %+v", first, second, s)
	}
	b.same("ala@example.com", "mailerlite:7")
	names, err := b.vault.Open(s.ID, s.Sealed)
	if err != nil || len(names) != 2 {
		t.Errorf("known by %v, %v", names, err)
	}
}

// contended lets another writer get in between once.
type contended struct {
	*sqlitestore.Store
	meddle func()
	once   sync.Once
}

func (c *contended) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	c.once.Do(c.meddle)
	return c.Store.Save(ctx, changes)
}

func TestApply_ALostRaceIsDecidedAgain(t *testing.T) {
	var b *bench
	c := &contended{}
	b = wrap(t, func(s *sqlitestore.Store) apply.Store { c.Store = s; return c })
	// The other writer is a second applier on the same store.
	second := apply.New(
		apply.Options{Store: c.Store, Vault: b.vault, Policy: lifecycletest.Policy(t), Now: func() time.Time { return now }},
	)
	c.meddle = func() {
		d := &factv1.Delivery{Received: timestamppb.New(now), Facts: []*factv1.Fact{b.fact(unsub, "", "ala@example.com")}}
		if err := second.Apply(t.Context(), []*factv1.Delivery{d}); err != nil {
			t.Error(err)
		}
	}
	b.apply(b.fact(sale, "order-1", "ala@example.com"))
	if s, _ := b.who("ala@example.com"); kinds(s) != "sale unsubscribe" {
		t.Errorf("got facts %q", kinds(s))
	}
}

func TestApply_ManyAppliersLoseNothing(t *testing.T) {
	b := newBench(t)
	const people, facts = 5, 8
	var deliveries []*factv1.Delivery
	for i := range people * facts {
		f := b.fact(sale, fmt.Sprintf("order-%d", i), fmt.Sprintf("p%d@example.com", i%people))
		deliveries = append(
			deliveries,
			&factv1.Delivery{Source: "shop", Received: timestamppb.New(now), Facts: []*factv1.Fact{f}},
		)
	}
	var wg sync.WaitGroup
	for part := range slices.Chunk(deliveries, 5) {
		wg.Go(func() {
			if err := b.Apply(context.WithoutCancel(t.Context()), part); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range people {
		if s, _ := b.who(fmt.Sprintf("p%d@example.com", i)); len(s.Facts) != facts || len(s.Outbox) != 1 {
			t.Errorf("person %d has %d facts and %d decisions", i, len(s.Facts), len(s.Outbox))
		}
	}
}

// broken is a store that is away.
type broken struct{ *sqlitestore.Store }

func (broken) Save(context.Context, []store.Change) ([]error, error) {
	return nil, errors.New("disk full")
}

func TestApply_AStoreThatFailsIsAnError(t *testing.T) {
	b := wrap(t, func(s *sqlitestore.Store) apply.Store { return broken{s} })
	d := &factv1.Delivery{
		Received: timestamppb.New(now),
		Facts:    []*factv1.Fact{b.fact(sale, "order-1", "ala@example.com")},
	}
	if err := b.Apply(
		t.Context(),
		[]*factv1.Delivery{d},
	); err == nil || !strings.Contains(err.Error(), "disk full") ||
		strings.Contains(err.Error(), "ala@") {
		t.Errorf("got %v", err)
	}
}
