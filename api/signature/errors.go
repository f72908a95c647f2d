package signature

import "errors"

// Errors of a verification, without secrets or signatures.
var (
	// ErrMissing means that there is no signature to check.
	ErrMissing = errors.New("signature missing")
	// ErrMalformed means that the signature violates the format of the scheme.
	ErrMalformed = errors.New("signature malformed")
	// ErrExpired means that the signature was made too long ago, or is dated too
	// far ahead.
	ErrExpired = errors.New("signature outside the time window")
	// ErrMismatch means that no known secret produces the signature.
	ErrMismatch = errors.New("signature does not match")
	// ErrSecret means that a configured secret cannot be used.
	ErrSecret = errors.New("unusable secret")
)
