package background_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
)

// crowd is a relay with three pending subjects, one of which is at fault.
type crowd struct {
	*scene
	path string
	// told are the subjects that were set aside; restored those that are published after all.
	told, restored []string
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{path: filepath.Join(t.TempDir(), identity.DatabaseFile)}
	st, err := sqlitestore.Open(t.Context(), c.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	vault, p, w := lifecycletest.Vault(t), lifecycletest.Policy(t), &wire{}
	r := background.NewRelay(background.RelayOptions{
		Store: st, Publisher: w, Reader: w, Purger: w, Journal: lifecycletest.Journal(st, vault), Vault: vault, Policy: p,
		SetAside: func(_ context.Context, subject string, cause error) error {
			if cause == nil {
				c.restored = append(c.restored, subject)
			} else {
				c.told = append(c.told, subject)
			}
			return nil
		},
	})
	c.scene = &scene{Relay: r, store: st, vault: vault, policy: p, wire: w}
	for _, id := range []string{"ala", "bob", "cyd"} {
		c.save(t, c.pending(t, id))
	}
	return c
}

// pending is a subject with a decision in its outbox.
func (c *crowd) pending(t *testing.T, id string) lifecycle.Subject {
	t.Helper()
	s := lifecycle.Subject{ID: id}
	var err error
	s.Sealed, err = c.vault.Seal(id, []identity.Identity{{Kind: identity.KindEmail, Value: id + "@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	s, _ = lifecycle.Decide(c.policy, s, []fact.Fact{newFact(fact.KindSignup, 2), newFact(fact.KindUnsubscribe, 1)}, now)
	if len(s.Outbox) == 0 {
		t.Fatal("the subject has no decision")
	}
	return s
}

// published are the subjects with an event on the wire, each once.
func (c *crowd) published() []string {
	var out []string
	for _, e := range c.wire.events {
		out = append(out, e.Subject)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// damage replaces the document of a subject.
func (c *crowd) damage(t *testing.T, id, doc string) {
	t.Helper()
	db, err := sql.Open("sqlite", c.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE subjects SET doc = ? WHERE id = ?", []byte(doc), id); err != nil {
		t.Fatal(err)
	}
}

func TestDrain_ASubjectAtFaultHoldsUpNoOther(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *crowd){
		"an event that is too large": func(_ *testing.T, c *crowd) { c.wire.large = "bob" },
		"names that cannot be opened": func(t *testing.T, c *crowd) {
			found, err := c.store.Load(t.Context(), []string{"bob"})
			if err != nil {
				t.Fatal(err)
			}
			s := found["bob"]
			s.Sealed = []byte("not sealed")
			c.save(t, s)
		},
		"a document that cannot be decoded": func(t *testing.T, c *crowd) { c.damage(t, "bob", "{") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t)
			spoil(t, c)
			_, err := c.Drain(t.Context())
			if err == nil || !strings.Contains(err.Error(), "bob") {
				t.Errorf("Drain = %v, want an error that names bob", err)
			}
			if got := c.published(); !slices.Equal(got, []string{"ala", "cyd"}) {
				t.Errorf("published %v, want ala and cyd", got)
			}
			if _, err := c.Drain(t.Context()); err != nil {
				t.Errorf("the next Drain = %v, want nil: bob waits for the next attempt", err)
			}
			if !slices.Equal(c.told, []string{"bob"}) || c.Aside() != 1 {
				t.Errorf("set aside %v (%d), want bob once", c.told, c.Aside())
			}
		})
	}
}

func TestRetry_PublishesWhatWasSetAside(t *testing.T) {
	c := newCrowd(t)
	c.wire.large = "bob"
	if _, err := c.Drain(t.Context()); err == nil {
		t.Fatal("Drain has no error")
	}
	c.wire.large = ""
	c.Retry()
	if _, err := c.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.published(); !slices.Equal(got, []string{"ala", "bob", "cyd"}) || c.Aside() != 0 {
		t.Errorf("published %v, %d set aside, want all", got, c.Aside())
	}
	if !slices.Equal(c.restored, []string{"bob"}) {
		t.Errorf("restored %v, want bob", c.restored)
	}
}
