// Package payload reads the JSON dialects of the platforms: ids as numbers or strings, times in
// four notations, optional fields.
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

// CheckObject reports whether body can be a JSON object in UTF-8, by its encoding and its first
// character. encoding/json would repair the encoding and accept null as an object.
func CheckObject(body []byte) error {
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: not UTF-8", ingest.ErrUnreadable)
	}
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

// FieldError reports that a field has another type than documented by the platform.
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

// CheckType returns ingest.ErrMediaType when the headers name a media type other than JSON. A
// missing media type is accepted.
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
