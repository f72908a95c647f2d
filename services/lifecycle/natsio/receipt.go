package natsio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
)

// Receipts reads messages of the stream of receipts.
type Receipts struct {
	// Read makes facts of a receipt; see receipt.Reader.
	Read func(ctx context.Context, in *stream.Receipt, from string, received time.Time) (*factv1.Delivery, error)
	// Shared are the recipients without a name at the broker, which may use the shared subject.
	Shared []string
	// Now is the time of receipt: the clock of the broker may differ from the clock of decisions.
	Now func() time.Time
	Log *slog.Logger
}

// noticeAttempts bounds the redeliveries, one second apart, of a receipt for a known decision without a
// notice. A recipient may answer a decision that was published and retracted at the same time,
// before the relay has stored the notice.
const noticeAttempts = 10

// Decode decodes one message with one or several receipts. Invalid receipts become dead letters and
// do not block the others.
func (r *Receipts) Decode(ctx context.Context, msg jetstream.Msg) ([]*factv1.Delivery, error) {
	in, err := stream.DecodeReceipts(msg.Data())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	var all *factv1.Delivery
	for _, one := range in {
		d, err := r.read(ctx, one, stream.RecipientOf(msg.Subject()), r.Now())
		switch {
		case errors.Is(err, receipt.ErrNoNotice) && meta.NumDelivered < noticeAttempts:
			return nil, receipt.ErrNoNotice
		case errors.Is(err, ErrUnreadable):
			r.Log.Error("a receipt is invalid and is set aside as a dead letter", "sequence", meta.Sequence.Stream, "error", err)
			continue
		case err != nil:
			return nil, err
		case all == nil:
			all = d
		default:
			all.Facts = append(all.Facts, d.GetFacts()...)
		}
	}
	if all == nil {
		return nil, fmt.Errorf("%w: none of the %d receipts is valid", ErrUnreadable, len(in))
	}
	return []*factv1.Delivery{all}, nil
}

// read converts one receipt. from is the sender according to the NATS subject; empty on the shared
// subject.
func (r *Receipts) read(
	ctx context.Context,
	in *stream.Receipt,
	from string,
	received time.Time,
) (*factv1.Delivery, error) {
	if err := in.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	switch {
	case from != "" && in.Recipient != "" && in.Recipient != from:
		return nil, fmt.Errorf("%w: a receipt on the subject of %s names another recipient", ErrUnreadable, from)
	case from == "" && in.Recipient == "":
		return nil, fmt.Errorf("%w: a receipt on the shared subject must name a recipient", ErrUnreadable)
	case from == "" && !slices.Contains(r.Shared, in.Recipient):
		return nil, fmt.Errorf(
			"%w: the shared subject is for recipients with by: nats and without a token only; other recipients publish on %s",
			ErrUnreadable,
			stream.ReceiptsOf("RECIPIENT"),
		)
	case from == "":
		from = in.Recipient
	}
	d, err := r.Read(ctx, in, from, received)
	if errors.Is(err, receipt.ErrUnknown) || errors.Is(err, receipt.ErrNotNotified) || errors.Is(err, receipt.ErrOutcome) {
		return nil, fmt.Errorf("%w: receipt of %s: %w", ErrUnreadable, from, err)
	}
	return d, err
}
