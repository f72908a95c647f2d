package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
)

// Bookmark remembers in a file how far an import is. The file names nobody but by an id of the platform.
type Bookmark struct {
	State
	path string
}

// State is what a bookmark remembers.
type State struct {
	// Since and File are those of the import, File empty without one; another import cannot go on here.
	Since time.Time `json:"since,omitzero"`
	File  string    `json:"file,omitempty"`
	// Cursor is where reading goes on; Done reports whether everything was read.
	Cursor  history.Cursor `json:"cursor,omitempty"`
	Done    bool           `json:"done,omitempty"`
	Summary *Summary       `json:"summary"`
}

// NewState is the state before an import of a source.
func NewState(source string) *State { return &State{Summary: newSummary(source)} }

// ErrOther means that an interrupted import was another one.
var ErrOther = errors.New(
	"another import of the source was interrupted: repeat its --since and its file, or start with --restart")

// Open opens the bookmark of a source. resumed reports whether an import was interrupted.
func Open(dir, source string, since time.Time, file string, restart bool) (b *Bookmark, resumed bool, err error) {
	name := source + ".json"
	if file != "" {
		name = source + "-file.json"
	}
	b = &Bookmark{path: filepath.Join(dir, name), State: State{Since: since, File: file, Summary: newSummary(source)}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, fmt.Errorf("open the bookmark: %w", err)
	}
	data, err := os.ReadFile(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && restart:
		return b, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("open the bookmark: %w", err)
	}
	was := State{Summary: newSummary(source)}
	if json.Unmarshal(data, &was) != nil {
		return nil, false, fmt.Errorf("the bookmark %s cannot be read: start with --restart", b.path)
	}
	if !was.Since.Equal(since) || was.File != file {
		return nil, false, ErrOther
	}
	b.State = was
	return b, true, nil
}

// Save writes the bookmark for good.
func (b *Bookmark) Save() error {
	data, err := json.Marshal(b.State)
	if err != nil {
		return fmt.Errorf("save the bookmark: %w", err)
	}
	next := b.path + ".new"
	if err := write(next, data); err != nil {
		return fmt.Errorf("save the bookmark: %w", err)
	}
	if err := os.Rename(next, b.path); err != nil {
		return fmt.Errorf("save the bookmark: %w", err)
	}
	return nil
}

// write writes a file to the disk.
func write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// Remove removes the bookmark once nothing remains to be done.
func (b *Bookmark) Remove() error {
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the bookmark: %w", err)
	}
	return nil
}
