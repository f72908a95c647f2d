// Package apply is the only writer of facts to subjects: the applier finds the persons of the
// facts, evaluates the policy and stores the results.
package apply

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Store is the storage of subjects.
type Store interface {
	Lookup(ctx context.Context, keys []string) (map[string]string, error)
	store.Updater
}

// Outbox finds published decisions in the outbox of a subject and marks the decisions as published.
type Outbox interface {
	MarkPublished(ctx context.Context, s lifecycle.Subject, decisions []string) (lifecycle.Subject, error)
}

// Options configure an Applier.
type Options struct {
	Store  Store
	Vault  *identity.Vault
	Policy *rules.Policy
	// Outbox is consulted before a decision is retracted; nil means that no relay publishes
	// decisions.
	Outbox Outbox
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	// Found is called with the stored facts that a reconciliation found and no webhook told; nil means that nobody
	// counts them.
	Found func(ctx context.Context, facts []fact.Fact)
	// Wake is called after decisions were stored, to start publication. Wake must not block. Nil
	// means that no relay waits.
	Wake func()
}

// Applier applies facts to subjects. Several goroutines and processes may apply facts concurrently:
// a version conflict leads to a new evaluation.
type Applier struct {
	opts Options
}

// New makes an Applier.
func New(opts Options) *Applier {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Wake == nil {
		opts.Wake = func() {}
	}
	return &Applier{opts: opts}
}

// ErrImpossible means that a fact can never be applied, whatever is stored.
var ErrImpossible = errors.New("the fact cannot be applied")

// attempts bounds the attempts of a change after version conflicts.
const attempts = 20

// Apply applies all facts of the deliveries. Nil means that all facts are durable. After an error,
// some facts may be stored; applying the deliveries again is idempotent.
func (a *Applier) Apply(ctx context.Context, deliveries []*factv1.Delivery) error {
	entries, err := a.entries(deliveries)
	if err != nil {
		return err
	}
	for failed := 0; failed < attempts; {
		if len(entries) == 0 {
			return nil
		}
		left, err := a.applyOnce(ctx, entries)
		if err != nil {
			return fmt.Errorf("apply facts: %w", err)
		}
		if failed++; len(left) < len(entries) {
			failed = 0
		}
		entries = left
	}
	return fmt.Errorf("apply facts: %d facts had a version conflict on every attempt: %w", len(entries), store.ErrConflict)
}

// applyOnce applies entries once and returns the remaining entries: those with a version conflict,
// those that depend on the result of others, and those of moved records, which then claim the names
// of the records.
func (a *Applier) applyOnce(ctx context.Context, entries []entry) ([]entry, error) {
	owners, subjects, err := a.resolve(ctx, entries)
	if err != nil {
		return nil, err
	}
	successorOf, err := a.successors(ctx, subjects)
	if err != nil {
		return nil, err
	}
	persons, placed, err := a.group(slices.Clone(entries), owners, subjects, successorOf)
	if err != nil {
		return nil, err
	}
	changes, errs := a.decideAll(ctx, persons, subjects)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	conflicts, err := a.save(ctx, changes)
	if err != nil {
		return nil, err
	}
	a.countFound(ctx, persons, subjects, changes, conflicts)
	again := make([]bool, len(persons))
	for _, i := range conflicts {
		again[changes[i].person] = true
	}
	var left []int
	for i := range persons {
		if !again[i] && len(persons[i].moves) > 0 {
			again[i] = true
			if err := a.finishMoves(ctx, persons[i].moves); err != nil {
				return nil, err
			}
		}
		if again[i] {
			left = append(left, persons[i].places...)
		}
	}
	slices.Sort(left)
	left = slices.Compact(left) // a copy of a fact is of two persons
	out := make([]entry, 0, len(left)+len(entries)-placed)
	for _, i := range left {
		entries[i].retried = true
		out = append(out, entries[i])
	}
	return append(out, entries[placed:]...), nil
}

// Review evaluates subjects at the current time, because bases may have lapsed or the policy may
// have changed. Subjects with a version conflict are skipped. Review returns the number of subjects
// reviewed; the error names the subjects that cannot be evaluated, and no other subject waits for them.
func (a *Applier) Review(ctx context.Context, ids []string) (int, error) {
	subjects, err := a.opts.Store.Load(ctx, ids)
	damaged, err := store.SplitDamaged(err)
	if err != nil {
		return 0, fmt.Errorf("review subjects: %w", err)
	}
	var persons []person
	for id, s := range subjects {
		if s.MergedInto == "" {
			persons = append(persons, person{subjects: []string{id}})
		}
	}
	changes, errs := a.decideAll(ctx, persons, subjects)
	conflicts, err := a.save(ctx, changes)
	if err = errors.Join(append(errs, err, damaged.Err())...); err != nil {
		err = fmt.Errorf("review subjects: %w", err)
	}
	return len(changes) - len(conflicts), err
}

// Preview works out what a review of subjects at an instant would delete beyond what a review at an approved instant
// deletes, and changes nothing. Persons who were evaluated under another policy do not count: their deletions were
// weighed when the policy came into force.
func (a *Applier) Preview(ctx context.Context, ids []string, approved, at time.Time) (brake.Impact, error) {
	out := brake.Impact{Items: map[string]int{}}
	subjects, err := a.opts.Store.Load(ctx, ids)
	if _, err = store.SplitDamaged(err); err != nil {
		return out, fmt.Errorf("preview a review: %w", err)
	}
	for _, s := range subjects {
		if s.MergedInto != "" || s.Revision != a.opts.Policy.Revision {
			continue
		}
		out.Weighed++
		if !approved.IsZero() {
			s, _ = lifecycle.Decide(a.opts.Policy, s, nil, approved)
		}
		_, made := lifecycle.Decide(a.opts.Policy, s, nil, at)
		out.Add(made)
	}
	return out, nil
}

// save stores changes and calls Wake if decisions or notes are pending.
func (a *Applier) save(ctx context.Context, changes []change) (conflicts []int, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	batch := make([]store.Change, len(changes))
	decided := false
	for i, c := range changes {
		batch[i] = c.Change
		decided = decided || c.Subject.Pending()
	}
	conflicts, err = store.Write(ctx, a.opts.Store, batch)
	if decided {
		a.opts.Wake()
	}
	return conflicts, err
}

// change is a store.Change with the index of its person.
type change struct {
	store.Change
	person int
}

// decideAll decides for every person, in parallel. A person without changes yields no change, and a person with
// an error neither a change nor an effect on others.
func (a *Applier) decideAll(
	ctx context.Context,
	persons []person,
	subjects map[string]lifecycle.Subject,
) ([]change, []error) {
	at := a.opts.Now()
	out := make([]*store.Change, len(persons))
	workers := min(runtime.GOMAXPROCS(0), len(persons))
	errs := make([]error, len(persons))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(persons); i += workers {
				if out[i], errs[i] = a.decideSafely(ctx, &persons[i], subjects, at); errs[i] == nil {
					attachTrace(out[i], &persons[i], subjects)
				}
			}
		})
	}
	wg.Wait()
	var changes []change
	for i, c := range out {
		if c != nil {
			changes = append(changes, change{*c, i})
		}
	}
	return changes, slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// decideSafely decides for one person. A panic in the evaluation is an error of this person: no message may stop
// the service.
func (a *Applier) decideSafely(
	ctx context.Context,
	p *person,
	subjects map[string]lifecycle.Subject,
	at time.Time,
) (c *store.Change, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			c, err = nil, fmt.Errorf("%w: panic: %v\n%s", ErrImpossible, cause, debug.Stack())
		}
	}()
	c, err = a.decidePerson(ctx, p, subjects, at)
	if err != nil && len(p.subjects) > 0 {
		err = fmt.Errorf("subject %s: %w", p.subjects[0], err)
	}
	return c, err
}

// decidePerson decides for one person. A published decision cannot be retracted: the decision is
// marked as published, and the person is evaluated again.
func (a *Applier) decidePerson(
	ctx context.Context,
	p *person,
	subjects map[string]lifecycle.Subject,
	at time.Time,
) (*store.Change, error) {
	for {
		c, err := a.decide(p, subjects, at)
		if err != nil || c == nil || a.opts.Outbox == nil {
			return c, err
		}
		found, err := a.markPublished(ctx, p, subjects, &c.Subject)
		if err != nil || found == nil {
			return c, err
		}
		subjects = found
	}
}

// markPublished returns the subjects of a person with published decisions marked as such; nil if no
// decision retracted by the new state is published.
func (a *Applier) markPublished(
	ctx context.Context,
	p *person,
	subjects map[string]lifecycle.Subject,
	after *lifecycle.Subject,
) (map[string]lifecycle.Subject, error) {
	found := map[string]lifecycle.Subject{}
	sent := false
	for _, id := range p.subjects {
		s := subjects[id]
		if ids := retracted(&s, after); len(ids) > 0 {
			var err error
			if s, err = a.opts.Outbox.MarkPublished(ctx, s, ids); err != nil {
				return nil, err
			}
		}
		sent = sent || len(s.Outbox) < len(subjects[id].Outbox)
		found[id] = s
	}
	if !sent {
		return nil, nil
	}
	return found, nil
}

// retracted lists the decisions that left the outbox.
func retracted(before, after *lifecycle.Subject) []string {
	var ids []string
	for i := range before.Outbox {
		id := before.Outbox[i].ID
		if !slices.ContainsFunc(after.Outbox, func(d decision.Decision) bool { return d.ID == id }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// decide decides for one person, based on the stored subjects.
func (a *Applier) decide(p *person, subjects map[string]lifecycle.Subject, at time.Time) (*store.Change, error) {
	s := lifecycle.Subject{ID: a.newIDOf(p, at)}
	if len(p.subjects) > 0 {
		s = subjects[p.subjects[0]]
	}
	facts := p.facts()
	claim := p.newKeys(s.Keys)
	if len(p.subjects) == 1 && len(claim) == 0 && !p.changesMore(&s) && s.UnchangedBy(a.opts.Policy, facts, at) {
		return nil, nil
	}
	c := &store.Change{}
	err := a.mergeNames(&s, p, subjects, c, &claim)
	if err != nil {
		return nil, err
	}
	s.Keys = union(s.Keys, claim)
	if p.parting != nil {
		if s, err = p.parting.apply(s, c, at); err != nil {
			return nil, err
		}
	}
	before := named(s)
	var unmarked bool
	if before.Facts, unmarked = ownAccounts(before.Facts, s.Keys); unmarked {
		before.Separable = false
	}
	facts, _ = ownAccounts(facts, s.Keys)
	before = lifecycle.UnmarkEchoes(a.opts.Policy, before, facts)
	facts = lifecycle.MarkEchoes(a.opts.Policy, before, facts)
	c.Subject, _ = lifecycle.Decide(a.opts.Policy, before, facts, at)
	for _, x := range p.conflicts {
		c.Subject = lifecycle.NoteConflict(c.Subject, x.other, x.system, at)
	}
	c.Claim = claim
	a.claimLocators(&c.Subject, c)
	if len(p.subjects) == 1 && lifecycle.HasReturned(subjects[p.subjects[0]], c.Subject) {
		return a.decideSuccessor(before, subjects[p.subjects[0]], p, at)
	}
	return c, nil
}

// mergeNames merges the other subjects of the person into s and adds the names of entries and
// merged subjects. The sealed names are opened only when names may be added.
func (a *Applier) mergeNames(
	s *lifecycle.Subject,
	p *person,
	subjects map[string]lifecycle.Subject,
	c *store.Change,
	claim *[]string,
) error {
	added := p.names()
	if len(added) == 0 && len(p.subjects) < 2 {
		return nil
	}
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return err
	}
	known := len(names)
	for _, id := range p.subjects[min(1, len(p.subjects)):] {
		other := subjects[id]
		more, err := a.opts.Vault.Open(id, other.Sealed)
		if err != nil {
			return err
		}
		names = identity.Join(names, more)
		*claim = union(*claim, other.Keys) // also keys of s, which may still lead to the other subject
		*s = lifecycle.Merge(*s, other)
		c.Redirect = append(c.Redirect, lifecycle.Redirect(other, s.ID))
	}
	if names = identity.Join(names, added); len(names) > known {
		s.Sealed, err = a.opts.Vault.Seal(s.ID, names)
	}
	return err
}

// decideSuccessor decides for a person with new data after full erasure, under a new id that takes
// over the former keys.
func (a *Applier) decideSuccessor(s, old lifecycle.Subject, p *person, at time.Time) (*store.Change, error) {
	fresh := lifecycle.Successor(s, a.opts.Vault.SuccessorID(old.ID))
	var err error
	if fresh.Sealed, err = a.opts.Vault.Seal(fresh.ID, p.names()); err != nil {
		return nil, err
	}
	c := &store.Change{Claim: fresh.Keys, Redirect: []lifecycle.Subject{lifecycle.Redirect(old, fresh.ID)}}
	facts := lifecycle.MarkEchoes(a.opts.Policy, fresh, p.facts())
	c.Subject, _ = lifecycle.Decide(a.opts.Policy, fresh, facts, at)
	a.claimLocators(&c.Subject, c)
	return c, nil
}

// named returns the subject with the present knowledge of names. A subject whose first name becomes
// known is evaluated anew.
func named(s lifecycle.Subject) lifecycle.Subject {
	nameless := !slices.ContainsFunc(s.Keys, identity.IsPersonKey)
	if s.Nameless != nameless {
		s.Nameless, s.Revision = nameless, ""
	}
	return s
}

// newIDOf returns the id of a person who is not stored yet. The id follows from the first fact, so that another attempt
// finds the keys that a broken one claimed. After a version conflict the id is random: a redirect may have the other.
func (a *Applier) newIDOf(p *person, now time.Time) string {
	switch {
	case p.newID != "":
		return p.newID
	case len(p.entries) == 0 || p.entries[0].retried:
		return newID(now)
	}
	f := &p.entries[0].fact
	sum := sha256.Sum256([]byte(a.opts.Vault.Mark("subject:" + f.Source + ":" + f.ID)))
	return timedID(f.Received, sum[:])
}

// newID returns a random id for a person. Ids sort by the time of their making, so that new persons share pages of the
// store.
func newID(now time.Time) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails
	return timedID(now, random[:])
}

// timedID returns an id of a time and of ten bytes that are unique.
func timedID(at time.Time, unique []byte) string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16)
	copy(id[6:], unique)
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(id[:]))
}
