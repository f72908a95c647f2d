package apply_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// torn is a store that writes a new subject and then loses the race for the old one, as
// one without transactions may.
type torn struct {
	*sqlitestore.Store
	tears int
	// between runs after the first of two documents is written; nil for nothing.
	between func()
}

func (s *torn) Save(ctx context.Context, changes []store.Change) ([]error, error) {
	if s.tears == 0 || len(changes) != 1 || len(changes[0].Redirect) == 0 {
		return s.Store.Save(ctx, changes)
	}
	s.tears--
	if errs, err := s.Store.Save(ctx, []store.Change{{Subject: changes[0].Subject}}); err != nil || errs[0] != nil {
		return errs, err
	}
	if s.between != nil {
		s.between()
	}
	return []error{store.ErrConflict}, nil
}

// buried is a bench with somebody of whom everything was deleted, and told.
func buried(t *testing.T, tears int) (b *bench, id string) {
	t.Helper()
	st := &torn{tears: tears}
	b = wrap(t, func(s *sqlitestore.Store) apply.Store { st.Store = s; return st })
	b.apply(b.fact(factv1.Kind_KIND_SIGNUP, "", "ala@example.com"))
	leave := b.fact(factv1.Kind_KIND_UNSUBSCRIBE, "", "ala@example.com")
	leave.Occurred = timestamppb.New(now.Add(-time.Hour))
	b.apply(leave)
	s, id := b.who("ala@example.com")
	var ids []string
	for i := range s.Outbox {
		ids = append(ids, s.Outbox[i].ID)
	}
	errs, err := b.store.Save(
		t.Context(),
		[]store.Change{{Subject: lifecycle.MarkJournaled(lifecycle.MarkSent(s, ids), chain.Head{Seq: 1})}},
	)
	if err != nil || errs[0] != nil {
		t.Fatal(errs, err)
	}
	if s, _ = b.who("ala@example.com"); !lifecycle.FullyErased(s) {
		t.Fatalf("not everything was deleted: %+v", s)
	}
	return b, id
}

func TestApply_WhoRisesAgainGoesOnUnderOneNewIDHoweverOftenTheRaceIsLost(t *testing.T) {
	var want string
	for tears := range 3 {
		b, old := buried(t, tears)
		back := b.fact(factv1.Kind_KIND_SIGNUP, "", "ala@example.com")
		back.Occurred = timestamppb.New(now.Add(-time.Minute))
		b.apply(back)
		s, id := b.who("ala@example.com")
		if want = b.vault.SuccessorID(old); id != want || id == old {
			t.Errorf("%d races lost: the person goes on as %q, want %q", tears, id, want)
		}
		if n, err := b.store.Count(t.Context()); err != nil || n != 1 {
			t.Errorf("%d races lost: %d persons are stored, %v", tears, n, err)
		}
		if !s.HoldsPersonal || s.MergedInto != "" || len(s.MergedFrom) != 1 || s.MergedFrom[0] != old {
			t.Errorf("%d races lost: %+v", tears, s)
		}
		decided := map[string]bool{}
		for _, d := range s.Outbox {
			if d.Subject != id || decided[d.ID] {
				t.Errorf("%d races lost: decision %s of %s", tears, d.ID, d.Subject)
			}
			decided[d.ID] = true
		}
	}
}
