// Package intake is the log at the door: every accepted webhook is on the disk before its answer. A forwarder
// brings the log to the broker, and removes from the log what the broker holds durably.
//
// Records are encrypted under keys of short life, one for each epoch. The key of an epoch is destroyed
// once all records of the epoch are removed, so a removed record cannot be read from the disk any more.
package intake
