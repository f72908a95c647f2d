package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/console"
)

// TestPassword_PrintsAHash prints a hash that the console accepts, and refuses a short password.
func TestPassword_PrintsAHash(t *testing.T) {
	hash := func(typed string) (string, error) {
		cmd := (&shared{}).password()
		var out bytes.Buffer
		cmd.SetIn(strings.NewReader(typed))
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(nil)
		err := cmd.Execute()
		return strings.TrimSpace(out.String()), err
	}
	one, err := hash("długie hasło właścicielki\r\n")
	if err != nil {
		t.Fatal(err)
	}
	two, err := hash("długie hasło właścicielki\n")
	if err != nil {
		t.Fatal(err)
	}
	if one == two || !strings.HasPrefix(one, "$argon2id$") || strings.Contains(one, "hasło") {
		t.Errorf("got %q and %q, want two hashes with salts of their own", one, two)
	}
	user := console.User{Name: "anna", Role: console.RoleOwner, Hash: one}
	if _, err := console.New(
		console.Options{API: "http://127.0.0.1:1", Token: "t", Users: []console.User{user}},
	); err != nil {
		t.Errorf("the console refuses the hash: %v", err)
	}
	user.Hash = "plain text"
	if _, err := console.New(
		console.Options{API: "http://127.0.0.1:1", Token: "t", Users: []console.User{user}},
	); err == nil {
		t.Error("the console accepts a password in the clear")
	}
	if _, err := hash("short\n"); !errors.Is(err, errUsage) {
		t.Errorf("a short password: got %v, want %v", err, errUsage)
	}
}
