package apply

import (
	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Keys returns the keyed hashes of the names of the persons and records of a delivery: deliveries that share a key
// may concern one person. The error wraps ErrImpossible for a fact that cannot be read.
func (a *Applier) Keys(d *factv1.Delivery) ([]string, error) {
	var keys []string
	for _, f := range d.GetFacts() {
		e, err := a.entry(d, f)
		if err != nil {
			return keys, err
		}
		keys = append(keys, e.lookups()...)
	}
	return keys, nil
}
