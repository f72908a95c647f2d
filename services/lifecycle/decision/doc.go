// Package decision knows the two instructions to recipients: to delete data, and to ask a person for
// consent.
//
// The id of a decision derives from the subject and the subject matter, so that a decision made twice is
// one decision.
package decision
