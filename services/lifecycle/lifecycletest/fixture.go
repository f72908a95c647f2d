// Package lifecycletest provides stores and brokers for tests.
package lifecycletest

import (
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/natstest"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
)

// Store opens a new, empty store and closes the store at the end of the test.
func Store(t testing.TB) *sqlitestore.Store {
	t.Helper()
	return StoreAt(t, filepath.Join(t.TempDir(), "rodopath.db"))
}

// StoreAt opens the store in a file and closes the store at the end of the test.
func StoreAt(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path)
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

// StandIn opens a store on a stand-in for MongoDB of its own, and closes both at the end of the test.
func StandIn(t testing.TB) *mongostore.Store {
	t.Helper()
	srv, err := mongowire.Listen(mongowire.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	st, err := mongostore.Open(t.Context(), mongostore.Options{URI: srv.URI()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// Vault opens a vault with new keys.
func Vault(t testing.TB) *identity.Vault {
	t.Helper()
	keys, err := identity.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	vault, err := identity.NewVault(keys)
	if err != nil {
		t.Fatal(err)
	}
	return vault
}

// Policy loads the shipped policy for a business called Sklep Ani.
func Policy(t testing.TB) *rules.Policy {
	t.Helper()
	p, err := policy.Load(policy.DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Changed loads the shipped policy with changes.
func Changed(changes []string) (*rules.Policy, error) {
	return policy.Change("default policy", []byte(policy.Text()), "Sklep Ani", changes)
}

// Journal writes into the journals of a store.
func Journal(st journal.Store, v *identity.Vault) *journal.Writer {
	return &journal.Writer{Store: st, Mark: v.Mark}
}

// JetStream starts a NATS server with the streams and stops the server at the end of the test. The
// functions of change adjust the options of the server.
func JetStream(t testing.TB, change ...func(*server.Options)) (*server.Server, jetstream.JetStream) {
	t.Helper()
	ns := natstest.Server(t, change...)
	_, js := natstest.Connect(t, ns)
	err := streams.Ensure(t.Context(), js, streams.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ns, js
}
