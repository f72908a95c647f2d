// Package certificate is the certificate of erasure: the deleted categories of one person, the
// recipients that were notified, the time and the reasons, and the answer of each recipient. The
// signature can be checked offline with the public key. A certificate holds no personal data: the
// person appears as keyed hashes.
//
// # Wire format
//
// A certificate is a JSON Web Signature (RFC 7515) in the flattened JSON serialization:
//
//	{"payload": "…", "protected": "…", "signature": "…"}
//
// The payload is a Certificate in JSON. The protected header is
//
//	{"alg": "EdDSA", "kid": "<public key>", "typ": "rodopath-certificate+json"}
//
// where the public key is the 32 bytes of an Ed25519 key in base64, as the business publishes the
// key. Any JOSE library verifies the signature. A verifier must take the public key from the
// business and not from the file, and must accept no algorithm but EdDSA.
//
// # Guarantees
//
// Verify returns a certificate only when the payload is signed by the given key. Another key,
// another algorithm, a changed byte of the payload and a repeated field give ErrForged.
//
// # Versions
//
// Type is the version of the statement, and Verify accepts that version alone. A later version may
// add fields to Certificate under the same Type; a change of the meaning of a field gets another
// Type. Verify also accepts the envelope of the versions before JSON Web Signatures, the fields
// certificate, algorithm, key and signature.
package certificate
