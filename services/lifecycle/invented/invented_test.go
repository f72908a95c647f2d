package invented_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/invented"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// published is a stream of decisions.
type published struct{ events []*stream.Event }

func (p *published) EventsOf(_ context.Context, subject string) (out []*stream.Event, _ error) {
	for _, e := range p.events {
		if e.Subject == subject {
			out = append(out, e)
		}
	}
	return out, nil
}

func (p *published) PurgeEvents(_ context.Context, subject string, decisions []string) error {
	p.events = slices.DeleteFunc(p.events, func(e *stream.Event) bool {
		return e.Subject == subject && slices.Contains(decisions, e.ID)
	})
	return nil
}

// scene is a store with an applier and a register.
type scene struct {
	*invented.Register
	t      *testing.T
	store  *sqlitestore.Store
	vault  *identity.Vault
	events *published
	apply  *apply.Applier
	n      int
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, store: lifecycletest.Store(t), vault: lifecycletest.Vault(t), events: &published{}}
	clock := func() time.Time { return now }
	s.apply = apply.New(
		apply.Options{Store: s.store, Vault: s.vault, Policy: lifecycletest.Policy(t), Now: clock},
	)
	s.Register = invented.New(invented.Options{
		Store: s.store, Vault: s.vault, Events: s.events, Journal: lifecycletest.Journal(s.store, s.vault), Now: clock,
	})
	return s
}

// sale applies a sale of yesterday to a person with some names.
func (s *scene) sale(names ...string) {
	s.t.Helper()
	s.n++
	f := &factv1.Fact{
		Id: "fact-" + string(rune('a'+s.n)), Kind: factv1.Kind_KIND_SALE, Ref: "order-" + string(rune('a'+s.n)),
		Occurred: timestamppb.New(now.AddDate(0, 0, -1)),
	}
	for _, text := range names {
		name, err := identity.Parse(text)
		if err != nil {
			s.t.Fatal(err)
		}
		f.Identities = append(f.Identities, &factv1.Identity{Kind: name.Kind, Value: name.Value})
	}
	d := &factv1.Delivery{Id: f.GetId(), Source: "shop", Received: timestamppb.New(now), Facts: []*factv1.Fact{f}}
	if err := s.apply.Apply(s.t.Context(), []*factv1.Delivery{d}); err != nil {
		s.t.Fatal(err)
	}
}

// subject returns the id of the person with a name; empty for nobody.
func (s *scene) subject(name string) string {
	s.t.Helper()
	parsed, err := identity.Parse(name)
	if err != nil {
		s.t.Fatal(err)
	}
	owners, err := s.store.Lookup(s.t.Context(), []string{s.vault.Key(parsed)})
	if err != nil {
		s.t.Fatal(err)
	}
	return owners[s.vault.Key(parsed)]
}

func (s *scene) add(addresses ...string) {
	s.t.Helper()
	if err := s.Add(s.t.Context(), addresses, false); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) removes(want invented.Removed) {
	s.t.Helper()
	got, err := s.Remove(s.t.Context())
	if err != nil || got != want {
		s.t.Fatalf("got %+v and %v, want %+v", got, err, want)
	}
}

func TestRemove_TakesTheInventedPersonsAndNobodyElse(t *testing.T) {
	s := newScene(t)
	s.add("ala@example.com", "ewa@example.com")
	s.sale("ala@example.com", "stripe:cus_ala")
	s.sale("jan@shop.pl")
	s.events.events = []*stream.Event{
		{ID: "dec_ala", Subject: s.subject("ala@example.com")}, {ID: "dec_jan", Subject: s.subject("jan@shop.pl")},
	}
	if n, err := s.Count(t.Context()); n != 2 || err != nil {
		t.Fatalf("got %d invented persons and %v, want 2", n, err)
	}
	s.removes(invented.Removed{Removed: 1})
	for name, want := range map[string]bool{"ala@example.com": false, "stripe:cus_ala": false, "jan@shop.pl": true} {
		if got := s.subject(name) != ""; got != want {
			t.Errorf("%s is stored: got %t, want %t", name, got, want)
		}
	}
	if len(s.events.events) != 1 || s.events.events[0].ID != "dec_jan" {
		t.Errorf("got %d events, want the one of jan alone", len(s.events.events))
	}
	if n, err := s.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("got %d invented persons and %v, want none", n, err)
	}
	report, err := journal.Verify(t.Context(), s.store, time.Time{}, func(int) {})
	if err != nil || len(report.Faults) > 0 {
		t.Errorf("got the faults %v and %v, want none", report.Faults, err)
	}
}

func TestRemove_KeepsAPersonWithAnAddressThatWasNotInvented(t *testing.T) {
	s := newScene(t)
	s.add("ala@example.com")
	s.sale("ala@example.com", "jan@shop.pl")
	s.removes(invented.Removed{Kept: 1})
	if s.subject("jan@shop.pl") == "" {
		t.Error("a real person was removed")
	}
	if n, _ := s.Count(t.Context()); n != 1 {
		t.Errorf("got %d invented persons, want 1", n)
	}
}

func TestRemove_FindsPersonsAfterAKeyRotation(t *testing.T) {
	s := newScene(t)
	keys, err := identity.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	before, err := identity.NewVault(keys)
	if err != nil {
		t.Fatal(err)
	}
	s.Register = invented.New(invented.Options{
		Store: s.store, Vault: before, Events: s.events, Journal: lifecycletest.Journal(s.store, before),
		Now: func() time.Time { return now },
	})
	s.add("ala@example.com")
	keys.Later = append(keys.Later, make([]byte, 32))
	after, err := identity.NewVault(keys)
	if err != nil {
		t.Fatal(err)
	}
	s.vault = after
	s.apply = apply.New(apply.Options{
		Store: s.store, Vault: after, Policy: lifecycletest.Policy(t), Now: func() time.Time { return now },
	})
	s.Register = invented.New(invented.Options{
		Store: s.store, Vault: after, Events: s.events, Journal: lifecycletest.Journal(s.store, after),
		Now: func() time.Time { return now },
	})
	s.sale("ala@example.com")
	s.removes(invented.Removed{Removed: 1})
}

func TestAdd_RefusesARealOrAKnownPerson(t *testing.T) {
	s := newScene(t)
	s.sale("ala@example.com")
	for address, want := range map[string]error{
		"jan@shop.pl": invented.ErrReal, "stripe:cus_1": invented.ErrReal, "ala@example.com": invented.ErrKnown,
		"jan@myexample.com": invented.ErrReal, "jan@x.invalid": nil,
	} {
		if err := s.Add(t.Context(), []string{address}, false); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", address, err, want)
		}
	}
}
