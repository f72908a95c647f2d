package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// Marker says what a data directory is. The parts of the directory know the same id.
type Marker struct {
	// ID identifies the installation.
	ID string `json:"id"`
	// Created is when the directory was marked.
	Created time.Time `json:"created"`
	// Seq is the latest sequence of the database that is known to be durable.
	Seq int64 `json:"seq"`
	// Running reports whether a program runs on the directory, or was killed there: the database then has a write-ahead
	// log.
	Running bool `json:"running"`
	// Database and Streams report whether the database and the streams are in the directory.
	Database bool `json:"database"`
	Streams  bool `json:"streams"`
}

// MarkerFile is the name of the marker.
const MarkerFile = "installation.json"

// ErrLost means that a part of a data directory is missing, or is not that of the directory.
var ErrLost = errors.New("the data directory is not whole")

// wayOut is what to do about a part that is lost.
const wayOut = "Restore the whole directory from a backup (rodopath restore). If what is there is all that you have, " +
	"remove " + MarkerFile + ": the server then starts with that, and what was in the missing part is lost."

// lost returns an error about a part.
func lost(format string, args ...any) error {
	return fmt.Errorf("%w: %s. %s", ErrLost, fmt.Sprintf(format, args...), wayOut)
}

// ReadMarker returns the marker; nil for a directory without one.
func (h *Dir) ReadMarker() (*Marker, error) {
	path := filepath.Join(h.dir, MarkerFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the marker of the data directory: %w", err)
	}
	m := &Marker{}
	if err := json.Unmarshal(data, m); err != nil || m.ID == "" {
		return nil, fmt.Errorf("read the marker of the data directory: %s is damaged: %w", path, ErrLost)
	}
	return m, nil
}

// WriteMarker replaces the marker.
func (h *Dir) WriteMarker(m *Marker) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("mark the data directory: %w", err)
	}
	return h.write(filepath.Join(h.dir, MarkerFile), data)
}

// IsUsed reports whether the directory belongs to an installation: it has a marker, a database or streams.
func (h *Dir) IsUsed() bool {
	return h.has(MarkerFile) || h.has(identity.DatabaseFile) || h.has("nats")
}

// CheckConfig refuses a directory that was used before and has no configuration: that is no first start.
func (h *Dir) CheckConfig() error {
	if h.has(filepath.Base(h.ConfigPath())) || !h.IsUsed() {
		return nil
	}
	return fmt.Errorf("%w: it was used before, and the configuration %s is missing; restore the file from a backup, "+
		"or name another with --config", ErrLost, h.ConfigPath())
}

// CheckParts refuses a directory in which a part is missing, before anything is changed. database and streams report
// whether the configuration has them in the directory.
func (h *Dir) CheckParts(m *Marker, database, streams bool) error {
	inDatabase, inStreams := database && (m == nil || m.Database), streams && (m == nil || m.Streams)
	if m == nil && !h.has("nats") {
		return nil // the first start, or that of a directory with a database alone
	}
	if inDatabase && !h.has(identity.DatabaseFile) {
		return lost("the database %s is missing", filepath.Join(h.dir, identity.DatabaseFile))
	}
	if m == nil {
		return nil
	}
	if inDatabase && m.Running && !h.has(identity.DatabaseFile+"-wal") {
		return lost("the program was killed, and the file %s-wal with the latest changes of the database is missing",
			identity.DatabaseFile)
	}
	for _, name := range []string{stream.Facts, stream.Receipts, stream.Decisions, stream.Quarantine} {
		if inStreams && !h.has("nats", "jetstream", "$G", "streams", name, "msgs") {
			return lost("the stream %s in %s is missing, and with it what was not applied or not delivered", name, h.Streams())
		}
	}
	if !h.has("intake", "segments") {
		return lost("the intake log in %s is missing, and with it webhooks that were answered and not applied", h.Intake())
	}
	return h.checkIntake(m)
}

func (h *Dir) has(name ...string) bool {
	_, err := os.Stat(filepath.Join(append([]string{h.dir}, name...)...))
	return err == nil
}

// intakeMark is the file with the id of the installation in the intake log.
func (h *Dir) intakeMark() string { return filepath.Join(h.Intake(), "installation") }

// checkIntake refuses the log of another installation.
func (h *Dir) checkIntake(m *Marker) error {
	data, err := os.ReadFile(h.intakeMark())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the mark of the intake log: %w", err)
	}
	if id := strings.TrimSpace(string(data)); id != m.ID {
		return lost("the intake log in %s belongs to another installation (%s)", h.Intake(), id)
	}
	return nil
}

// CheckDatabase refuses a database of another installation, and one that is older than the directory: its write-ahead
// log is missing, or the file is an old copy.
func (m *Marker) CheckDatabase(id string, seq int64) error {
	switch {
	case id != m.ID:
		return lost("the database belongs to another installation (%s) than the directory (%s)", id, m.ID)
	case seq < m.Seq:
		return lost("the database is older than the directory: the file %s-wal is missing, or %s is an old copy",
			identity.DatabaseFile, identity.DatabaseFile)
	}
	return nil
}

// MarkIntake leaves the id of the installation in the intake log.
func (h *Dir) MarkIntake(m *Marker) error { return h.write(h.intakeMark(), []byte(m.ID+"\n")) }
