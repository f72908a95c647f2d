// Package console is the page of the seller: what needs attention, who a person is and why data are still held, what will be
// deleted, and which recipients are notified.
//
// The console is a client of the interface /v1 and has no door of its own into the store. Pages are written by the server
// and work without scripts. No address and no name of a person stands in a URL or in a title.
package console
