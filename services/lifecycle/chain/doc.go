// Package chain knows the journal of a subject: a chain of entries in which each entry holds the hash of
// the entry before, so that a changed, missing or inserted entry is detected (GDPR Art. 5(2)).
//
// Entries are pseudonymous: records appear as keyed hashes.
package chain
