package mongostore

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// staleAfter is the age from which the claim of a subject without a document may be taken over. A
// younger claim may belong to a writer about to store the subject.
const staleAfter = time.Minute

// claim is a key wanted by a change for its subject.
type claim struct {
	key string
	by  *change
}

// claim claims free keys and resolves conflicts over the others.
func (b *batch) claim(ctx context.Context) error {
	var claims []claim
	b.writes(func(c *change) {
		for _, key := range c.Claim {
			claims = append(claims, claim{key, c})
		}
	})
	taken, err := b.insertClaims(ctx, claims)
	if err != nil {
		return err
	}
	return b.contest(ctx, taken)
}

// insertClaims claims keys and returns the keys that are claimed already.
func (b *batch) insertClaims(ctx context.Context, claims []claim) (taken []claim, err error) {
	if len(claims) == 0 {
		return nil, nil
	}
	now := b.store.now()
	docs := make([]any, len(claims))
	for i, c := range claims {
		docs[i] = identity{Key: c.key, Subject: c.by.Subject.ID, At: now}
	}
	_, err = b.store.identities.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	failed, err := splitErrors(err)
	if err != nil {
		return nil, err
	}
	for i, c := range claims {
		switch failure, ok := failed[i]; {
		case !ok:
			c.by.fresh = append(c.by.fresh, c.key)
		case mongo.IsDuplicateKeyError(failure):
			taken = append(taken, c)
		case c.by.err == nil:
			c.by.err = failure
		}
	}
	return taken, nil
}

// contest resolves claims to keys of other subjects.
func (b *batch) contest(ctx context.Context, claims []claim) error {
	owners, err := b.store.owners(ctx, keysOf(claims))
	if err != nil {
		return err
	}
	var foreign []claim
	var ids []string
	for _, c := range claims {
		owner, ok := owners[c.key]
		switch {
		case !ok: // just released; free at the next attempt
			c.by.markConflict()
		case owner.Subject == c.by.Subject.ID:
			c.by.held = append(c.by.held, c.key)
		case slices.Contains(c.by.Subject.MergedFrom, owner.Subject):
			c.by.later = append(c.by.later, c.key)
		default:
			foreign = append(foreign, c)
			ids = append(ids, owner.Subject)
		}
	}
	stored, err := b.store.headers(ctx, ids)
	if err != nil {
		return err
	}
	now := b.store.now()
	for _, c := range foreign {
		owner := owners[c.key]
		_, live := stored[owner.Subject]
		if c.by.err != nil {
			continue
		}
		if live || now.Sub(owner.At) <= staleAfter {
			c.by.markConflict()
			continue
		}
		if err := b.takeOver(ctx, c, owner, now); err != nil {
			return err
		}
	}
	return nil
}

// takeOver reassigns a key of a subject without a document. A delayed writer may store the other
// subject concurrently: either its verify step finds the key reassigned and undoes the write, or
// this writer finds the subject stored and returns the key.
func (b *batch) takeOver(ctx context.Context, c claim, from identity, now time.Time) error {
	assigned, err := b.assign(ctx, from, identity{Key: c.key, Subject: c.by.Subject.ID, At: now})
	if err != nil {
		return err
	}
	if !assigned {
		c.by.markConflict()
		return nil
	}
	stored, err := b.store.headers(ctx, []string{from.Subject})
	if err != nil {
		return err
	}
	if _, live := stored[from.Subject]; !live {
		c.by.fresh = append(c.by.fresh, c.key)
		return nil
	}
	c.by.markConflict()
	_, err = b.assign(ctx, identity{Key: c.key, Subject: c.by.Subject.ID}, from)
	return err
}

// assign reassigns a key and reports whether the key still belonged to the former owner.
func (b *batch) assign(ctx context.Context, from, to identity) (bool, error) {
	res, err := b.store.identities.UpdateOne(ctx,
		bson.D{{Key: "_id", Value: from.Key}, {Key: "subject", Value: from.Subject}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "subject", Value: to.Subject}, {Key: "at", Value: to.At}}}},
	)
	if err != nil {
		return false, err
	}
	return res.MatchedCount == 1, nil
}

// reclaim ensures that keys belong to their subjects: free keys are claimed, and keys of other
// subjects are returned.
func (b *batch) reclaim(ctx context.Context, claims []claim) (lost []claim, err error) {
	owners, err := b.store.owners(ctx, keysOf(claims))
	if err != nil {
		return nil, err
	}
	var free []claim
	for _, c := range claims {
		switch owner, ok := owners[c.key]; {
		case !ok:
			free = append(free, c)
		case owner.Subject != c.by.Subject.ID:
			lost = append(lost, c)
		}
	}
	taken, err := b.insertClaims(ctx, free)
	if err != nil || len(taken) == 0 {
		return lost, err
	}
	owners, err = b.store.owners(ctx, keysOf(taken))
	for _, c := range taken {
		if owners[c.key].Subject != c.by.Subject.ID {
			lost = append(lost, c)
		}
	}
	return lost, err
}

// move reassigns the keys of merged subjects to their successors.
func (b *batch) move(ctx context.Context) error {
	var claims []claim
	var models []mongo.WriteModel
	now := b.store.now()
	b.writes(func(c *change) {
		for _, key := range c.later {
			claims = append(claims, claim{key, c})
		}
		for _, key := range c.moving() {
			models = append(models, mongo.NewUpdateOneModel().
				SetFilter(bson.D{{Key: "_id", Value: key}, {Key: "subject", Value: bson.D{{Key: "$in", Value: c.Subject.MergedFrom}}}}).
				SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: "subject", Value: c.Subject.ID}, {Key: "at", Value: now}}}}))
		}
	})
	res, failed, err := bulk(ctx, b.store.identities, models)
	if err != nil || len(failed) == 0 && int(res.MatchedCount) == len(models) {
		return err
	}
	lost, err := b.reclaim(ctx, claims)
	for _, c := range lost {
		c.by.markConflict()
	}
	return err
}

// moving lists the keys that may belong to merged subjects. A merge moves all keys and not only new
// ones: an earlier attempt may have stored keys in the subject and failed at the redirect.
func (c *change) moving() []string {
	if len(c.Redirect) == 0 {
		return c.later
	}
	return sorted(c.Subject.Keys, c.later)
}

// sorted returns each text once.
func sorted(texts ...[]string) []string {
	all := slices.Concat(texts...)
	slices.Sort(all)
	return slices.Compact(all)
}

func keysOf(claims []claim) []string {
	keys := make([]string, len(claims))
	for i, c := range claims {
		keys[i] = c.key
	}
	return keys
}
