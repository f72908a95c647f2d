// Package payload reads the JSON dialects of the platforms as far as each body can be read: ids as
// numbers or texts, times in five notations, PHP's empty values in place of each other, lists in
// place of objects and the other way round.
package payload

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	json "github.com/go-json-experiment/json/v1"

	"github.com/rodopath/rodopath/services/ingest"
)

// Decode reads body, one JSON object, into v, as encoding/json does. A field with another type than v is left out,
// because one field of a plug-in must not cost the facts of the others. An error wraps ingest.ErrUnreadable
// and holds nothing out of the body.
func Decode[T any](body []byte, v *T) error {
	body = Clean(body)
	if err := CheckObject(body); err != nil {
		return err
	}
	err := Fault(unmarshal(body, v))
	if _, ok := errors.AsType[*FieldError](err); ok {
		return nil
	}
	return err
}

// unmarshal is json.Unmarshal, and reads a body once: json.Unmarshal checks the whole body before, so that it may go on
// after a field of the wrong type. A body with a fault is read again in this way.
func unmarshal[T any](body []byte, v *T) error {
	var zero T
	if err := jsonv2.Unmarshal(body, v, json.DefaultOptionsV1(), json.ReportErrorsWithLegacySemantics(false)); err == nil {
		return nil
	}
	*v = zero
	return json.Unmarshal(body, v)
}

// Clean returns body without a byte order mark, and with a replacement character in place of bytes
// that are not UTF-8. A body that needs neither is returned as it is.
func Clean(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if utf8.Valid(body) {
		return body
	}
	return bytes.ToValidUTF8(body, []byte("\uFFFD"))
}

// CheckObject reports whether body can be a JSON object, by its first character. encoding/json
// would accept null as an object.
func CheckObject(body []byte) error {
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) == 0 || text[0] != '{' {
		return fmt.Errorf("%w: not a JSON object", ingest.ErrUnreadable)
	}
	return nil
}

// Fault converts an error of encoding/json, which may quote the document, into one without
// quotations.
func Fault(err error) error {
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		return &FieldError{Field: kind.Field}
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: not JSON at byte %d", ingest.ErrUnreadable, syntax.Offset)
	}
	return fmt.Errorf("%w: not JSON", ingest.ErrUnreadable)
}

// FieldError reports that a field has another type than documented.
type FieldError struct {
	// Field is the path of the field; empty when unknown.
	Field string
}

// Error names the field and the fault, and no value.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return ingest.ErrUnreadable.Error() + ": a field of the wrong type"
	}
	return ingest.ErrUnreadable.Error() + ": " + e.Field + " is of the wrong type"
}

// Unwrap returns ingest.ErrUnreadable.
func (e *FieldError) Unwrap() error { return ingest.ErrUnreadable }

// Object reads a JSON object into v, the first object of a list, or an object that a plug-in wrote as a
// text. Any other value makes v zero. Types
// call Object in their UnmarshalJSON, with a type without that method.
func Object[T any](raw []byte, v *T) {
	var zero T
	*v = zero
	switch raw[0] {
	case '{':
		_ = json.Unmarshal(raw, v) // a field with another type is left out
	case '[':
		for _, element := range Entries(raw) {
			if element[0] == '{' {
				_ = json.Unmarshal(element, v)
				return
			}
		}
	case '"':
		var text string
		if _ = json.Unmarshal(raw, &text); strings.HasPrefix(text, "{") {
			_ = json.Unmarshal([]byte(text), v)
		}
	}
}

// Entries iterates over the values of a JSON list or object in their order, with the number or the
// name of each value. Any other value has no entries.
func Entries(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		if raw[0] != '{' && raw[0] != '[' {
			return
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		if _, err := d.Token(); err != nil {
			return
		}
		for n := 0; d.More(); n++ {
			name := strconv.Itoa(n)
			if raw[0] == '{' {
				key, err := d.Token()
				if err != nil {
					return
				}
				name, _ = key.(string)
			}
			var value json.RawMessage
			if d.Decode(&value) != nil || !yield(name, value) {
				return
			}
		}
	}
}

// List is a list of values, or an object with the values under any names: PHP writes a list with a
// gap as an object.
type List[T any] []T

// UnmarshalJSON never fails: a value that is neither a list nor an object is an empty list.
func (l *List[T]) UnmarshalJSON(raw []byte) error {
	*l = nil
	switch raw[0] {
	case '[':
		_ = json.Unmarshal(raw, (*[]T)(l)) // an element with another type is a zero value
	case '{':
		for _, value := range Entries(raw) {
			var element T
			_ = json.Unmarshal(value, &element)
			*l = append(*l, element)
		}
	}
	return nil
}
