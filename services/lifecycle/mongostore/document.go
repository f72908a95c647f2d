package mongostore

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"reflect"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
)

// maxDocument is the largest document written: the server limit of 16 MiB, less the overhead of a
// command.
const maxDocument = 16<<20 - 16<<10

// newRegistry returns the codecs of stored documents. A decision of a former version is read as well.
func newRegistry() *bson.Registry {
	r := bson.NewRegistry()
	r.RegisterTypeDecoder(reflect.TypeFor[decision.Decision](), bson.ValueDecoderFunc(decodeDecision))
	return r
}

func decodeDecision(dc bson.DecodeContext, vr bson.ValueReader, val reflect.Value) error {
	var stored decision.Stored
	decoder, err := dc.LookupDecoder(reflect.TypeOf(stored))
	if err != nil {
		return fmt.Errorf("read a stored decision: %w", err)
	}
	if err := decoder.DecodeValue(dc, vr, reflect.ValueOf(&stored).Elem()); err != nil {
		return fmt.Errorf("read a stored decision: %w", err)
	}
	val.Set(reflect.ValueOf(stored.Decision()))
	return nil
}

// document is a stored subject. Queried fields are duplicated at the top level. Inapplicable fields
// are absent and thus not in the sparse indexes.
type document struct {
	ID      string `bson:"_id"`
	Version int64  `bson:"version"`
	// ReviewAt is absent when time alone changes nothing.
	ReviewAt *time.Time `bson:"review_at,omitempty"`
	// RequestDue is absent without an open request.
	RequestDue *time.Time `bson:"request_due,omitempty"`
	// NoticeDue is absent when no answer of a recipient is awaited.
	NoticeDue *time.Time `bson:"notice_due,omitempty"`
	// Revision is absent in redirects, which are never evaluated again. An empty revision is
	// present, because it differs from every other revision.
	Revision *string `bson:"revision,omitempty"`
	// Pending is true while a decision or a note awaits writing, absent otherwise.
	Pending bool `bson:"pending,omitempty"`
	// Labels are the labels of the subject; absent without any.
	Labels []string `bson:"labels,omitempty"`
	// Write is the random id of the write. After a lost response, the writer finds out from Write
	// whether the document was stored.
	Write   string            `bson:"write"`
	Subject lifecycle.Subject `bson:"subject"`
}

// subject returns the subject with the stored version.
func (d *document) subject() lifecycle.Subject {
	d.Subject.Version = d.Version
	d.Subject.RestoreLabels(d.Labels)
	return d.Subject
}

// identity maps a key to its subject.
type identity struct {
	Key     string    `bson:"_id"`
	Subject string    `bson:"subject"`
	At      time.Time `bson:"at"`
}

// header distinguishes the writes of a subject.
type header struct {
	ID      string `bson:"_id"`
	Version int64  `bson:"version"`
	Write   string `bson:"write"`
}

// row is one write of a subject with its result.
type row struct {
	id string
	// version is the required version of the stored subject; 0 means not stored.
	version int64
	write   string
	labels  []string
	doc     bson.Raw
	err     error
}

// encode prepares the write of a subject. An encoding error is kept in the row and does not affect
// the other writes.
func (s *Store) encode(subject lifecycle.Subject) *row {
	r := &row{id: subject.ID, version: subject.Version, write: rand.Text()}
	subject.Version++
	d := document{
		ID:         subject.ID,
		Version:    subject.Version,
		ReviewAt:   subject.ReviewAt,
		RequestDue: subject.RequestDue,
		NoticeDue:  subject.NoticeDue,
		Pending:    subject.Pending(),
		Labels:     subject.AllLabels(),
		Write:      r.write,
		Subject:    subject,
	}
	r.labels = d.Labels
	if subject.MergedInto == "" {
		d.Revision = &subject.Revision
	}
	var buf bytes.Buffer
	enc := bson.NewEncoder(bson.NewDocumentWriter(&buf))
	enc.SetRegistry(s.registry)
	enc.UseJSONStructTags()
	if err := enc.Encode(d); err != nil {
		r.err = fmt.Errorf("encode subject %s: %w", subject.ID, err)
		return r
	}
	if buf.Len() > maxDocument {
		r.err = fmt.Errorf("encode subject %s: %d bytes are more than a document can hold", subject.ID, buf.Len())
		return r
	}
	r.doc = buf.Bytes()
	return r
}
