package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

const (
	dueSubjects = 1000
	fewSubjects = 10_000
	// sweepAtMost bounds the cost of a sweep in the large store, relative to the small one.
	sweepAtMost = 1.3
	// saved is the number of subjects stored at once.
	saved = 5000
)

// sweep measures the review of due subjects in a large and in a small store, and the size of the
// large store.
func (b *bench) sweep(ctx context.Context) (err error) {
	many := b.size(1_000_000)
	paths := []string{filepath.Join(b.dir, "few.db"), filepath.Join(b.dir, "many.db")}
	for i, n := range []int{fewSubjects, many} {
		if err := b.fillStore(ctx, paths[i], n-dueSubjects); err != nil {
			return fmt.Errorf("fill store: %w", err)
		}
	}
	info, err := os.Stat(paths[1])
	if err != nil {
		return err
	}
	perSubject := info.Size() / int64(many-dueSubjects)
	best := []time.Duration{time.Hour, time.Hour}
	const rounds = 5
	for round := range rounds {
		for i, path := range paths {
			took, err := b.sweepRound(ctx, path, round)
			if err != nil {
				return fmt.Errorf("measure sweep: %w", err)
			}
			best[i] = min(best[i], took)
			b.say("round %d, %s: %v", round+1, filepath.Base(path), took)
		}
	}
	ratio := best[1].Seconds() / best[0].Seconds()
	b.row(
		fmt.Sprintf("sweep of %d due subjects among %d", dueSubjects, many),
		fmt.Sprintf("%d ms", best[1].Milliseconds()),
		fmt.Sprintf("%d ms (among %d)", best[0].Milliseconds(), fewSubjects),
		fmt.Sprintf("%.2f", ratio),
		fmt.Sprintf("<= %.2f", sweepAtMost),
		yes(ratio <= sweepAtMost),
	)
	b.row(fmt.Sprintf("bytes stored per subject, %d stored", many), fmt.Sprintf("%d", perSubject), "-", "-", "-", "-")
	return nil
}

// sweepRound stores due subjects and measures the review.
func (b *bench) sweepRound(ctx context.Context, path string, round int) (took time.Duration, err error) {
	st, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	then := now().AddDate(0, 0, -19)
	c := newCrowd(fmt.Sprintf("r%d", round), dueSubjects, 3)
	buyers := c.buyers(dueSubjects, then.AddDate(0, 0, -1))
	if err := b.applier(st, then, nil).Apply(ctx, buyers); err != nil {
		return 0, err
	}
	if err := b.discard(ctx, st); err != nil {
		return 0, err
	}
	s := background.NewSweeper(
		background.SweeperOptions{Store: st, Reviewer: b.applier(st, now(), nil), Revision: b.policy.Revision, Now: now},
	)
	begin := time.Now()
	n, err := s.Sweep(ctx)
	took = time.Since(begin)
	if err == nil && n != dueSubjects {
		err = fmt.Errorf("%d subjects were due and not %d", n, dueSubjects)
	}
	return took, errors.Join(err, b.discard(ctx, st))
}

// fillStore creates a store with n subjects without a due review.
func (b *bench) fillStore(ctx context.Context, path string, n int) (err error) {
	st, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	forms := b.forms()
	for from := 0; from < n; from += saved {
		changes := make([]store.Change, min(saved, n-from))
		for i := range changes {
			if changes[i], err = b.another(&forms[(from+i)%len(forms)]); err != nil {
				return err
			}
		}
		errs, err := st.Save(ctx, changes)
		if err := errors.Join(append(errs, err)...); err != nil {
			return err
		}
		if done := from + len(changes); done%100_000 == 0 {
			b.say("%d of %d subjects are stored", done, n)
		}
	}
	return nil
}

// forms returns sample subjects made by the core, for multiplication.
func (b *bench) forms() []lifecycle.Subject {
	const forms, facts = 2000, 5
	c := newCrowd("form", forms, 4)
	told := make([][]fact.Fact, forms)
	for i, d := range c.deliveries(forms*facts, now().AddDate(-2, 0, 0), now().AddDate(0, 0, -1), true) {
		told[i%forms] = append(told[i%forms], plain(d))
	}
	out := make([]lifecycle.Subject, forms)
	for i := range out {
		s, decisions := lifecycle.Decide(b.policy, lifecycle.Subject{ID: "form"}, told[i], now())
		var ids []string
		for _, d := range decisions {
			ids = append(ids, d.ID)
		}
		out[i] = lifecycle.MarkSent(s, ids)
	}
	return out
}

// plain converts a delivery into a fact of the core.
func plain(d *factv1.Delivery) fact.Fact {
	f := d.GetFacts()[0]
	kind := strings.ToLower(strings.TrimPrefix(f.GetKind().String(), "KIND_"))
	access := strings.ToLower(strings.TrimPrefix(f.GetAccess().String(), "ACCESS_"))
	if f.GetKind() != factv1.Kind_KIND_SALE {
		access = ""
	}
	return fact.Fact{
		ID:         f.GetId(),
		Kind:       fact.Kind(kind),
		Source:     d.GetSource(),
		Occurred:   f.GetOccurred().AsTime(),
		Received:   d.GetReceived().AsTime(),
		Ref:        f.GetRef(),
		Links:      f.GetLinks(),
		Access:     fact.Access(access),
		AccessDays: int(f.GetAccessDays()),
		Full:       f.GetFull(),
		Wording:    f.GetWording(),
		Form:       f.GetEvidence().GetForm(),
	}
}

// another returns a new subject of a form, with new keys and names.
func (b *bench) another(form *lifecycle.Subject) (store.Change, error) {
	s := *form
	s.ID = strings.ToLower(rand.Text())
	sales := 0
	for i := range s.Facts {
		if s.Facts[i].Kind == fact.KindSale {
			sales++
		}
	}
	names := []identity.Identity{
		{Kind: identity.KindEmail, Value: s.ID + "@example.com"},
		{Kind: "stripe", Value: "cus_" + s.ID},
	}
	s.Keys = []string{
		b.vault.Key(names[0]),
		b.vault.Key(names[1]),
		b.vault.Key(identity.Identity{Kind: "mailerlite", Value: s.ID}),
	}
	for i := range sales {
		s.Keys = append(s.Keys, b.vault.LocatorKey(fmt.Sprintf("%s/%d", s.ID, i)))
	}
	var err error
	b.ids = append(b.ids, s.ID)
	s.Sealed, err = b.vault.Seal(s.ID, names)
	return store.Change{Subject: s, Claim: s.Keys}, err
}
