package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// gone visits the changes that are not lost and remove a subject.
func (b *batch) gone(visit func(*change)) {
	for _, c := range b.changes {
		if c.err == nil && c.Subject.Removable() {
			visit(c)
		}
	}
}

// remove deletes subjects of which nothing is left, and then their keys: a key
// without a subject can be claimed, a subject without its key is never found.
// Subjects go one by one: a batch would not tell which were no longer there.
func (b *batch) remove(ctx context.Context) error {
	var all []*change
	b.gone(func(c *change) { all = append(all, c) })
	if err := inLanes(len(all), func(i int) error { return b.removeSubject(ctx, all[i]) }); err != nil {
		return err
	}
	return b.removeTraces(ctx)
}

// removeSubject deletes a subject and those that it has just absorbed, which
// have nothing to redirect to. What was never stored needs no removal.
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
			c.lose()
			return nil
		}
	}
	return nil
}

// removeTraces deletes what removed subjects leave behind: the redirects to them,
// and their keys, those included that still lead to one of them by a redirect.
// It deletes one document at a time, because the driver sends a delete of many
// only once: a broken connection would leave them behind for good.
func (b *batch) removeTraces(ctx context.Context) error {
	var absorbed []string
	b.gone(func(c *change) { absorbed = append(absorbed, c.Subject.MergedFrom...) })
	stored, err := b.store.Load(ctx, sorted(absorbed))
	if err != nil {
		return err
	}
	var redirects, keys []mongo.WriteModel
	b.gone(func(c *change) {
		owners := []string{c.Subject.ID}
		for _, id := range c.Subject.MergedFrom {
			s, ok := stored[id]
			switch {
			case ok && s.MergedInto == "":
				continue // written again since, so it was not absorbed in the end
			case ok:
				redirects = append(redirects, mongo.NewDeleteOneModel().SetFilter(bson.D{{Key: "_id", Value: id}, {Key: "version", Value: s.Version}}))
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
