package facttest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// Payload returns the recorded payload testdata/NAME.json of the package under test, without white
// space between tokens. Payload panics without such a file.
func Payload(name string) string {
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		panic(err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil {
		panic(name + ": " + err.Error())
	}
	return out.String()
}

// Change replaces the first occurrence of a text in a payload. Change panics without an occurrence,
// so that a changed recording cannot turn a case into another.
func Change(payload, from, to string) string {
	if !strings.Contains(payload, from) {
		panic("the payload does not contain " + from)
	}
	return strings.Replace(payload, from, to, 1)
}

// With adds fields at the end of a payload, each written with a comma before the name. Of a name
// given twice the later counts.
func With(payload, fields string) string {
	return strings.TrimSuffix(payload, "}") + fields + "}"
}
