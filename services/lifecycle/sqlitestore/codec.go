package sqlitestore

import (
	"bytes"
	_ "embed" // for the dictionary
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
)

// dictionary is text that stored documents have in common: names of fields, categories and rules. A form of a stored
// document means this dictionary, so the file never changes; another dictionary gets another form.
//
//go:embed document.dict
var dictionary []byte

// The first byte of a stored document. A document of a former version is JSON, which begins with "{", or compressed
// by zstd.
const (
	formJSON = '{'
	formZstd = 1 // JSON, compressed by zstd with the dictionary
	formS2   = 2 // JSON, compressed by S2 with the dictionary: a quarter larger, and five times as fast
)

// dictionaryID names the dictionary within zstd.
const dictionaryID = 1

// maxDocument bounds the size of a document after decompression, in bytes.
const maxDocument = 256 << 20

// The errors of documents that cannot be read.
var (
	errForm     = errors.New("the document has an unknown form")
	errTooLarge = errors.New("the document is too large")
)

// codec encodes and decodes stored documents, concurrently.
type codec struct {
	dict   *s2.Dict
	former *zstd.Decoder
	// spare holds buffers for the next document.
	spare sync.Pool
}

// buffers are the memory that a document needs on its way.
type buffers struct {
	text   bytes.Buffer
	packed []byte
}

// maxSpare is the most bytes of a buffer that is used again.
const maxSpare = 1 << 20

func (c *codec) take() *buffers {
	if b, ok := c.spare.Get().(*buffers); ok {
		return b
	}
	return &buffers{}
}

func (c *codec) put(b *buffers) {
	if cap(b.packed) <= maxSpare && b.text.Cap() <= maxSpare {
		c.spare.Put(b)
	}
}

func newCodec() (*codec, error) {
	former, err := zstd.NewReader(nil,
		zstd.WithDecoderDictRaw(dictionaryID, dictionary), zstd.WithDecoderMaxMemory(maxDocument),
		zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("prepare the decompression of documents: %w", err)
	}
	return &codec{dict: s2.MakeDict(dictionary, nil), former: former}, nil
}

func (c *codec) close() {
	c.former.Close()
}

// marshal returns the stored form of a value.
func (c *codec) marshal(v any) ([]byte, error) {
	b := c.take()
	defer c.put(b)
	b.text.Reset()
	if err := json.NewEncoder(&b.text).Encode(v); err != nil {
		return nil, err
	}
	data := bytes.TrimSuffix(b.text.Bytes(), []byte("\n"))
	most := 1 + s2.MaxEncodedLen(len(data))
	b.packed = slices.Grow(b.packed[:0], most)[:most]
	b.packed[0] = formS2
	return slices.Clone(b.packed[:1+len(c.dict.Encode(b.packed[1:], data))]), nil
}

// unmarshal reads the stored form of a value.
func (c *codec) unmarshal(doc []byte, v any) error {
	if len(doc) == 0 {
		return errForm
	}
	if doc[0] == formJSON {
		return json.Unmarshal(doc, v)
	}
	b := c.take()
	defer c.put(b)
	data, err := c.decompress(doc[0], doc[1:], b.packed[:cap(b.packed)])
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	b.packed = data
	return json.Unmarshal(data, v) // copies what is kept
}

// decompress returns the text of a document, in the space if that is large enough.
func (c *codec) decompress(form byte, packed, space []byte) ([]byte, error) {
	switch form {
	case formZstd:
		return c.former.DecodeAll(packed, space[:0])
	case formS2:
		if n, err := s2.DecodedLen(packed); err != nil || n > maxDocument {
			return nil, errors.Join(errTooLarge, err)
		}
		return c.dict.Decode(space, packed)
	}
	return nil, errForm
}

// document is a stored subject, whose outbox may have the shape of a former version.
type document struct {
	lifecycle.Subject

	Outbox []decision.Stored `json:"outbox"`
}

// subject reads a stored subject.
func (c *codec) subject(doc []byte) (lifecycle.Subject, error) {
	var d document
	if err := c.unmarshal(doc, &d); err != nil {
		return lifecycle.Subject{}, err
	}
	if d.Outbox != nil {
		d.Subject.Outbox = make([]decision.Decision, len(d.Outbox))
	}
	for i := range d.Outbox {
		d.Subject.Outbox[i] = d.Outbox[i].Decision()
	}
	return d.Subject, nil
}
