package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// layout is the version of the documents. It is raised when an earlier program would
// misread what this one writes; what an earlier one merely does not know does not raise
// it, so that two versions can run side by side while one replaces the other.
const layout = 1

// layoutID is the one document of the collection "layout".
const layoutID = "documents"

// written is the version of the documents in a database.
type written struct {
	Version int64 `json:"version"`
}

// ErrNewer means that a newer program wrote to the database, in a way that this one
// would misread.
var ErrNewer = errors.New("the database was written by a newer rodopath; start that one or one still newer, or go back to a copy of the data from before")

// ensureLayout refuses a database of a newer program and notes the version in one of an
// older. Replicas may do this at the same time: the version only grows.
func (s *Store) ensureLayout(ctx context.Context, version int64) error {
	for range indexTries {
		found, err := find[written](ctx, s.layout, bson.D{{Key: "_id", Value: layoutID}}, options.Find())
		switch {
		case err != nil:
		case len(found) == 0:
			_, err = s.layout.InsertOne(ctx, bson.D{{Key: "_id", Value: layoutID}, {Key: "version", Value: version}})
			if mongo.IsDuplicateKeyError(err) {
				continue // another replica was first; see what it wrote
			}
		case found[0].Version > version:
			return ErrNewer
		case found[0].Version < version:
			_, err = s.layout.UpdateOne(ctx,
				bson.D{{Key: "_id", Value: layoutID}, {Key: "version", Value: found[0].Version}},
				bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: version}}}})
			if err == nil {
				continue // read what stands now: another may have raised it further
			}
		}
		if err != nil {
			return fmt.Errorf("read the version of the documents: %w", err)
		}
		return nil
	}
	return errors.New("the version of the documents does not come to rest")
}
