package mongowire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Operation codes of the wire protocol.
const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

// Flags of OP_MSG.
const (
	flagChecksum   = 1 << 0
	flagMoreToCome = 1 << 1
)

const (
	headerSize = 16
	maxMessage = 48_000_000
)

// message is one request.
type message struct {
	Command
	id     int32
	legacy bool // OP_QUERY, used by some drivers for hello
	silent bool // wants no answer
}

var errMessage = errors.New("message is malformed")

func readMessage(r io.Reader) (*message, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := int32(binary.LittleEndian.Uint32(header[0:]))
	if size < headerSize || size > maxMessage {
		return nil, fmt.Errorf("%w: %d bytes", errMessage, size)
	}
	body := make([]byte, size-headerSize)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	m := &message{id: int32(binary.LittleEndian.Uint32(header[4:]))}
	var err error
	switch code := binary.LittleEndian.Uint32(header[12:]); code {
	case opMsg:
		err = m.parseMsg(body)
	case opQuery:
		err = m.parseQuery(body)
	default:
		err = fmt.Errorf("%w: operation %d", errMessage, code)
	}
	if err == nil && len(m.Body) == 0 {
		err = errMessage
	}
	if err != nil {
		return nil, err
	}
	m.Name = m.Body[0].Key
	return m, nil
}

// parseMsg parses the sections of OP_MSG: one document, and sequences of documents for its fields.
func (m *message) parseMsg(b []byte) error {
	if len(b) < 4 {
		return errMessage
	}
	flags := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if flags&flagChecksum != 0 {
		if len(b) < 4 {
			return errMessage
		}
		b = b[:len(b)-4]
	}
	m.silent = flags&flagMoreToCome != 0
	var sequences bson.D
	for len(b) > 0 {
		kind := b[0]
		b = b[1:]
		size, err := sizeOf(b)
		if err != nil {
			return err
		}
		switch kind {
		case 0:
			err = bson.Unmarshal(b[:size], &m.Body)
		case 1:
			var e bson.E
			e, err = sequence(b[4:size])
			sequences = append(sequences, e)
		default:
			err = fmt.Errorf("%w: section %d", errMessage, kind)
		}
		if err != nil {
			return err
		}
		b = b[size:]
	}
	m.Body = append(m.Body, sequences...)
	m.Database, _ = get(m.Body, "$db").(string)
	return nil
}

// sequence parses a name and the documents after the name.
func sequence(b []byte) (bson.E, error) {
	name, rest, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return bson.E{}, errMessage
	}
	var docs bson.A
	for len(rest) > 0 {
		size, err := sizeOf(rest)
		if err != nil {
			return bson.E{}, err
		}
		var d bson.D
		if err := bson.Unmarshal(rest[:size], &d); err != nil {
			return bson.E{}, err
		}
		docs, rest = append(docs, d), rest[size:]
	}
	return bson.E{Key: string(name), Value: docs}, nil
}

// sizeOf parses the length prefix of a document or section.
func sizeOf(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, errMessage
	}
	size := int(int32(binary.LittleEndian.Uint32(b)))
	if size < 4 || size > len(b) {
		return 0, errMessage
	}
	return size, nil
}

func (m *message) parseQuery(b []byte) error {
	m.legacy = true
	if len(b) < 4 {
		return errMessage
	}
	name, rest, ok := bytes.Cut(b[4:], []byte{0})
	if !ok || len(rest) < 8 {
		return errMessage
	}
	database, _, _ := bytes.Cut(name, []byte("."))
	m.Database = string(database)
	size, err := sizeOf(rest[8:])
	if err != nil {
		return err
	}
	return bson.Unmarshal(rest[8:8+size], &m.Body)
}

// reply encodes an answer in the way the request came.
func (m *message) reply(id int32, answer bson.D) []byte {
	doc, err := bson.Marshal(answer)
	if err != nil {
		doc, _ = bson.Marshal(refusal(err)) // texts and numbers always encode
	}
	code, prefix := uint32(opMsg), make([]byte, 5) // no flags, section 0
	if m.legacy {
		code, prefix = opReply, make([]byte, 20)      // flags, cursor id, starting from
		binary.LittleEndian.PutUint32(prefix[16:], 1) // one document
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(headerSize+len(prefix)+len(doc)))
	out = binary.LittleEndian.AppendUint32(out, uint32(id))
	out = binary.LittleEndian.AppendUint32(out, uint32(m.id))
	out = binary.LittleEndian.AppendUint32(out, code)
	return append(append(out, prefix...), doc...)
}
