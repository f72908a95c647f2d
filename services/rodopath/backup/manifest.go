// Package backup copies the data of a machine into one file, and makes a data directory
// of such a file.
package backup

import (
	"errors"
	"time"
)

// Manifest lists the content of a backup, at the end of the file, so that a truncated file has
// none.
type Manifest struct {
	// Format is the version of the layout.
	Format int `json:"format"`
	// Created is the beginning of the copy: every webhook accepted before is in the copy.
	Created time.Time `json:"created"`
	// Persons is how many subjects the database holds, Intake how many webhooks the intake log holds,
	// Messages how many messages each stream holds.
	Persons  int            `json:"persons"`
	Intake   int            `json:"intake"`
	Messages map[string]int `json:"messages"`
	// WithKeys reports whether the file holds the keys. Keys is the place of the keys on the
	// machine; empty for keys elsewhere.
	WithKeys bool   `json:"with_keys"`
	Keys     string `json:"keys,omitempty"`
	// StoreElsewhere and StreamsElsewhere report whether the database or the streams are on other
	// servers and not in the file. Elsewhere lists configured files outside of the data directory.
	StoreElsewhere   bool     `json:"store_elsewhere,omitempty"`
	StreamsElsewhere bool     `json:"streams_elsewhere,omitempty"`
	Elsewhere        []string `json:"elsewhere,omitempty"`
	// Files are the SHA-256 of everything else in the file, in hexadecimal, by name.
	Files map[string]string `json:"files"`
}

// format is the version of the layout that is written and read.
const format = 1

// manifestName is the name of the manifest. Names under data/ are files of the data directory,
// names under streams/ snapshots of streams.
const (
	manifestName = "manifest.json"
	dataPrefix   = "data/"
	streamPrefix = "streams/"
)

// ErrBroken means that a file is not a whole backup.
var ErrBroken = errors.New("the file is not a whole backup")
