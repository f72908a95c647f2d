package apply

import (
	"context"
	"fmt"
	"slices"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// Homes returns for each delivery the strongest name of its person: the first address by which the stored person is
// known. A delivery about nobody known, or about a person without an address, has none.
func (a *Applier) Homes(ctx context.Context, deliveries []*factv1.Delivery) ([]string, error) {
	var entries []entry
	places := make([]int, 0, len(deliveries)) // of the delivery of each entry
	for i, d := range deliveries {
		for _, f := range d.GetFacts() {
			e, err := a.entry(d, f)
			if err != nil {
				break // the application of the delivery ends with the same error
			}
			entries, places = append(entries, e), append(places, i)
		}
	}
	out := make([]string, len(deliveries))
	if len(entries) == 0 {
		return out, nil
	}
	owners, subjects, err := a.resolve(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("find the persons of deliveries: %w", err)
	}
	for i := range entries {
		if out[places[i]] != "" {
			continue
		}
		for _, key := range entries[i].lookups() {
			if id, known := owners[key]; known {
				s := subjects[id]
				if out[places[i]], err = a.firstAddress(id, s.Sealed); err != nil {
					return nil, fmt.Errorf("find the persons of deliveries: %w", err)
				}
				break
			}
		}
	}
	return out, nil
}

// firstAddress returns the first address among sealed names; empty without one.
func (a *Applier) firstAddress(subject string, sealed []byte) (string, error) {
	names, err := a.opts.Vault.Open(subject, sealed)
	if err != nil {
		return "", err
	}
	var addresses []string
	for _, name := range names {
		if name.Kind == identity.KindEmail {
			addresses = append(addresses, name.String())
		}
	}
	if len(addresses) == 0 {
		return "", nil
	}
	return slices.Min(addresses), nil
}
