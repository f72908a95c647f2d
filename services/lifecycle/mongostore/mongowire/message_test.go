package mongowire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func frame(code uint32, body []byte) *bytes.Reader {
	b := binary.LittleEndian.AppendUint32(nil, uint32(headerSize+len(body)))
	b = binary.LittleEndian.AppendUint32(b, 7)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, code)
	return bytes.NewReader(append(b, body...))
}

func document(t *testing.T, d bson.D) []byte {
	t.Helper()
	b, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadMessage_Sequences(t *testing.T) {
	doc := document(t, bson.D{{Key: "insert", Value: "c"}, {Key: "$db", Value: "d"}})
	list := append([]byte("documents\x00"), document(t, bson.D{{Key: "_id", Value: "1"}})...)
	list = append(list, document(t, bson.D{{Key: "_id", Value: "2"}})...)
	sequence := append(binary.LittleEndian.AppendUint32([]byte{1}, uint32(len(list)+4)), list...)
	body := binary.LittleEndian.AppendUint32(nil, flagChecksum|flagMoreToCome)
	body = append(body, sequence...) // the order of sections is free
	body = append(append(body, 0), doc...)
	body = append(body, 0xde, 0xad, 0xbe, 0xef) // the checksum
	m, err := readMessage(frame(opMsg, body))
	if err != nil {
		t.Fatal(err)
	}
	docs, _ := m.Field("documents").(bson.A)
	if m.Name != "insert" || m.Database != "d" || m.Collection() != "c" || len(docs) != 2 || !m.silent || m.id != 7 {
		t.Errorf("got %+v", m)
	}
}

func TestReadMessage_Query(t *testing.T) {
	body := append(make([]byte, 4), "admin.$cmd\x00"...)
	body = append(body, make([]byte, 8)...)
	body = append(body, document(t, bson.D{{Key: "isMaster", Value: int32(1)}})...)
	m, err := readMessage(frame(opQuery, body))
	if err != nil || m.Name != "isMaster" || m.Database != "admin" || !m.legacy {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestReadMessage_Malformed(t *testing.T) {
	for name, r := range map[string]*bytes.Reader{
		"an unknown operation": frame(1, nil),
		"no flags":             frame(opMsg, []byte{1}),
		"no section":           frame(opMsg, make([]byte, 4)),
		"a section too long":   frame(opMsg, []byte{0, 0, 0, 0, 0, 255, 0, 0, 0}),
		"a section too short":  frame(opMsg, []byte{0, 0, 0, 0, 1, 0, 0, 0, 0}),
		"an unknown section":   frame(opMsg, append([]byte{0, 0, 0, 0, 2}, document(t, bson.D{})...)),
		"a name without end":   frame(opQuery, []byte{0, 0, 0, 0, 'a'}),
	} {
		if m, err := readMessage(r); !errors.Is(err, errMessage) {
			t.Errorf("%s: got %v, %v", name, m, err)
		}
	}
}
