package apply

import (
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/factwire"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// fact converts a fact from the wire format. Personal evidence is sealed.
func (a *Applier) fact(d *factv1.Delivery, f *factv1.Fact) (fact.Fact, error) {
	out := factwire.Decode(d, f)
	if out.AsOf != nil {
		at := fact.StateTime(*out.AsOf, out.Received)
		out.AsOf = &at
	}
	out.Mark, out.Address = a.opts.Vault.Mark(f.GetId()), a.address(f)
	out.By = a.otherNames(f, out.Address)
	var err error
	out.Proof, err = a.opts.Vault.SealText(f.GetEvidence().GetIp())
	return out, err
}

// address returns the key of the address of a fact. A fact with several addresses joins the
// identities and belongs to no single address.
func (a *Applier) address(f *factv1.Fact) string {
	var key string
	for _, i := range f.GetIdentities() {
		if i.GetKind() != identity.KindEmail {
			continue
		}
		k := a.opts.Vault.Key(identity.Identity{Kind: i.GetKind(), Value: i.GetValue()})
		if key != "" && k != key {
			return ""
		}
		key = k
	}
	return key
}

// otherNames returns the keys of the names of a fact except the key of its address: identities, and
// the accounts among the locators.
func (a *Applier) otherNames(f *factv1.Fact, address string) []string {
	var names []identity.Identity
	for _, i := range f.GetIdentities() {
		names = append(names, identity.Identity{Kind: i.GetKind(), Value: i.GetValue()})
	}
	for _, l := range f.GetLocators() {
		if name, err := identity.Parse(l); err == nil && !isRecordName(f, l) {
			names = append(names, name)
		}
	}
	var out []string
	for _, name := range names {
		if key := a.opts.Vault.Key(name); key != address && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}
