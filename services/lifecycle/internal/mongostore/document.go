package mongostore

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// maxDocument is the largest subject that is sent: the 16 MiB that a server
// takes, less what a command puts around it.
const maxDocument = 16<<20 - 16<<10

// document is a stored subject. What is looked for stands outside of it; fields
// that do not apply are absent, which keeps them out of sparse indexes.
type document struct {
	ID      string `bson:"_id"`
	Version int64  `bson:"version"`
	// ReviewAt is absent when time alone changes nothing.
	ReviewAt *time.Time `bson:"review_at,omitempty"`
	// RequestDue is absent when no request is open.
	RequestDue *time.Time `bson:"request_due,omitempty"`
	// NoticeDue is absent when no answer of a recipient is awaited.
	NoticeDue *time.Time `bson:"notice_due,omitempty"`
	// Revision is absent for redirects, which are never decided again. An empty
	// revision is present: it differs from any.
	Revision *string `bson:"revision,omitempty"`
	// Pending is true while something is to be sent or noted, absent otherwise.
	Pending bool `bson:"pending,omitempty"`
	// Write names the write that made this document, so that a writer who does
	// not know whether it got through can tell.
	Write   string            `bson:"write"`
	Subject lifecycle.Subject `bson:"subject"`
}

// subject returns the subject under the version that guards it.
func (d *document) subject() lifecycle.Subject {
	d.Subject.Version = d.Version
	return d.Subject
}

// identity says which subject a key belongs to.
type identity struct {
	Key     string    `bson:"_id"`
	Subject string    `bson:"subject"`
	At      time.Time `bson:"at"`
}

// header is what tells one write of a subject from another.
type header struct {
	ID      string `bson:"_id"`
	Version int64  `bson:"version"`
	Write   string `bson:"write"`
}

// row is one write of a subject and what became of it.
type row struct {
	id string
	// version is the version that the stored subject must have; 0: none.
	version int64
	write   string
	doc     bson.Raw
	err     error
}

// encode makes the write of a subject. A subject that cannot be stored has its
// error in the row, so that it does not stop the others.
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
		Write:      r.write,
		Subject:    subject,
	}
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
