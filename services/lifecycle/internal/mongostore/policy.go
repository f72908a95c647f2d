package mongostore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle/internal/store"
)

// adopted is a stored policy.
type adopted struct {
	// ID is made of the revision and the instant from which it was in force, so
	// that a policy is noted once for each time that it came.
	ID string `bson:"_id"`
	// Policy is a store.Policy as JSON.
	Policy string `bson:"policy"`
}

// Policies returns the policies that were in force, in the order in which they
// came into force. They are few, so they are sorted here.
func (s *Store) Policies(ctx context.Context) ([]store.Policy, error) {
	list, err := find[adopted](ctx, s.policies, bson.D{}, options.Find())
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	out := make([]store.Policy, len(list))
	for i, a := range list {
		if err := json.Unmarshal([]byte(a.Policy), &out[i]); err != nil {
			return nil, fmt.Errorf("decode policy %s: %w", a.ID, err)
		}
	}
	slices.SortFunc(out, func(a, b store.Policy) int {
		return cmp.Or(cmp.Compare(a.From.UnixMilli(), b.From.UnixMilli()), cmp.Compare(a.Revision, b.Revision))
	})
	return out, nil
}

// AddPolicy notes that a policy came into force. Each start may say so again: what is
// noted under the same revision and instant, to the millisecond, stays as it is.
func (s *Store) AddPolicy(ctx context.Context, p store.Policy) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("adopt policy %s: %w", p.Revision, err)
	}
	id := fmt.Sprintf("%s/%d", p.Revision, p.From.UnixMilli())
	_, err = s.policies.InsertMany(ctx, []any{adopted{ID: id, Policy: string(doc)}})
	failed, err := failures(err)
	if failure := failed[0]; err == nil && failure != nil && !mongo.IsDuplicateKeyError(failure) {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("adopt policy %s: %w", p.Revision, err)
	}
	return nil
}
