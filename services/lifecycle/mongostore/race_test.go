package mongostore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// TestStore_Save_SlowWriter stops a writer between its claim and its subject for
// longer than the claim counts.
func TestStore_Save_SlowWriter(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	clock := newClock()
	slow, quick := open(t, clock.opts(srv.URI())), open(t, clock.opts(srv.URI()))
	once(srv, "insert", "subjects", func() mongowire.Fault {
		clock.pass(2 * time.Minute)
		mustSave(t, quick, create(subject("quick", "key")))
		return mongowire.FaultNone
	})
	mustConflict(t, slow, create(subject("slow", "key", "key-2")))
	wantOwner(t, quick, "key", "quick")
	wantOwner(t, quick, "key-2", "")
	if _, ok := load(t, slow, "slow"); ok {
		t.Error("a subject without its key is stored")
	}
	mustLoad(t, quick, "quick")
}

// TestStore_Save_ClaimantWakesUp has the writer of a claim that looks abandoned
// store its subject just before the claim is taken over.
func TestStore_Save_ClaimantWakesUp(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	clock := newClock()
	slow, quick := open(t, clock.opts(srv.URI())), open(t, clock.opts(srv.URI()))
	step := 0
	asleep, stored := make(chan struct{}), make(chan struct{})
	wake := make(chan struct{})
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		switch {
		case c.Name == "insert" && c.Collection() == "subjects" && step == 0:
			step = 1
			close(asleep)
			<-wake
		case c.Name == "update" && c.Collection() == "identities" && step == 1:
			step = 2
			close(wake)
			<-stored
		}
		return mongowire.FaultNone
	})
	go func() {
		defer close(stored)
		errs, err := slow.Save(t.Context(), []store.Change{create(subject("slow", "key"))})
		if err := errors.Join(append(errs, err)...); err != nil {
			t.Errorf("the slow one: %v", err)
		}
	}()
	<-asleep
	clock.pass(2 * time.Minute)
	mustConflict(t, quick, create(subject("quick", "key")))
	wantOwner(t, quick, "key", "slow")
	mustLoad(t, slow, "slow")
	if _, ok := load(t, quick, "quick"); ok {
		t.Error("both are stored")
	}
}

// TestStore_Save_SharedClaim has two writers claim a key for one subject. The
// one who claimed it first loses by another key, and must not give back what the
// other has relied on.
func TestStore_Save_SharedClaim(t *testing.T) {
	for _, when := range []string{"find", "delete"} {
		t.Run("before the first "+when, func(t *testing.T) {
			srv := listen(t, mongowire.Options{})
			st, other := open(t, newClock().opts(srv.URI())), open(t, newClock().opts(srv.URI()))
			mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")))
			a := mustLoad(t, st, "a")
			loser, winner := a, a
			loser.Keys = []string{"key-a", "key-b", "key-new"}
			winner.Keys = []string{"key-a", "key-new"}
			raced := once(srv, when, "identities", func() mongowire.Fault {
				mustSave(t, other, store.Change{Subject: winner, Claim: []string{"key-new"}})
				return mongowire.FaultNone
			})
			mustConflict(t, st, store.Change{Subject: loser, Claim: []string{"key-b", "key-new"}})
			if !raced.Load() {
				t.Fatal("there was no race")
			}
			wantOwner(t, st, "key-new", "a")
			if got := mustLoad(t, st, "a"); len(got.Keys) != 2 || got.Version != 2 {
				t.Errorf("a is %+v", got)
			}
		})
	}
}

// TestStore_Save_RedirectRace writes the other subject after the one that
// absorbs it is stored.
func TestStore_Save_RedirectRace(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st, other := open(t, newClock().opts(srv.URI())), open(t, newClock().opts(srv.URI()))
	mustSave(t, st, create(subject("a", "key-a")), create(subject("b", "key-b")))
	a, b := mustLoad(t, st, "a"), mustLoad(t, st, "b")
	updates := 0
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Name != "update" || c.Collection() != "subjects" {
			return mongowire.FaultNone
		}
		if updates++; updates == 2 { // the redirect
			late := b
			late.Facts = append(
				late.Facts,
				fact.Fact{ID: "late", Kind: fact.KindSale, Occurred: noon(), Received: noon()},
			)
			mustSave(t, other, store.Change{Subject: late})
		}
		return mongowire.FaultNone
	})
	mustConflict(t, st, merge(a, b))
	srv.Hook(nil)
	wantOwner(t, st, "key-b", "b")
	// The next attempt reads again, and finds the keys of the other in the subject
	// already, so that they are new to nobody.
	a, b = mustLoad(t, st, "a"), mustLoad(t, st, "b")
	again := merge(a, b)
	again.Claim = nil
	mustSave(t, st, again)
	a = mustLoad(t, st, "a")
	if len(a.Facts) != 3 {
		t.Errorf("%d facts, want 3", len(a.Facts))
	}
	if got := mustLoad(t, st, "b"); got.MergedInto != "a" {
		t.Errorf("b is %+v", got)
	}
	mustSave(t, st, store.Change{Subject: emptied(a)})
	wantOwner(t, st, "key-a", "")
	wantOwner(t, st, "key-b", "")
}

// TestStore_Save_OverwrittenAtOnce replaces a new subject before its writer,
// made uncertain by another change of the batch, reads what is stored.
func TestStore_Save_OverwrittenAtOnce(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st, other := open(t, newClock().opts(srv.URI())), open(t, newClock().opts(srv.URI()))
	mustSave(t, st, create(subject("b", "key-b")))
	stale := mustLoad(t, st, "b")
	mustSave(t, st, store.Change{Subject: stale})
	once(srv, "find", "subjects", func() mongowire.Fault {
		a := subject("a", "key-a")
		a.Version = 1
		mustSave(t, other, store.Change{Subject: a})
		return mongowire.FaultNone
	})
	errs, err := st.Save(t.Context(), []store.Change{create(subject("a", "key-a")), {Subject: stale}})
	if err != nil || errs[0] != nil && !errors.Is(errs[0], store.ErrConflict) || !errors.Is(errs[1], store.ErrConflict) {
		t.Errorf("got %v, %v", errs, err)
	}
	wantOwner(t, st, "key-a", "a")
	if got := mustLoad(t, st, "a"); got.Version != 2 {
		t.Errorf("version %d", got.Version)
	}
}
