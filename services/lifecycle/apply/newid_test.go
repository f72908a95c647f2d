package apply_test

import (
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// TestApply_ANewPersonIsNotBlockedByTheirOwnOrphanedClaim: the keys of a new person are claimed, and the connection
// breaks before the person is stored. The next attempt succeeds at once.
func TestApply_ANewPersonIsNotBlockedByTheirOwnOrphanedClaim(t *testing.T) {
	srv, err := mongowire.Listen(mongowire.Options{NoSessions: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	st, err := mongostore.Open(t.Context(), mongostore.Options{URI: srv.URI()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b := newBench(t)
	a := applier(st, b.vault, lifecycletest.Policy(t))
	var cut atomic.Bool
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Name == "insert" && c.Collection() == "subjects" && cut.CompareAndSwap(false, true) {
			return mongowire.FaultCutBefore
		}
		return mongowire.FaultNone
	})
	d := &factv1.Delivery{
		Source: "shop", Received: timestamppb.New(now), Facts: []*factv1.Fact{b.fact(sale, "order-1", "ala@example.com")},
	}
	if err := a.Apply(t.Context(), []*factv1.Delivery{d}); err == nil {
		t.Fatal("got no error of the broken connection")
	}
	if err := a.Apply(t.Context(), []*factv1.Delivery{d}); err != nil {
		t.Errorf("got %v at the next attempt, want none", err)
	}
	if n, err := st.Count(t.Context()); n != 1 || err != nil {
		t.Errorf("got %d subjects and %v, want 1", n, err)
	}
}
