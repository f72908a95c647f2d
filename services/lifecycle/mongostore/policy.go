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

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// storedPolicy is a stored policy.
type storedPolicy struct {
	// ID is the revision and the instant of entry into force; a policy that returns is stored
	// again.
	ID string `bson:"_id"`
	// Policy is a store.Policy as JSON.
	Policy string `bson:"policy"`
}

// Policies returns the policies that were in force, by time. The few documents are sorted here.
func (s *Store) Policies(ctx context.Context) ([]store.Policy, error) {
	list, err := find[storedPolicy](ctx, s.policies, bson.D{}, options.Find())
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

// AddPolicy records that a policy entered into force. The call is idempotent: a policy stored under
// the same revision and instant, to the millisecond, stays unchanged.
func (s *Store) AddPolicy(ctx context.Context, p store.Policy) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store policy %s: %w", p.Revision, err)
	}
	id := fmt.Sprintf("%s/%d", p.Revision, p.From.UnixMilli())
	_, err = s.policies.InsertMany(ctx, []any{storedPolicy{ID: id, Policy: string(doc)}})
	failed, err := splitErrors(err)
	if failure := failed[0]; err == nil && failure != nil && !mongo.IsDuplicateKeyError(failure) {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("store policy %s: %w", p.Revision, err)
	}
	return nil
}
