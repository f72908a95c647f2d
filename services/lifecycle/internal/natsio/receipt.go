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
	"github.com/rodopath/rodopath/services/lifecycle/internal/receipt"
)

// Receipts reads messages of the stream of receipts.
type Receipts struct {
	// Read makes facts of a receipt; see receipt.Reader.
	Read func(ctx context.Context, in *stream.Receipt, from string, received time.Time) (*factv1.Delivery, error)
	// Shared are the recipients that may use the subject that all share, because they
	// have no name of their own to the broker.
	Shared []string
	// Now tells when a receipt is received: the clock of the broker may be another than
	// the one by which decisions are made.
	Now func() time.Time
	Log *slog.Logger
}

// noteTries is how often a receipt of a decision that was made and is not awaited comes
// again, a second apart, before it is put aside: a recipient may answer what news took back
// while it went out before the relay has noted that it did.
const noteTries = 10

// Decode reads one message, which may hold several receipts. Those that cannot be taken
// are put aside, and do not hold up the others.
func (r *Receipts) Decode(ctx context.Context, msg jetstream.Msg) (*factv1.Delivery, error) {
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
		case errors.Is(err, receipt.ErrNoNotice) && meta.NumDelivered < noteTries:
			return nil, receipt.ErrNoNotice
		case errors.Is(err, ErrUnreadable):
			r.Log.Error("a receipt cannot be taken and is put aside", "sequence", meta.Sequence.Stream, "error", err)
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
		return nil, fmt.Errorf("%w: none of its %d receipts can be taken", ErrUnreadable, len(in))
	}
	return all, nil
}

// read reads one receipt. from is who sent it, as the subject says; empty on the subject
// that all share.
func (r *Receipts) read(ctx context.Context, in *stream.Receipt, from string, received time.Time) (*factv1.Delivery, error) {
	if err := in.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	switch {
	case from != "" && in.Recipient != "" && in.Recipient != from:
		return nil, fmt.Errorf("%w: a receipt on the subject of %s names another recipient", ErrUnreadable, from)
	case from == "" && in.Recipient == "":
		return nil, fmt.Errorf("%w: a receipt on the subject that all share must name its recipient", ErrUnreadable)
	case from == "" && !slices.Contains(r.Shared, in.Recipient):
		return nil, fmt.Errorf("%w: a receipt on the subject that all share is for somebody who is no recipient by: nats without a token; others publish on %s", ErrUnreadable, stream.ReceiptsOf("RECIPIENT"))
	case from == "":
		from = in.Recipient
	}
	d, err := r.Read(ctx, in, from, received)
	if errors.Is(err, receipt.ErrUnknown) || errors.Is(err, receipt.ErrNotNotified) || errors.Is(err, receipt.ErrOutcome) {
		return nil, fmt.Errorf("%w: receipt of %s: %w", ErrUnreadable, from, err)
	}
	return d, err
}
