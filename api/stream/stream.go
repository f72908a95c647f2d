package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams and their subjects. Subjects carry ids without a meaning of their own, never an
// address.
const (
	// Facts holds webhooks that are not applied yet: protobuf rodopath.fact.v1.Delivery on
	// "rodopath.facts.SOURCE". A work queue: an acknowledgement removes the message.
	Facts        = "FACTS"
	factsSubject = "rodopath.facts."
	// Decisions holds the decisions for recipients: CloudEvents as JSON on
	// "rodopath.decisions.KIND.SUBJECT".
	Decisions        = "DECISIONS"
	decisionsSubject = "rodopath.decisions."
	// Receipts holds answers of recipients that are not applied yet: a Receipt as JSON on
	// "rodopath.receipts.RECIPIENT", or on "rodopath.receipts" from recipients without an account
	// of their own. A work queue.
	Receipts        = "RECEIPTS"
	receiptsSubject = "rodopath.receipts"
)

// AllDecisions matches the subject of every decision.
const AllDecisions = decisionsSubject + ">"

// FactsOf returns the subject for the deliveries of a source.
func FactsOf(source string) string { return factsSubject + token(source) }

// DecisionFor returns the subject for decisions of a kind about a person.
func DecisionFor(kind Kind, subject string) string {
	return decisionsSubject + token(string(kind)) + "." + token(subject)
}

// DecisionsOf matches the subject of every decision of a kind.
func DecisionsOf(kind Kind) string { return decisionsSubject + token(string(kind)) + ".*" }

// ReceiptsOf returns the subject for the receipts of a recipient; without one, the
// subject that all share.
func ReceiptsOf(recipient string) string {
	if recipient == "" {
		return receiptsSubject
	}
	return receiptsSubject + "." + token(recipient)
}

// RecipientOf returns the recipient of a subject of receipts; empty for the shared subject.
func RecipientOf(subject string) string {
	return strings.TrimPrefix(strings.TrimPrefix(subject, receiptsSubject), ".")
}

// token makes one token of a NATS subject of a name.
func token(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '.', r == '*', r == '>', r <= ' ', r == 0x7f:
			return '_'
		}
		return r
	}, name)
}

// Options configure the streams.
type Options struct {
	// Replicas is the number of servers that hold each stream; 0 means 1.
	Replicas int
	// KeepDecisions is how long decisions can be read; 0 means 30 days.
	KeepDecisions time.Duration
}

// Window is how long a stream knows a message id again.
const Window = 2 * time.Minute

const keepDecisions = 30 * 24 * time.Hour

// Ensure creates the streams, or updates their options. Ensure is idempotent and safe for
// concurrent processes.
func Ensure(ctx context.Context, js jetstream.JetStream, opts Options) error {
	if opts.KeepDecisions == 0 {
		opts.KeepDecisions = keepDecisions
	}
	for _, config := range []jetstream.StreamConfig{
		{
			Name: Facts, Subjects: []string{factsSubject + "*"},
			Description: "webhooks that are not applied yet",
			Retention:   jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
			Replicas: max(opts.Replicas, 1), Duplicates: Window,
		},
		{
			Name: Decisions, Subjects: []string{AllDecisions},
			Description: "what other systems are to delete, and whom to ask",
			Retention:   jetstream.LimitsPolicy, MaxAge: opts.KeepDecisions,
			Replicas: max(opts.Replicas, 1), Duplicates: Window,
		},
		{
			Name: Receipts, Subjects: []string{receiptsSubject, receiptsSubject + ".*"},
			Description: "what recipients answered and is not applied yet",
			Retention:   jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
			Replicas: max(opts.Replicas, 1), Duplicates: Window,
		},
	} {
		if err := ensure(ctx, js, config); err != nil {
			return fmt.Errorf("ensure stream %s: %w", config.Name, err)
		}
	}
	return nil
}

// ensure tolerates another process that makes the stream at the same moment.
func ensure(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig) error {
	_, err := js.CreateOrUpdateStream(ctx, config)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		_, err = js.UpdateStream(ctx, config)
	}
	return err
}
