package identity

import (
	"bytes"
	"strings"
	"testing"
)

func vault(t *testing.T) *Vault {
	t.Helper()
	keys, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVault(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVault_KeyFoldsCaseOfAddressesAndNothingElse(t *testing.T) {
	v := vault(t)
	ala := v.Key(Identity{KindEmail, "ala@example.com"})
	for address, same := range map[string]bool{
		" Ala@Example.COM ": true, "a.la@example.com": false, "ala+x@example.com": false, "ala@example.org": false,
	} {
		if got := v.Key(Identity{KindEmail, address}) == ala; got != same {
			t.Errorf("%q is the same person: %v, want %v", address, got, same)
		}
	}
	if v.Key(Identity{"stripe", "cus_A"}) == v.Key(Identity{"stripe", "cus_a"}) {
		t.Error("ids of platforms were folded")
	}
	if strings.Contains(ala, "ala") || ala == vault(t).Key(Identity{KindEmail, "ala@example.com"}) {
		t.Error("a key must depend on the vault and show nothing")
	}
}

func TestVault_AMarkIsShortKeyedAndNoKeyOfAPerson(t *testing.T) {
	v := vault(t)
	mark := v.Mark("ala@example.com")
	if len(mark) != 22 || mark != v.Mark("ala@example.com") || mark == v.Mark("ola@example.com") {
		t.Errorf("mark %q", mark)
	}
	if mark == vault(t).Mark("ala@example.com") {
		t.Error("a mark must depend on the vault")
	}
	for _, key := range []string{v.Key(Identity{KindEmail, "ala@example.com"}), v.LocatorKey("ala@example.com")} {
		if strings.Contains(key, mark) {
			t.Error("a mark shows the key of a person")
		}
	}
}

func TestVault_SealedIdentitiesOpenForTheirSubjectOnly(t *testing.T) {
	v := vault(t)
	sealed, err := v.Seal("subject-1", []Identity{{KindEmail, "ala@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("ala")) {
		t.Error("the address can be read")
	}
	if got, err := v.Open("subject-1", sealed); err != nil || len(got) != 1 || got[0].Value != "ala@example.com" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := v.Open("subject-2", sealed); err == nil || strings.Contains(err.Error(), "ala") {
		t.Errorf("another subject: %v", err)
	}
	if got, err := v.Open("subject-1", nil); err != nil || got != nil {
		t.Errorf("nothing sealed: %v, %v", got, err)
	}
}

func TestParse_ReadsAddressesAndIdentities(t *testing.T) {
	for in, want := range map[string]Identity{
		"Ala@Example.com":     {KindEmail, "ala@example.com"},
		"stripe:cus_123":      {"stripe", "cus_123"},
		"woocommerce:17@shop": {"woocommerce", "17@shop"},
		"email:ALA@x.pl":      {KindEmail, "ala@x.pl"},
		"ala":                 {}, "": {}, ":": {}, "a@b@c": {}, "stripe:": {},
	} {
		got, err := Parse(in)
		if got != want || (err == nil) != (want != Identity{}) {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
	}
}
