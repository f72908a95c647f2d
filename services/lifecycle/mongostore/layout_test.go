package mongostore_test

import (
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// version reads the version of the documents behind the store's back, and writes another
// unless that is negative.
func version(t *testing.T, uri string, set int64) int64 {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := client.Disconnect(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	c := client.Database("rodopath").Collection("layout")
	id := bson.D{{Key: "_id", Value: "documents"}}
	cursor, err := c.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var was []struct{ Version int64 }
	if err := cursor.All(t.Context(), &was); err != nil || len(was) != 1 {
		t.Fatal(was, err)
	}
	if set >= 0 {
		if _, err := c.UpdateOne(
			t.Context(),
			id,
			bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: set}}}},
		); err != nil {
			t.Fatal(err)
		}
	}
	return was[0].Version
}

func TestOpen_RefusesADatabaseOfANewerProgram(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	open(t, mongostore.Options{URI: srv.URI()})
	ours := version(t, srv.URI(), -1)
	if ours < 1 {
		t.Fatalf("version %d", ours)
	}
	version(t, srv.URI(), ours+1)
	if s, err := mongostore.Open(t.Context(), mongostore.Options{URI: srv.URI()}); !errors.Is(err, mongostore.ErrNewer) {
		t.Errorf("got %v, %v", s, err)
	}
	version(t, srv.URI(), ours-1)
	open(t, mongostore.Options{URI: srv.URI()})
	if got := version(t, srv.URI(), -1); got != ours {
		t.Errorf("an older database has version %d after it was opened, want %d", got, ours)
	}
}

func TestOpen_ReplicasThatStartTogetherAgreeOnTheVersion(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	once(srv, "insert", "layout", func() mongowire.Fault {
		open(t, mongostore.Options{URI: srv.URI()}) // another is first, after this one has looked
		return mongowire.FaultNone
	})
	open(t, mongostore.Options{URI: srv.URI()})
	if got := version(t, srv.URI(), -1); got < 1 {
		t.Errorf("version %d", got)
	}
}
