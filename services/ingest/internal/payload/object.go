// Package payload reads JSON as the platforms write it: ids that are now
// numbers and now strings, times in four notations, fields that come and go.
package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/rodopath/rodopath/services/ingest"
)

// Decode reads body, one JSON object in UTF-8, into v. An error wraps
// ingest.ErrUnreadable and holds nothing out of the body. A *FieldError means
// that all the other fields were read.
func Decode(body []byte, v any) error {
	if err := CheckObject(body); err != nil {
		return err
	}
	return Fault(json.Unmarshal(body, v))
}

// CheckObject tells whether body can be a JSON object in UTF-8, by its encoding
// and its first character. encoding/json would mend the one and take null for
// the other.
func CheckObject(body []byte) error {
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: not UTF-8", ingest.ErrUnreadable)
	}
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) == 0 || text[0] != '{' {
		return fmt.Errorf("%w: not a JSON object", ingest.ErrUnreadable)
	}
	return nil
}

// Fault turns an error of encoding/json, which may quote the document, into one
// that does not.
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

// FieldError says that a field has another type than the platform's.
type FieldError struct {
	// Field is the path of the field; empty when it is not known.
	Field string
}

// Error names the field and the fault, and no value.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return ingest.ErrUnreadable.Error() + ": a field of the wrong type"
	}
	return ingest.ErrUnreadable.Error() + ": " + e.Field + " is of the wrong type"
}

// Unwrap makes it an ingest.ErrUnreadable.
func (e *FieldError) Unwrap() error { return ingest.ErrUnreadable }

// CheckType returns ingest.ErrMediaType when the headers say that the body is
// something other than JSON. Headers that say nothing pass.
func CheckType(h http.Header) error {
	value := h.Get("Content-Type")
	if value == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(value)
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return fmt.Errorf("%w: not JSON", ingest.ErrMediaType)
	}
	return nil
}
