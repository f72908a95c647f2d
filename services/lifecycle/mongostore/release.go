package mongostore

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// verify checks the claims again after the subjects are stored. The key of a subject without a
// document may have been taken over as stale, and a key found claimed may have been released by its
// claimant.
func (b *batch) verify(ctx context.Context) error {
	var claims []claim
	b.writes(func(c *change) {
		keys := c.held
		if c.Subject.Version == 0 {
			keys = slices.Concat(c.fresh, c.held)
		}
		for _, key := range keys {
			claims = append(claims, claim{key, c})
		}
	})
	lost, err := b.reclaim(ctx, claims)
	if err != nil {
		return err
	}
	var undo []mongo.WriteModel
	for _, c := range lost {
		if c.by.err == nil && c.by.Subject.Version == 0 {
			undo = append(undo, mongo.NewDeleteOneModel().SetFilter(bson.D{
				{Key: "_id", Value: c.by.row.id}, {Key: "version", Value: int64(1)}, {Key: "write", Value: c.by.row.write},
			}))
		}
		c.by.markConflict()
	}
	_, _, err = bulk(ctx, b.store.subjects, undo)
	return err
}

// release deletes the keys claimed for failed changes, which would otherwise block other subjects.
//
// Another writer of the same subject may rely on such a key. Keys listed by the stored subject are
// therefore kept, and the subject is read again after the deletion: either this writer finds the
// key listed, or the verify step of the other writer finds the key missing. The finder claims the
// key again.
func (b *batch) release(ctx context.Context) error {
	var claims []claim
	for _, c := range b.changes {
		if c.err == nil {
			continue
		}
		for _, key := range c.fresh {
			claims = append(claims, claim{key, c})
		}
	}
	claims, _, err := b.listed(ctx, claims)
	if err != nil {
		return err
	}
	models := make([]mongo.WriteModel, len(claims))
	for i, c := range claims {
		models[i] = deleteClaims(c.key, c.by.Subject.ID)
	}
	if _, _, err := bulk(ctx, b.store.identities, models); err != nil {
		return err
	}
	_, needed, err := b.listed(ctx, claims)
	if err != nil {
		return err
	}
	_, err = b.insertClaims(ctx, needed)
	return err
}

// deleteReleased deletes the keys dropped by subjects, before the subjects are written. A crash
// then leaves subjects with listed but deleted keys, which the next attempt completes. In the
// opposite order, leftover keys would never be found.
func (b *batch) deleteReleased(ctx context.Context) error {
	var models []mongo.WriteModel
	b.writes(func(c *change) {
		for _, key := range c.Release {
			models = append(models, deleteClaims(key, append(slices.Clone(c.Subject.MergedFrom), c.Subject.ID)...))
		}
	})
	_, _, err := bulk(ctx, b.store.identities, models)
	return err
}

// listed separates claims to keys that the stored subject does not list from claims to listed keys.
func (b *batch) listed(ctx context.Context, claims []claim) (no, yes []claim, err error) {
	ids := make([]string, len(claims))
	for i, c := range claims {
		ids[i] = c.by.Subject.ID
	}
	slices.Sort(ids)
	stored, err := b.store.Load(ctx, slices.Compact(ids))
	for _, c := range claims {
		if slices.Contains(stored[c.by.Subject.ID].Keys, c.key) {
			yes = append(yes, c)
		} else {
			no = append(no, c)
		}
	}
	return no, yes, err
}

// deleteClaims deletes a key that belongs to one of the subjects.
func deleteClaims(key string, subjects ...string) mongo.WriteModel {
	return mongo.NewDeleteOneModel().
		SetFilter(bson.D{{Key: "_id", Value: key}, {Key: "subject", Value: bson.D{{Key: "$in", Value: subjects}}}})
}
