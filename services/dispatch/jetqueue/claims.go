package jetqueue

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// claims are the unacknowledged messages, by sequence number.
type claims struct {
	mu   sync.Mutex
	held map[uint64]*claim
}

func newClaims() *claims { return &claims{held: map[uint64]*claim{}} }

// claim is one message that is held.
type claim struct {
	claims   *claims
	sequence uint64
	msg      jetstream.Msg
}

// Ack acknowledges the message, if the claim still holds.
func (c *claim) Ack() error {
	c.claims.mu.Lock()
	mine := c.claims.held[c.sequence] == c
	msg := c.msg
	if mine {
		delete(c.claims.held, c.sequence)
	}
	c.claims.mu.Unlock()
	if !mine {
		return nil
	}
	return msg.Ack()
}

// add claims a message. The result is nil for a redelivery of a claimed message, which is then
// acknowledged under its new reply subject.
func (c *claims) add(sequence uint64, msg jetstream.Msg) *claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	if had := c.held[sequence]; had != nil {
		had.msg = msg
		return nil
	}
	one := &claim{claims: c, sequence: sequence, msg: msg}
	c.held[sequence] = one
	return one
}

// upTo counts the claims up to a sequence number.
func (c *claims) upTo(sequence uint64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for s := range c.held {
		if s <= sequence {
			n++
		}
	}
	return n
}

// renew keeps the claims.
func (c *claims) renew() error {
	c.mu.Lock()
	msgs := make([]jetstream.Msg, 0, len(c.held))
	for _, one := range c.held {
		msgs = append(msgs, one.msg)
	}
	c.mu.Unlock()
	for _, msg := range msgs {
		// One that was settled meanwhile needs no claim.
		if err := msg.InProgress(); err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
			return fmt.Errorf("renew claims: %w", err)
		}
	}
	return nil
}

// giveBack releases all claims, so that another process can receive the messages at once.
func (c *claims) giveBack() {
	c.mu.Lock()
	all := make([]*claim, 0, len(c.held))
	for _, one := range c.held {
		all = append(all, one)
	}
	clear(c.held)
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b *claim) int {
		if a.sequence < b.sequence {
			return -1
		}
		return 1
	})
	for _, one := range all {
		if one.msg.Nak() != nil {
			return // redelivered later
		}
	}
}
