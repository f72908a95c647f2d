// Package rules evaluates facts under a policy: which legal bases (GDPR Art. 6(1)) the facts raise, what
// each basis covers, and until when.
//
// Evaluate is pure and depends on the policy and the facts alone, not on the order of facts and not on a
// clock. Every interval is half-open: a basis lapses at the first instant after its last day. Periods
// count civil dates in the zone of the policy.
package rules
