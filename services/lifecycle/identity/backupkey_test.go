package identity_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

func backupVault(t *testing.T, k *identity.Keys) *identity.Vault {
	t.Helper()
	v, err := identity.NewVault(k)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func backupKeys(t *testing.T) *identity.Keys {
	t.Helper()
	k, err := identity.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestDataKey_IsOpenedByItsOwnKeysAlone(t *testing.T) {
	v := backupVault(t, backupKeys(t))
	key, sealed, err := v.NewDataKey()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := key.NewEncryptingWriter(&out, []byte("name"))
	if err == nil {
		_, err = w.Write([]byte("ala@example.com"))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := v.OpenDataKey(sealed)
	if err != nil {
		t.Fatal(err)
	}
	r, err := again.NewDecryptingReader(&out, []byte("name"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "ala@example.com" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := backupVault(t, backupKeys(t)).OpenDataKey(sealed); !errors.Is(err, identity.ErrForeignKeys) {
		t.Errorf("foreign keys: %v", err)
	}
}

func TestAuthentic_KnowsTheManifestsOfTheNewestKeys(t *testing.T) {
	old := backupKeys(t)
	rotating, err := old.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := rotating.Prune()
	if err != nil {
		t.Fatal(err)
	}
	manifest := []byte(`{"format":2}`)
	code := backupVault(t, old).Authenticate(manifest)
	for name, c := range map[string]struct {
		keys     *identity.Keys
		manifest string
		want     bool
	}{
		"same keys":       {old, `{"format":2}`, true},
		"in a rotation":   {rotating, `{"format":2}`, true},
		"after":           {rotated, `{"format":2}`, false},
		"another content": {old, `{"format":1}`, false},
		"other keys":      {backupKeys(t), `{"format":2}`, false},
	} {
		if got := backupVault(t, c.keys).Authentic([]byte(c.manifest), code); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
