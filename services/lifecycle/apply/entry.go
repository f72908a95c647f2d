package apply

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// entry is one fact with the keys of its person.
type entry struct {
	fact fact.Fact
	// names are the identities; persons are the keys of the names as identities, locators and loose the keys
	// of the ids as locators of an account, in the same order.
	names                    []identity.Identity
	persons, locators, loose []string
	// ref is the key of the record's name; records are the keys of ref and of the further names. parent is the
	// key of the order that began the contract of the fact; empty for the record itself.
	ref, parent string
	records     []string
	// shared are the names that other persons may hold as well.
	shared []shared
	// accounts are the accounts of a platform under which the fact was reported.
	accounts []account
	// claims are the keys of locators that lead to the person from then on.
	claims []string
	// states reports whether the controller states that all names belong to one person; joins are the
	// persons that the statement joins by the records under an account.
	states bool
	joins  []string
	// former maps a key to the keys under which an earlier generation, or an earlier version, may
	// have stored the person.
	former map[string][]string
	// trace is the trace context of the webhook.
	trace string
	// retried reports whether an attempt to apply the entry met a version conflict.
	retried bool
	// found reports whether a reconciliation found the fact.
	found bool
}

// account is an account of a platform: a locator, and an identity where a platform's own event joined
// the account with an address. loose leads to the records under the account that name no address, until such
// an event says whose the account is.
type account struct{ person, locator, loose string }

// entries reads the facts of deliveries, in the order of their receipt.
func (a *Applier) entries(deliveries []*factv1.Delivery) ([]entry, error) {
	var out []entry
	for _, d := range deliveries {
		for _, f := range d.GetFacts() {
			e, err := a.entry(d, f)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrImpossible, err)
			}
			if len(e.persons)+len(e.claims) > 0 {
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int { return a.fact.Received.Compare(b.fact.Received) })
	return out, nil
}

func (a *Applier) entry(d *factv1.Delivery, f *factv1.Fact) (entry, error) {
	fact, err := a.fact(d, f)
	e := entry{
		fact: fact, trace: d.GetTraceparent(), former: map[string][]string{},
		states: f.GetSamePerson() && len(f.GetIdentities()) > 1,
		found:  d.GetFound(),
	}
	for _, i := range f.GetIdentities() {
		name := identity.Identity{Kind: i.GetKind(), Value: i.GetValue()}.Normal()
		e.names = append(e.names, name)
		key := e.key(a.opts.Vault.Keys(name))
		e.former[key] = append(e.former[key], a.opts.Vault.FormerKeys(name)...)
		e.persons = append(e.persons, key)
		var acc account
		if name.Kind != identity.KindEmail {
			acc = a.account(&e, name.String())
		}
		e.locators, e.loose = append(e.locators, acc.locator), append(e.loose, acc.loose)
	}
	a.addRecords(&e, f)
	a.addShared(&e, f)
	for _, l := range f.GetLocators() {
		if isRecordName(f, l) {
			e.addRecord(a.opts.Vault.LocatorKeys(l))
			e.claim(a.opts.Vault.LocatorKey(l))
			continue
		}
		acc := a.account(&e, l)
		if name, err := identity.Parse(l); err == nil {
			acc.person = e.key(a.opts.Vault.Keys(name))
		}
		e.accounts = append(e.accounts, acc)
		if len(e.names) > 0 {
			e.claim(acc.locator)
		} else {
			e.claim(acc.loose)
		}
	}
	return e, err
}

// looseLocator precedes the name of an account in the locator of its records without an address.
const looseLocator = "without-address:"

// account returns the keys of an account as locators. Any other locator, such as a payment, leads to its person
// with and without an address.
func (a *Applier) account(e *entry, name string) account {
	locator := e.key(a.opts.Vault.LocatorKeys(name))
	if !isAccount(name) {
		return account{locator: locator, loose: locator}
	}
	return account{locator: locator, loose: e.key(a.opts.Vault.LocatorKeys(looseLocator + name))}
}

// isAccount reports whether a locator names a customer of a platform, under which many persons may buy: a number
// at a shop, as in "woocommerce:5@shop", or a customer of Stripe.
func isAccount(name string) bool {
	kind, value, _ := strings.Cut(name, ":")
	return kind == "woocommerce" && !strings.Contains(value, "/") || kind == "stripe" && strings.HasPrefix(value, "cus_")
}

// claim adds the key of a locator that leads to the person from then on.
func (e *entry) claim(key string) {
	if !slices.Contains(e.claims, key) {
		e.claims = append(e.claims, key)
	}
}

// addRecords adds the names of the record, by which later facts find the person. An access of a contract is
// found by the order that began the contract as well, and does not name the order.
func (a *Applier) addRecords(e *entry, f *factv1.Fact) {
	own := recordOf(&e.fact)
	if own == "" || !hasRecord(e.fact.Kind) && !comesWithRecord(e.fact.Kind) {
		return
	}
	for _, name := range append([]string{own}, f.GetLinks()...) {
		e.addRecord(a.opts.Vault.LocatorKeys(name))
	}
	e.ref = e.records[0]
	if hasRecord(e.fact.Kind) {
		e.claims = slices.Clone(e.records)
	}
	if f.GetRef() != own {
		e.parent = e.addRecord(a.opts.Vault.LocatorKeys(f.GetRef()))
	}
}

func (e *entry) addRecord(keys []string) string {
	key := e.key(keys)
	if !slices.Contains(e.records, key) {
		e.records = append(e.records, key)
	}
	return key
}

// isRecordName reports whether a locator names a record of the fact, and not an account.
func isRecordName(f *factv1.Fact, locator string) bool {
	return locator == f.GetRef() || locator == f.GetContract() || slices.Contains(f.GetLinks(), locator) ||
		locator == identity.DecisionLocator(f.GetRef()) || locator == requestLocator+f.GetRef()
}

// requestLocator precedes the name of a request in its locator.
const requestLocator = "request:"

// hasRecord reports whether Ref names a business document, which belongs to one person. A webinar, a
// form and a list have many.
func hasRecord(k fact.Kind) bool {
	switch k {
	case fact.KindSale, fact.KindRefund, fact.KindPerformed, fact.KindOrderPlaced, fact.KindOrderExpired,
		fact.KindNegotiationOpened, fact.KindNegotiationClosed, fact.KindAccessStarted, fact.KindAccessEnded,
		fact.KindHold, fact.KindRelease, fact.KindComplaint, fact.KindComplaintSettled:
		return true
	}
	return false
}

// comesWithRecord reports whether Ref may name a business document with which the fact was reported, such as
// the box of an order: the fact belongs to the person of the document.
func comesWithRecord(k fact.Kind) bool { return k == fact.KindSignup || k == fact.KindState }

// recordOf names the record that decides whose a fact is: the contract of an access, or else Ref. A
// subscription has a buyer of its own, whoever placed the order that began the subscription.
func recordOf(f *fact.Fact) string {
	switch f.Kind {
	case fact.KindAccessStarted, fact.KindAccessEnded, fact.KindState:
		return cmp.Or(f.Contract, f.Ref)
	}
	return f.Ref
}

// endsContract reports whether a fact says that a contract of another record ended, or goes on after an end. The
// buyer of the order that began the contract needs the end as well.
func endsContract(f *fact.Fact) bool {
	return (f.Kind == fact.KindAccessEnded || f.Kind == fact.KindState) && recordOf(f) != f.Ref
}

// key returns the current key of several and records the others.
func (e *entry) key(keys []string) string {
	if len(keys) > 1 {
		e.former[keys[0]] = append(e.former[keys[0]], keys[1:]...)
	}
	return keys[0]
}

// lookups are all keys under which a subject may be stored.
func (e *entry) lookups() []string {
	keys := slices.Concat(e.persons, e.locators, e.loose, e.records, e.claims)
	for _, a := range e.accounts {
		keys = append(keys, a.person, a.locator)
	}
	for _, n := range e.shared {
		keys = append(append(keys, n.key), n.further...)
	}
	for _, former := range e.former {
		keys = append(keys, former...)
	}
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

// billing reports whether the only name of the person is an address, as a buyer types an address: such
// a name finds a person and joins nobody.
func (e *entry) billing() bool { return len(e.names) == 1 && e.names[0].Kind == identity.KindEmail }

// ownName reports whether the name of the record is a bare name of the sender, which may not be unique.
func (e *entry) ownName() bool {
	return e.fact.Source != "" && strings.HasPrefix(recordOf(&e.fact), e.fact.Source+":")
}

// statesBuyer reports whether the report of a record states whose the record is: an order, or the access of a
// contract. Other facts belong to the person of the record.
func (e *entry) statesBuyer() bool {
	switch e.fact.Kind {
	case fact.KindAccessStarted, fact.KindAccessEnded:
		return e.fact.Contract != ""
	}
	return e.fact.Kind.IsOrder()
}

// follow gives the fact to the person of its record, whatever name the report carries. Address is the address
// of the record. A box under another address is no act of that person.
func (e *entry) follow(address string) {
	e.names, e.persons, e.locators, e.loose = nil, nil, nil, nil
	if e.fact.Address != "" {
		e.fact.Address = address
	}
	e.fact.MarkUnproven()
}
