package rollout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Order is the order of the controller to put a policy into force, other than by a change of the policy file.
type Order struct {
	// Text is the ordered policy; empty approves the configured policy.
	Text string `json:"text,omitempty"`
	// Over is the Fingerprint of the configured policy that Text replaces. A later change of the file goes before the
	// order.
	Over string `json:"over"`
	// Revision is the revision that the controller approved, with all its deletions.
	Revision string    `json:"revision"`
	By       string    `json:"by"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
}

// orderState is the name of the order in the store.
const orderState = "policy-order"

// ReadOrder returns the last order; the zero value without one.
func ReadOrder(ctx context.Context, in store.Stater) (Order, error) {
	o, err := store.ReadState[Order](ctx, in, orderState)
	if err != nil {
		return Order{}, fmt.Errorf("read the order of a policy: %w", err)
	}
	return o, nil
}

// WriteOrder stores an order.
func WriteOrder(ctx context.Context, in store.Stater, o Order) error {
	if err := store.WriteState(ctx, in, orderState, o); err != nil {
		return fmt.Errorf("order a policy: %w", err)
	}
	return nil
}

// Fingerprint names the configured policy text. The default policy has one name in every version of the program, so
// that an order outlives an upgrade.
func Fingerprint(text []byte, isDefault bool) string {
	if isDefault {
		return "default"
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Ordered reports whether an order applies to the configured policy.
func (o Order) Ordered(fingerprint string) bool { return o.Revision != "" && o.Over == fingerprint }
