package mongostore

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// verify looks at the claims again now that the subjects are there. A subject
// that was not there could lose its key to one that held it for dead, and a key
// found claimed could be released by the writer that had claimed it.
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
		c.by.lose()
	}
	_, _, err = bulk(ctx, b.store.subjects, undo)
	return err
}

// release gives up the keys that were claimed for changes that were lost, so
// that they keep nobody out.
//
// Another writer of the same subject may have found such a key claimed and rely
// on it. Keys that the stored subject lists therefore stay, and the subject is
// read once more afterwards: either we see here what it was written with, or its
// writer sees in verify that the key is gone. Whoever sees it claims it again.
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

// giveUp deletes the keys that subjects have no more. It comes before they are written: a
// crash then leaves subjects that list keys which are gone, and the next try finds those
// there; the other way round nobody would know of the keys that are left.
func (b *batch) giveUp(ctx context.Context) error {
	var models []mongo.WriteModel
	b.writes(func(c *change) {
		for _, key := range c.Release {
			models = append(models, deleteClaims(key, append(slices.Clone(c.Subject.MergedFrom), c.Subject.ID)...))
		}
	})
	_, _, err := bulk(ctx, b.store.identities, models)
	return err
}

// listed parts the claims to keys that the stored subject does not list from
// those that it lists.
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

// deleteClaims deletes a key if it belongs to one of some subjects.
func deleteClaims(key string, subjects ...string) mongo.WriteModel {
	return mongo.NewDeleteOneModel().SetFilter(bson.D{{Key: "_id", Value: key}, {Key: "subject", Value: bson.D{{Key: "$in", Value: subjects}}}})
}
