package mongostore_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/storetest"
)

// TestStore_Conforms needs a real server; its databases are new, and dropped
// afterwards.
func TestStore_Conforms(t *testing.T) {
	uri := os.Getenv("RODOPATH_TEST_MONGODB_URI")
	if uri == "" {
		t.Skip("set RODOPATH_TEST_MONGODB_URI to a MongoDB server to run the conformance suite on it")
	}
	storetest.Run(t, func(t *testing.T) func(*testing.T) storetest.Store {
		opts := mongostore.Options{URI: uri, Database: "rodopath_test_" + strings.ToLower(rand.Text())}
		t.Cleanup(func() { drop(t, opts) })
		return opener(opts)
	})
}

// TestStore_Conforms_OverWire runs the real driver over a real socket, against
// a stand-in for MongoDB.
func TestStore_Conforms_OverWire(t *testing.T) {
	for name, opts := range map[string]mongowire.Options{
		"a replica set":             {},
		"a server without sessions": {NoSessions: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) func(*testing.T) storetest.Store {
				return opener(mongostore.Options{URI: listen(t, opts).URI()})
			})
		})
	}
}

// TestStore_Conforms_InParts runs the conformance suite with every list of two and more elements in parts.
func TestStore_Conforms_InParts(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func(*testing.T) storetest.Store {
		opts := mongostore.Options{URI: listen(t, mongowire.Options{}).URI()}
		return func(t *testing.T) storetest.Store {
			st := open(t, opts)
			st.CutShort()
			return st
		}
	})
}

func opener(opts mongostore.Options) func(*testing.T) storetest.Store {
	return func(t *testing.T) storetest.Store { return open(t, opts) }
}

func open(t *testing.T, opts mongostore.Options) *mongostore.Store {
	t.Helper()
	st, err := mongostore.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func listen(t *testing.T, opts mongowire.Options) *mongowire.Server {
	t.Helper()
	srv, err := mongowire.Listen(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		srv.Hook(nil)
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

func drop(t *testing.T, opts mongostore.Options) {
	client, err := mongo.Connect(options.Client().ApplyURI(opts.URI))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Database(opts.Database).Drop(context.Background()); err != nil {
		t.Errorf("drop %s: %v", opts.Database, err)
	}
	if err := client.Disconnect(context.Background()); err != nil {
		t.Error(err)
	}
}
