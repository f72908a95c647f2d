package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// storedState is a document about the installation itself.
type storedState struct {
	Name string `bson:"_id"`
	Doc  string `bson:"doc"`
}

// State returns a document about the installation itself; empty for an unknown name.
func (s *Store) State(ctx context.Context, name string) (string, error) {
	list, err := find[storedState](ctx, s.state, bson.D{{Key: "_id", Value: name}}, options.Find())
	if err != nil {
		return "", fmt.Errorf("read the state %s: %w", name, err)
	}
	if len(list) == 0 {
		return "", nil
	}
	return list[0].Doc, nil
}

// SetState stores a document about the installation itself; the latest one counts.
func (s *Store) SetState(ctx context.Context, name, doc string) error {
	set := func() (int64, error) {
		res, err := s.state.UpdateOne(ctx,
			bson.D{{Key: "_id", Value: name}},
			bson.D{{Key: "$set", Value: bson.D{{Key: "doc", Value: doc}}}},
		)
		if err != nil {
			return 0, err
		}
		return res.MatchedCount, nil
	}
	n, err := set()
	if err == nil && n == 0 {
		if _, err = s.state.InsertMany(ctx, []any{storedState{name, doc}}); mongo.IsDuplicateKeyError(err) {
			_, err = set() // another process was faster
		}
	}
	if err != nil {
		return fmt.Errorf("store the state %s: %w", name, err)
	}
	return nil
}

// AddState stores a document unless there is one of its name, and returns the stored one. Of several callers at the
// same time one succeeds.
func (s *Store) AddState(ctx context.Context, name, doc string) (string, error) {
	_, err := s.state.InsertMany(ctx, []any{storedState{name, doc}})
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return "", fmt.Errorf("add the state %s: %w", name, err)
	}
	return s.State(ctx, name)
}

// ReplaceState stores a document in place of a former one; an empty former one means that there is none. The error is
// store.ErrConflict when the stored document is another.
func (s *Store) ReplaceState(ctx context.Context, name, former, doc string) error {
	if former == "" {
		_, err := s.state.InsertMany(ctx, []any{storedState{name, doc}})
		if mongo.IsDuplicateKeyError(err) {
			err = store.ErrConflict
		}
		if err != nil {
			return fmt.Errorf("replace the state %s: %w", name, err)
		}
		return nil
	}
	res, err := s.state.UpdateOne(ctx,
		bson.D{{Key: "_id", Value: name}, {Key: "doc", Value: former}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "doc", Value: doc}}}},
	)
	if err == nil && res.MatchedCount == 0 {
		err = store.ErrConflict
	}
	if err != nil {
		return fmt.Errorf("replace the state %s: %w", name, err)
	}
	return nil
}
