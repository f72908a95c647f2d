package natsio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/internal/receipt"
)

// Receipts reads messages of the stream of receipts.
type Receipts struct {
	// Read makes facts of a receipt; see receipt.Reader.
	Read func(ctx context.Context, in *stream.Receipt, from string, received time.Time) (*factv1.Delivery, error)
	// Shared are the recipients that may use the subject that all share, because they
	// have no name of their own to the broker.
	Shared []string
}

// Decode reads one message.
func (r *Receipts) Decode(ctx context.Context, msg jetstream.Msg) (*factv1.Delivery, error) {
	in, err := stream.DecodeReceipt(msg.Data())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	from := stream.RecipientOf(msg.Subject())
	switch {
	case from == "" && !slices.Contains(r.Shared, in.Recipient):
		return nil, fmt.Errorf("%w: the recipient cannot be known on the shared subject; it publishes on %s", ErrUnreadable, stream.ReceiptsOf("RECIPIENT"))
	case from == "":
		from = in.Recipient
	}
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	d, err := r.Read(ctx, in, from, meta.Timestamp)
	if errors.Is(err, receipt.ErrUnknown) || errors.Is(err, receipt.ErrStranger) || errors.Is(err, receipt.ErrOutcome) {
		return nil, fmt.Errorf("%w: receipt of %s: %w", ErrUnreadable, from, err)
	}
	return d, err
}
