// Package signature signs and verifies webhooks by Standard Webhooks
// (https://www.standardwebhooks.com), the scheme of the platform "standard" and of notified
// recipients, and provides the parts of which a scheme over HMAC-SHA256 is built.
//
// # Wire format
//
// A signed webhook carries three headers:
//
//	webhook-id         the id of the message; the same message sent again has the same id
//	webhook-timestamp  the instant of the signature, in Unix seconds
//	webhook-signature  one or more signatures, separated by spaces, each "v1," + base64
//
// A signature is the HMAC-SHA256 of "id.timestamp.body" over the raw bytes of the body. A secret is
// "whsec_" and the base64 of at least 16 bytes. During a change of the secret a sender signs with
// the old and the new secret, and a verifier knows both; one match suffices.
//
// # Guarantees
//
// A verification compares digests in constant time, reads at most MaxCandidates signatures of a
// header, and rejects a timestamp that differs from the clock of the verifier by more than
// Tolerance, in either direction. An error is or wraps one of the Err variables and shows no secret
// and no signature. A value of this package is safe for concurrent use.
//
// # Versions
//
// "v1" is the only version of a signature. Entries of another version are ignored, so a sender may
// add entries of a later version. The exported names of this package stay compatible within a major
// version of the module.
package signature
