package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// removals visits the valid changes that remove a subject.
func (b *batch) removals(visit func(*change)) {
	for _, c := range b.changes {
		if c.err == nil && c.Subject.Removable() {
			visit(c)
		}
	}
}

// remove deletes empty subjects and then their keys. A key without a subject can be claimed; a
// subject without its key would never be found. Subjects are deleted one at a time, because a batch
// reports no result for each subject.
func (b *batch) remove(ctx context.Context) error {
	var all []*change
	b.removals(func(c *change) { all = append(all, c) })
	if err := inParallel(len(all), func(i int) error { return b.removeSubject(ctx, all[i]) }); err != nil {
		return err
	}
	var removed []string
	b.removals(func(c *change) { removed = append(removed, c.Subject.ID) })
	if err := b.store.removeParts(ctx, removed); err != nil {
		return err
	}
	return b.removeTraces(ctx)
}

// removeSubject deletes a subject and the subjects merged into the removed one, which need no
// redirect. A subject that was never stored needs no removal.
func (b *batch) removeSubject(ctx context.Context, c *change) error {
	for _, s := range append([]lifecycle.Subject{c.Subject}, c.Redirect...) {
		if s.Version == 0 {
			continue
		}
		res, err := b.store.subjects.DeleteOne(ctx, bson.D{{Key: "_id", Value: s.ID}, {Key: "version", Value: s.Version}})
		if err != nil {
			return err
		}
		if res.DeletedCount == 0 {
			c.markConflict()
			return nil
		}
	}
	return nil
}

// removeTraces deletes the redirects to removed subjects and their keys, including keys that still
// lead to a redirect. Documents are deleted one at a time, because the driver does not retry a
// delete of many: a broken connection would leave documents behind.
func (b *batch) removeTraces(ctx context.Context) error {
	var absorbed []string
	b.removals(func(c *change) { absorbed = append(absorbed, c.Subject.MergedFrom...) })
	stored, err := b.store.Load(ctx, sorted(absorbed))
	if err != nil {
		return err
	}
	var redirects, keys []mongo.WriteModel
	b.removals(func(c *change) {
		owners := []string{c.Subject.ID}
		for _, id := range c.Subject.MergedFrom {
			s, ok := stored[id]
			switch {
			case ok && s.MergedInto == "":
				continue // written again since, so the merge did not succeed
			case ok:
				redirects = append(
					redirects,
					mongo.NewDeleteOneModel().SetFilter(bson.D{{Key: "_id", Value: id}, {Key: "version", Value: s.Version}}),
				)
			}
			owners = append(owners, id)
		}
		for _, key := range c.Subject.Keys {
			keys = append(keys, deleteClaims(key, owners...))
		}
	})
	if _, _, err := bulk(ctx, b.store.subjects, redirects); err != nil {
		return err
	}
	_, _, err = bulk(ctx, b.store.identities, keys)
	return err
}
