// Package decision knows the instructions to recipients: to delete data, to ask a person for consent,
// and to disregard an earlier decision that was retracted.
//
// The id of a decision derives from the subject and the subject matter, so that a decision made twice is
// one decision.
package decision
