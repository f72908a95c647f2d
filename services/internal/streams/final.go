package streams

import (
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The codes of JetStream for a message and for headers above the maximum size.
const (
	codeMessageTooLarge jetstream.ErrorCode = 10054
	codeHeaderTooLarge  jetstream.ErrorCode = 10097
)

// codeInProcess is the code of JetStream for a message whose first copy is not decided yet.
const codeInProcess jetstream.ErrorCode = 10158

// IsInProcess reports whether the stream has not decided yet about an earlier copy of the same message. A later attempt
// is acknowledged, as a duplicate or as the first copy.
func IsInProcess(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && refused.ErrorCode == codeInProcess
}

// IsFinal reports whether no later attempt to publish the same message can succeed.
func IsFinal(err error) bool {
	if refused, ok := errors.AsType[*jetstream.APIError](err); ok {
		return refused.ErrorCode == codeMessageTooLarge || refused.ErrorCode == codeHeaderTooLarge
	}
	return errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject) ||
		errors.Is(err, nats.ErrBadHeaderMsg)
}
