package mongostore

import (
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
	Write string `bson:"write"`
	// Subject is the subject; of one that is stored in parts, the text inParts, which no program of an earlier layout
	// can take for a subject.
	Subject any `bson:"subject"`
	// Head is the subject without the lists that are stored in parts, and Parts names the parts, in order.
	Head  *lifecycle.Subject `bson:"head,omitempty"`
	Parts []partRef          `bson:"parts,omitempty"`
}

// inParts takes the place of a subject that is stored in parts.
const inParts = "stored in parts"

// stored is a document as it is read.
type stored struct {
	ID      string            `bson:"_id"`
	Version int64             `bson:"version"`
	Subject bson.RawValue     `bson:"subject"`
	Head    lifecycle.Subject `bson:"head"`
	Parts   []partRef         `bson:"parts"`
	Labels  []string          `bson:"labels"`
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
	// content is the document before its encoding, with parts.
	content document
	parts   []newPart
	// mayHaveParts reports whether the stored subject may be stored in parts.
	mayHaveParts bool
	// superfluous are the parts of the stored subject that the written one does not name.
	superfluous []string
	// fresh are the parts stored for this row.
	fresh  []string
	labels []string
	doc    bson.Raw
	err    error
}

// encode prepares the write of a subject. An encoding error is kept in the row and does not affect
// the other writes.
func (s *Store) encode(subject lifecycle.Subject) *row {
	r := &row{id: subject.ID, version: subject.Version, write: rand.Text(), mayHaveParts: s.parted.has(subject.ID)}
	subject.Version++
	r.content = document{
		ID:         subject.ID,
		Version:    subject.Version,
		ReviewAt:   subject.ReviewAt,
		RequestDue: subject.RequestDue,
		NoticeDue:  subject.NoticeDue,
		Pending:    subject.Pending(),
		Labels:     subject.AllLabels(),
		Write:      r.write,
	}
	r.labels = r.content.Labels
	if subject.MergedInto == "" {
		r.content.Revision = &subject.Revision
	}
	head, pieces := s.lengths.split(subject)
	if len(pieces) == 0 {
		r.content.Subject = subject
		r.err = s.finish(r)
		return r
	}
	r.mayHaveParts = true
	r.content.Subject, r.content.Head = inParts, &head
	r.parts, r.err = s.partsOf(subject.ID, pieces)
	return r
}

// finish encodes the document of a row, with the names of its parts.
func (s *Store) finish(r *row) error {
	r.content.Parts = nil
	for i := range r.parts {
		r.content.Parts = append(r.content.Parts, r.parts[i].ref)
	}
	data, err := s.marshal(r.content)
	if err != nil {
		return fmt.Errorf("encode subject %s: %w", r.id, err)
	}
	if len(data) > maxDocument {
		return fmt.Errorf("encode subject %s: %d bytes are more than a document can hold", r.id, len(data))
	}
	r.doc = data
	return nil
}
