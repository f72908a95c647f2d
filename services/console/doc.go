// Package console is the page of the seller: the matters that need attention, the reasons for which data of a person
// are still held, the deletions to come, and the recipients.
//
// The console is a client of the interface /v1 and has no door of its own into the store. Pages are written by the
// server and work without scripts. No address and no name of a person stands in a URL or in a title.
package console
