// Package background holds the work that no request waits for: the relay publishes outboxes, the sweep
// reviews subjects whose time has come, pruning removes old journal entries, a replay publishes
// deletions again, and a key rotation hashes and seals stored data with the newest keys.
//
// Relay and sweep run until their context ends, in loops of package loop. A replay and a key rotation
// run once, on request, and report progress.
package background
