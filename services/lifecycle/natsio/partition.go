package natsio

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// Partition is a part of the stream of facts. The zero value is the whole stream.
type Partition struct {
	// Index is the number of the partition, from 0. The partition after the last one is the rest: what was published
	// before there were partitions, or by a service that knows of none.
	Index int
	// Of is the number of partitions; 0 and 1 mean the whole stream.
	Of int
}

// wholeConsumer is the durable consumer of the whole stream, which all replicas share. The consumers of partitions have
// its name and a suffix.
const wholeConsumer = "lifecycle"

// Consumer is the name of the durable consumer of the partition, such as "lifecycle-3-of-16".
func (p Partition) Consumer() string {
	switch {
	case p.Of <= 1:
		return wholeConsumer
	case p.Index >= p.Of:
		return wholeConsumer + "-rest-of-" + strconv.Itoa(p.Of)
	}
	return fmt.Sprintf("%s-%d-of-%d", wholeConsumer, p.Index, p.Of)
}

// filter matches the subjects of the partition; empty for the whole stream.
func (p Partition) filter() string {
	switch {
	case p.Of <= 1:
		return ""
	case p.Index >= p.Of:
		return stream.AllFacts
	}
	return stream.FactsPartition(p.Index, p.Of)
}

// has reports whether a slot is of the partition.
func (p Partition) has(slot int) bool { return slot*p.Of/stream.Slots == p.Index }

// isOf reports whether a consumer is that of one of the partitions of a number.
func isOf(consumer string, partitions int) bool {
	if partitions <= 1 {
		return consumer == wholeConsumer
	}
	return strings.HasSuffix(consumer, "-of-"+strconv.Itoa(partitions))
}

// The answers of JetStream to a consumer whose messages another consumer of the work queue has.
const (
	codeTwoUnfiltered = jetstream.ErrorCode(10099)
	codeNotUnique     = jetstream.ErrorCode(10100)
)

func isShared(err error) bool {
	answer, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (answer.ErrorCode == codeTwoUnfiltered || answer.ErrorCode == codeNotUnique)
}

// errReplaced means that another number of partitions is in force.
var errReplaced = errors.New("another number of partitions is in force")

// open creates the consumer. A message of a work queue has one consumer, so the consumers of another number of
// partitions are removed, which gives back what they hold. A feed whose own number is not in force any more creates
// nothing.
func (f *Feed) open(ctx context.Context, config jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	if f.InForce == nil {
		return f.JetStream.CreateOrUpdateConsumer(ctx, f.Stream, config)
	}
	switch partitions, err := f.InForce(ctx); {
	case err != nil:
		return nil, err
	case partitions != max(f.Partition.Of, 1):
		return nil, errReplaced
	}
	consumer, err := f.JetStream.CreateOrUpdateConsumer(ctx, f.Stream, config)
	if !isShared(err) {
		return consumer, err
	}
	if err := f.removeOthers(ctx); err != nil {
		return nil, err
	}
	return f.JetStream.CreateOrUpdateConsumer(ctx, f.Stream, config)
}

// removeOthers removes the consumers of other numbers of partitions.
func (f *Feed) removeOthers(ctx context.Context) error {
	s, err := f.JetStream.Stream(ctx, f.Stream)
	if err != nil {
		return fmt.Errorf("list consumers: %w", err)
	}
	names := s.ConsumerNames(ctx)
	for name := range names.Name() {
		if !strings.HasPrefix(name, wholeConsumer) || isOf(name, f.Partition.Of) {
			continue
		}
		if err := s.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("remove the consumer %s: %w", name, err)
		}
		f.Log.Info("a consumer of another number of partitions is removed", "stream", f.Stream, "consumer", name)
	}
	if err := names.Err(); err != nil {
		return fmt.Errorf("list consumers: %w", err)
	}
	return nil
}

// giveBack lets messages that are not applied here come to another replica at once.
func giveBack(msgs []jetstream.Msg) {
	for _, msg := range msgs {
		_ = msg.Nak() // otherwise redelivery follows after ackWait
	}
}
