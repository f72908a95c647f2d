// Package lifecycle is the core of Rodopath: the stored state of one person, and Decide, which applies
// facts to the state and returns the decisions that follow.
//
// The package is pure, as are the packages beneath it: fact (events), rules (evaluation of policies),
// rights (requests, bans and uses), decision (instructions to recipients), chain (the journal) and notice
// (answers of recipients). Facts and an instant are the input, bases and decisions the output. Clocks,
// files and networks belong to the adapters.
package lifecycle
