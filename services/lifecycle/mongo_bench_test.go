package lifecycle_test

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
)

// mongoURI names the server of BenchmarkMongoDB.
const mongoURI = "RODOPATH_TEST_MONGODB_URI"

// BenchmarkMongoDB applies facts to a MongoDB, named by RODOPATH_TEST_MONGODB_URI. The baseline replaces a document of
// the size of a subject for each fact, in bulk writes of a page and with the same write concern.
func BenchmarkMongoDB(b *testing.B) {
	uri := os.Getenv(mongoURI)
	if uri == "" {
		b.Skip(mongoURI + " names no server")
	}
	s := newSetup(b)
	c := newCrowd("a", applyPersons, 1)
	waiting := c.deliveries(applyFacts, now.AddDate(0, 0, -20), now.Add(-time.Hour), true)
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			name := "rodopath_bench_" + strings.ToLower(rand.Text())
			st, err := mongostore.Open(b.Context(), mongostore.Options{URI: uri, Database: name})
			ok(b, err)
			a := s.applier(st, now, nil)
			b.StartTimer()
			for page := range slices.Chunk(waiting, benchPage) {
				ok(b, a.Apply(b.Context(), page))
			}
			b.StopTimer()
			ok(b, st.Close())
			ok(b, mongoDatabase(b, uri, name).Drop(b.Context()))
			b.StartTimer()
		}
		reportRate(b, applyFacts, "facts/s")
	})
	b.Run("bare", func(b *testing.B) {
		db := mongoDatabase(b, uri, "rodopath_bench_"+strings.ToLower(rand.Text()))
		coll := db.Collection("bare", options.Collection().SetWriteConcern(writeconcern.Majority()))
		doc := bson.D{{Key: "filler", Value: strings.Repeat("x", 2000)}}
		for b.Loop() {
			for range applyFacts / benchPage {
				models := make([]mongo.WriteModel, benchPage)
				for i := range models {
					models[i] = mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: i % applyPersons}}).
						SetReplacement(doc).SetUpsert(true)
				}
				_, err := coll.BulkWrite(b.Context(), models, options.BulkWrite().SetOrdered(false))
				ok(b, err)
			}
		}
		reportRate(b, applyFacts, "facts/s")
		ok(b, db.Drop(b.Context()))
	})
}

func mongoDatabase(b *testing.B, uri, name string) *mongo.Database {
	b.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	ok(b, err)
	b.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(name)
}
