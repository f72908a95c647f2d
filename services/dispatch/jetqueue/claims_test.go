package jetqueue

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// message is a message whose answers to the server are fixed or counted.
type message struct {
	jetstream.Msg
	progress   error
	acks, naks int
}

func (m *message) InProgress() error { return m.progress }
func (m *message) Ack() error        { m.acks++; return nil }
func (m *message) Nak() error        { m.naks++; return nil }

func TestClaims_OneSettledMeanwhileNeedsNoRenewal(t *testing.T) {
	c := newClaims()
	c.add(1, &message{progress: jetstream.ErrMsgAlreadyAckd})
	if err := c.renew(); err != nil {
		t.Error(err)
	}
	c.add(2, &message{progress: errors.New("the connection is away")})
	if c.renew() == nil {
		t.Error("claims that cannot be renewed are no error")
	}
}

func TestClaims_WhatWasGivenBackIsNotAcknowledged(t *testing.T) {
	c := newClaims()
	m, again := &message{}, &message{}
	one := c.add(1, m)
	if c.add(1, again) != nil {
		t.Error("claimed twice")
	}
	c.giveBack()
	if err := one.Ack(); err != nil || m.acks+again.acks != 0 || again.naks != 1 || m.naks != 0 {
		t.Errorf("%v: %+v, %+v", err, m, again)
	}
	one = c.add(1, m)
	for range 2 {
		if err := one.Ack(); err != nil || m.acks != 1 {
			t.Errorf("%v: %d acknowledgements", err, m.acks)
		}
	}
}
