package apply_test

import (
	"errors"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
)

// identities parses names.
func identities(t *testing.T, names ...string) []identity.Identity {
	t.Helper()
	var out []identity.Identity
	for _, n := range names {
		id, err := identity.Parse(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, id)
	}
	return out
}

// merged is a bench with two persons who became one: Ala, who unsubscribed, and Ola, who signed up and
// bought.
func merged(t *testing.T) (b *bench, id string) {
	t.Helper()
	b = newBench(t)
	f := b.fact(sale, order(2), "ola@example.com")
	f.Links = []string{"stripe:pi_2"}
	b.report(0, b.fact(signup, "", "ala@example.com"), b.fact(sale, order(1), "ala@example.com"))
	b.report(1, b.fact(signup, "", "ola@example.com"), f)
	b.report(2, b.fact(named, "", "ala@example.com", "ola@example.com"))
	b.report(3, b.fact(hold, "stripe:pi_2", "~stripe:pi_2"), b.fact(unsub, "", "ala@example.com"))
	b.report(4, b.fact(erasure, "", "ala@example.com"))
	b.same("ala@example.com", "ola@example.com", "~stripe:pi_2")
	_, id = b.who("ola@example.com")
	return b, id
}

func TestSplit_PartsFactsNamesAndRecords(t *testing.T) {
	b, id := merged(t)
	parted, err := b.Split(t.Context(), id, identities(t, "Ola@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	b.apart("ala@example.com", "ola@example.com")
	b.same("ola@example.com", "~"+order(2), "~stripe:pi_2")
	b.same("ala@example.com", "~"+order(1))
	if _, got := b.who("ola@example.com"); got != parted {
		t.Errorf("the new person is %s, want %s", got, parted)
	}
	ola := b.holds("ola@example.com", "hold sale signup")
	ala := b.holds("ala@example.com", "erasure sale signup unsubscribe")
	if !ola.HoldsPersonal {
		t.Error("the erasure of the other person still ends the data")
	}
	for s, want := range map[*[]byte]string{&ola.Sealed: "ola@example.com", &ala.Sealed: "ala@example.com"} {
		owner := ola.ID
		if want == "ala@example.com" {
			owner = ala.ID
		}
		names, err := b.vault.Open(owner, *s)
		if err != nil || len(names) != 1 || names[0].Value != want {
			t.Errorf("names %v, %v; want %s", names, err, want)
		}
	}
	for _, notes := range [][]chain.Note{ola.Notes, ala.Notes} {
		found := false
		for _, n := range notes {
			found = found || n.Kind == chain.KindParted
		}
		if !found {
			t.Errorf("the parting is not noted: %+v", notes)
		}
	}
}

func TestSplit_NoEventJoinsTheTwoAgain(t *testing.T) {
	b, id := merged(t)
	if _, err := b.Split(t.Context(), id, identities(t, "ola@example.com")); err != nil {
		t.Fatal(err)
	}
	b.report(9, b.fact(named, "", "ala@example.com", "ola@example.com"))
	b.apart("ala@example.com", "ola@example.com")
	_, ala := b.who("ala@example.com")
	_, ola := b.who("ola@example.com")
	if _, err := b.Join(t.Context(), "subject-of-nobody", ala); !errors.Is(err, apply.ErrUnknownSubject) {
		t.Errorf("an unknown subject: %v", err)
	}
	if _, err := b.Join(t.Context(), ala, ola); err != nil {
		t.Fatal(err)
	}
	b.same("ala@example.com", "ola@example.com")
	if _, err := b.Join(t.Context(), ala, ola); !errors.Is(err, apply.ErrSamePerson) {
		t.Errorf("one person twice: %v", err)
	}
}

func TestSplit_AnAccountPartsFromAnAddress(t *testing.T) {
	b := newBench(t)
	b.report(0, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	b.report(1, b.fact(sale, order(1), "~woocommerce:5@shop"), b.fact(sale, order(2), "ala@example.com"))
	_, id := b.who("ala@example.com")
	if _, err := b.Split(t.Context(), id, identities(t, "woocommerce:5@shop")); err != nil {
		t.Fatal(err)
	}
	b.apart("ala@example.com", "woocommerce:5@shop")
	b.report(2, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
	b.apart("ala@example.com", "woocommerce:5@shop")
	b.report(3, b.fact(sale, order(3), "~woocommerce:5@shop"))
	b.holds("ala@example.com", "sale")
	b.same("woocommerce:5@shop", "~"+order(1), "~"+order(3))
}

// TestSplit_ABoxUnderAnAccountOfTheOtherPartIsNoAct: whichever of the two parts is the new person, and an order that
// makes them one again also gives the act back.
func TestSplit_ABoxUnderAnAccountOfTheOtherPartIsNoAct(t *testing.T) {
	for _, name := range []string{"woocommerce:5@shop", "ala@example.com"} {
		b := newBench(t)
		b.report(0, b.fact(named, "", "woocommerce:5@shop", "ala@example.com"))
		b.report(1, b.fact(signup, order(1), "ala@example.com", "~woocommerce:5@shop"))
		s, id := b.who("ala@example.com")
		if !proven(s) {
			t.Fatal("the box is no act before")
		}
		if _, err := b.Split(t.Context(), id, identities(t, name)); err != nil {
			t.Fatal(err)
		}
		b.apart("ala@example.com", "woocommerce:5@shop")
		s = b.holds("ala@example.com", "signup")
		use := rights.Use{Purpose: "offers", Channel: "email"}
		if proven(s) || s.May(lifecycletest.Policy(t), use, now).Allowed {
			t.Errorf("%s parted: the box under the account of another person is an act of Ala", name)
		}
		_, other := b.who("woocommerce:5@shop")
		if _, err := b.Join(t.Context(), s.ID, other); err != nil {
			t.Fatal(err)
		}
		if s, _ = b.who("ala@example.com"); !proven(s) {
			t.Errorf("%s joined again: the box is no act", name)
		}
	}
}

func TestSplit_RefusesForeignNamesAndAllNames(t *testing.T) {
	b, id := merged(t)
	for want, names := range map[error][]string{
		apply.ErrForeignName: {"ula@example.com"},
		apply.ErrAllNames:    {"ala@example.com", "ola@example.com"},
	} {
		if _, err := b.Split(t.Context(), id, identities(t, names...)); !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %v", names, err, want)
		}
	}
}
