// Package backup copies the data of a machine into one file, and makes a data directory
// of such a file. Without the keys of the installation everything in the file except its manifest is sealed.
package backup

import (
	"errors"
	"path/filepath"
	"strings"
	"time"
)

// Manifest lists the content of a backup, near the end of the file, so that a truncated file has
// none. Only the authentication code of the manifest follows. The manifest itself is in the clear, and
// names no person.
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
	// WithKeys reports whether the file holds the keys; otherwise everything else is sealed. Keys is
	// the place of the keys on the machine; empty for keys elsewhere.
	WithKeys bool   `json:"with_keys"`
	Keys     string `json:"keys,omitempty"`
	// StoreElsewhere and StreamsElsewhere report whether the database or the streams are on other
	// servers and not in the file. Elsewhere lists configured files outside of the data directory.
	StoreElsewhere   bool     `json:"store_elsewhere,omitempty"`
	StreamsElsewhere bool     `json:"streams_elsewhere,omitempty"`
	Elsewhere        []string `json:"elsewhere,omitempty"`
	// Files are the SHA-256 of everything else in the file, in hexadecimal, by name; of a sealed file
	// the SHA-256 of the ciphertext.
	Files map[string]string `json:"files"`
}

// format is the version of the layout that is written, oldestFormat the oldest that is read. Format 1
// sealed nothing and authenticated nothing.
const (
	format       = 2
	oldestFormat = 1
)

// manifestName is the name of the manifest, codeName that of its authentication code, dataKeyName that
// of the sealed data key. Names under data/ are files of the data directory, names under streams/
// snapshots of streams.
const (
	manifestName = "manifest.json"
	codeName     = "manifest.mac"
	dataKeyName  = "datakey.sealed"
	dataPrefix   = "data/"
	streamPrefix = "streams/"
)

// sealedName is the file of a copy that holds a sealed file until the file is written.
const sealedName = "sealed"

// ErrBroken means that a file is not a whole backup.
var ErrBroken = errors.New("the file is not a whole backup")

// ErrForged means that a manifest was not written with the keys of the installation.
var ErrForged = errors.New(
	"the manifest of the backup was changed, or was written with other keys; restore another backup",
)

// ErrKeysElsewhere means that a backup cannot include keys that are outside of the data directory.
var ErrKeysElsewhere = errors.New(
	"the configuration names the keys (keys), so a backup cannot include them; leave out --with-keys",
)

// markOfKeys is the part of a file name that says that the backup holds the keys.
const markOfKeys = "with-keys"

// NameSaysKeys reports whether the name of a file says that the backup holds the keys.
func NameSaysKeys(path string) bool { return strings.Contains(filepath.Base(path), markOfKeys) }
