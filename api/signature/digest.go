package signature

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// MaxCandidates is the number of signatures that a verifier reads from one header. The number is
// more than any change of secrets needs, and bounds the work that a hostile header causes.
const MaxCandidates = 16

// Digest is the value of an HMAC-SHA256.
type Digest [sha256.Size]byte

// Hex returns the digest in lower-case hexadecimal.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// Base64 returns the digest in standard base64 with padding.
func (d Digest) Base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// ParseHex reads a digest in hexadecimal. ok reports whether s is exactly one digest.
func ParseHex(s string) (d Digest, ok bool) {
	if len(s) != hex.EncodedLen(len(d)) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(s))
	return d, err == nil
}

// ParseBase64 reads a digest in standard base64 with padding. ok reports whether s is exactly one
// digest.
func ParseBase64(s string) (d Digest, ok bool) {
	if len(s) != base64.StdEncoding.EncodedLen(len(d)) {
		return d, false
	}
	// 32 bytes decode out of 44 characters into a buffer of 33.
	var buf [len(d) + 1]byte
	n, err := base64.StdEncoding.Strict().Decode(buf[:], []byte(s))
	if err != nil || n != len(d) {
		return d, false
	}
	return Digest(buf[:n]), true
}
