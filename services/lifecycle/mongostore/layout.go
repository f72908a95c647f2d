package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// layout is the version of the documents. A new version is needed when an older program would
// misread the documents. Fields that an older program merely ignores need no new version, so that
// two versions run side by side during an upgrade. Since version 2 a subject may be stored in parts.
const layout = 2

// layoutID is the one document of the collection "layout".
const layoutID = "documents"

// storedLayout is the version of the documents in a database.
type storedLayout struct {
	Version int64 `json:"version"`
}

// ErrNewer means that the documents were written by a newer program.
var ErrNewer = errors.New(
	"the database was written by a newer version of rodopath; start the newer version, or restore a backup from before the upgrade",
)

// ensureLayout refuses a database of a newer program and raises the version of an older one.
// Concurrent replicas are safe: the version only grows.
func (s *Store) ensureLayout(ctx context.Context, version int64) error {
	for range indexTries {
		found, err := find[storedLayout](ctx, s.layout, bson.D{{Key: "_id", Value: layoutID}}, options.Find())
		switch {
		case err != nil:
		case len(found) == 0:
			_, err = s.layout.InsertOne(ctx, bson.D{{Key: "_id", Value: layoutID}, {Key: "version", Value: version}})
			if mongo.IsDuplicateKeyError(err) {
				continue // another replica was first; read its version
			}
		case found[0].Version > version:
			return ErrNewer
		case found[0].Version < version:
			_, err = s.layout.UpdateOne(ctx,
				bson.D{{Key: "_id", Value: layoutID}, {Key: "version", Value: found[0].Version}},
				bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: version}}}})
			if err == nil {
				continue // another replica may have raised the version further; read again
			}
		}
		if err != nil {
			return fmt.Errorf("read the version of the documents: %w", err)
		}
		return nil
	}
	return errors.New("the version of the documents keeps changing; start the service again")
}
