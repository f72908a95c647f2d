package connection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ImportState is how far an import by the server is.
type ImportState string

// The states of an import. An import that was ordered waits for a process of ingest; a running one belongs to its
// holder while the lease lasts, and to the next process afterwards. After the last object was read, an import waits
// until its facts are applied. A stopped or failed import goes on where it ended once it is ordered again.
const (
	ImportOrdered  ImportState = "ordered"
	ImportRunning  ImportState = "running"
	ImportApplying ImportState = "applying"
	ImportDone     ImportState = "done"
	ImportStopped  ImportState = "stopped"
	ImportFailed   ImportState = "failed"
)

// ImportOrder is what is imported.
type ImportOrder struct {
	// Since leaves out what did not change since; zero for everything.
	Since time.Time `json:"since,omitzero"`
	// File is the id of an uploaded file in place of the platform's interface, FileName its name; empty without one.
	File     string `json:"file,omitempty"`
	FileName string `json:"file_name,omitempty"`
	// Map names the fields of columns of the file, and Set the values of fields that no column has.
	Map map[string]string `json:"map,omitempty"`
	Set map[string]string `json:"set,omitempty"`
}

// Import is an import of the history of a source by the server, or a dry run of one. The note names nobody but by an id
// of the platform.
type Import struct {
	ImportOrder

	State ImportState `json:"state,omitempty"`
	// Stop asks the holder to stop.
	Stop bool `json:"stop,omitempty"`
	// Ordered, Started and Ended are the times of the order, of the first reading and of the end.
	Ordered time.Time `json:"ordered,omitzero"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Part is what is read, such as "orders", Remaining the number of its objects that are not read; 0 when unknown.
	Part      string `json:"part,omitempty"`
	Remaining int    `json:"remaining,omitempty"`
	// Waiting is the kind of cause for which the import waits until WaitUntil; empty when reading goes on.
	Waiting   string    `json:"waiting,omitempty"`
	WaitUntil time.Time `json:"wait_until,omitzero"`
	// Cursor is where reading goes on, and Read reports whether everything was read.
	Cursor json.RawMessage `json:"cursor,omitempty"`
	Read   bool            `json:"read,omitempty"`
	// Summary is what was found, as backfill.Summary.
	Summary json.RawMessage `json:"summary,omitempty"`
	// Fault is the kind of the fault of a failed import, and Error says what is wrong and what to do.
	Fault string `json:"fault,omitempty"`
	Error string `json:"error,omitempty"`
	// Kept names the dry run whose facts are kept for a preview; empty for none.
	Kept string `json:"kept,omitempty"`
	// Until is the last message of the stream of facts that the import may have written.
	Until uint64 `json:"until,omitempty"`
	// Holder is the process that imports, until Lease.
	Holder string    `json:"holder,omitempty"`
	Lease  time.Time `json:"lease,omitzero"`
}

// IsUnderWay reports whether the import waits for a process or is being worked on.
func (i *Import) IsUnderWay() bool {
	return i.State == ImportOrdered || i.State == ImportRunning || i.State == ImportApplying
}

// The kinds of notes about imports.
const (
	kindImport = "import"
	kindDryRun = "dryrun"
)

func kindOf(dryRun bool) string {
	if dryRun {
		return kindDryRun
	}
	return kindImport
}

// Import returns the last import of a source, or its last dry run; the zero value without one.
func (b *Book) Import(ctx context.Context, source string, dryRun bool) (Import, error) {
	note, _, err := read[Import](ctx, b, kindOf(dryRun), source)
	return note, err
}

// ChangeImport changes the import of a source, or its dry run, unless alter returns false, and returns the state. alter
// may be called several times.
func (b *Book) ChangeImport(ctx context.Context, source string, dryRun bool, alter func(*Import) bool) (Import, error) {
	return change(ctx, b, kindOf(dryRun), source, alter)
}

// FilesBucket is the name of the store of uploaded files.
const FilesBucket = "IMPORTS"

const (
	// filesKept is how long an uploaded file waits for its import, in case nobody ends that.
	filesKept = 7 * 24 * time.Hour
	// maxFiles bounds all uploaded files, in bytes.
	maxFiles = 1 << 30
)

// ErrNoFile means that an uploaded file is gone.
var ErrNoFile = errors.New("the uploaded file is no longer there: upload the file again")

func (b *Book) files(ctx context.Context) (jetstream.ObjectStore, error) {
	store, err := b.js.ObjectStore(ctx, FilesBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		store, err = b.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: FilesBucket, Description: "files that wait for their import", TTL: filesKept, MaxBytes: maxFiles,
			Replicas: b.replicas,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open the store of uploaded files: %w", err)
	}
	return store, nil
}

// PutFile stores an uploaded file under an id for seven days.
func (b *Book) PutFile(ctx context.Context, id string, content io.Reader) error {
	store, err := b.files(ctx)
	if err != nil {
		return err
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: id}, content); err != nil {
		return fmt.Errorf("store the uploaded file: %w", err)
	}
	return nil
}

// OpenFile opens an uploaded file. The error wraps ErrNoFile when the file is gone.
func (b *Book) OpenFile(ctx context.Context, id string) (io.ReadCloser, error) {
	store, err := b.files(ctx)
	if err != nil {
		return nil, err
	}
	file, err := store.Get(ctx, id)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, ErrNoFile
	}
	if err != nil {
		return nil, fmt.Errorf("open the uploaded file: %w", err)
	}
	return file, nil
}

// DropFile removes an uploaded file; a file that is gone is no error.
func (b *Book) DropFile(ctx context.Context, id string) error {
	store, err := b.files(ctx)
	if err != nil {
		return err
	}
	if err := store.Delete(ctx, id); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("remove the uploaded file: %w", err)
	}
	return nil
}
