// Package backup copies the data of a machine into one file, and makes a data directory
// of such a file.
package backup

import (
	"errors"
	"time"
)

// Manifest says what is in a backup. It is the last thing in the file, so that a file
// that broke off has none.
type Manifest struct {
	// Format is the version of the layout.
	Format int `json:"format"`
	// Created is when the copy was begun: what was taken before that is in it.
	Created time.Time `json:"created"`
	// Persons is how many subjects the database holds, Spooled how many webhooks wait
	// in the spool, Messages how many messages each stream holds.
	Persons  int            `json:"persons"`
	Spooled  int            `json:"spooled"`
	Messages map[string]int `json:"messages"`
	// WithKeys tells that the keys are in the file. Keys is where they are on the
	// machine; empty when the configuration has them elsewhere.
	WithKeys bool   `json:"with_keys"`
	Keys     string `json:"keys,omitempty"`
	// StoreElsewhere and StreamsElsewhere tell that the database or the streams are on
	// other servers and not in the file. Elsewhere are files that the configuration
	// names and that are not in the data directory.
	StoreElsewhere   bool     `json:"store_elsewhere,omitempty"`
	StreamsElsewhere bool     `json:"streams_elsewhere,omitempty"`
	Elsewhere        []string `json:"elsewhere,omitempty"`
	// Files are the SHA-256 of everything else in the file, in hexadecimal, by name.
	Files map[string]string `json:"files"`
}

// format is the version of the layout that is written and read.
const format = 1

// manifestName is the name of the manifest in the file. Names under data/ go into the
// data directory as they are, those under streams/ are snapshots of streams.
const (
	manifestName = "manifest.json"
	dataPrefix   = "data/"
	streamPrefix = "streams/"
)

// ErrBroken means that a file is not a whole backup.
var ErrBroken = errors.New("the file is not a whole backup")
