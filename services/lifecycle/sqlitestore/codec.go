package sqlitestore

import (
	_ "embed" // for the dictionary
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// dictionary is text that stored documents have in common: names of fields, categories and rules. A stored document
// names the dictionary by its number, so the file never changes; another dictionary gets another number.
//
//go:embed document.dict
var dictionary []byte

// The first byte of a stored document. A document of a former version is JSON and begins with "{".
const (
	formJSON = '{'
	formZstd = 1 // JSON, compressed by zstd with the dictionary
)

// dictionaryID names the dictionary within zstd.
const dictionaryID = 1

// maxDocument bounds the size of a document after decompression, in bytes.
const maxDocument = 256 << 20

// errForm means that a document has an unknown form.
var errForm = errors.New("the document has an unknown form")

// codec encodes and decodes stored documents, concurrently.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(
		nil,
		zstd.WithEncoderDictRaw(
			dictionaryID,
			dictionary,
		),
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false),
		zstd.WithSingleSegment(
			true,
		),
		zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(1<<16),
		zstd.WithEncoderConcurrency(2),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the compression of documents: %w", err)
	}
	decoder, err := zstd.NewReader(nil,
		zstd.WithDecoderDictRaw(dictionaryID, dictionary), zstd.WithDecoderMaxMemory(maxDocument),
		zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("prepare the compression of documents: %w", err)
	}
	return &codec{encoder, decoder}, nil
}

func (c *codec) close() {
	c.decoder.Close()
}

// marshal returns the stored form of a value.
func (c *codec) marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return c.encoder.EncodeAll(data, append(make([]byte, 0, len(data)/3), formZstd)), nil
}

// unmarshal reads the stored form of a value.
func (c *codec) unmarshal(doc []byte, v any) error {
	if len(doc) == 0 {
		return errForm
	}
	switch doc[0] {
	case formJSON:
		return json.Unmarshal(doc, v)
	case formZstd:
		data, err := c.decoder.DecodeAll(doc[1:], nil)
		if err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
		return json.Unmarshal(data, v)
	}
	return errForm
}
