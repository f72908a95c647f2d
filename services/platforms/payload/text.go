package payload

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	json "github.com/go-json-experiment/json/v1"
)

// Text is a text that may have been written as a number or as true, such as an SKU of digits. null,
// false, an object and an empty list are an empty text; a list is the text of its first element.
type Text string

// UnmarshalJSON never fails.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = ""
	if b[0] != '[' {
		*t = scalar(b)
		return nil
	}
	for _, element := range Entries(b) {
		*t = scalar(element)
		return nil
	}
	return nil
}

// scalar returns the text of a value that is neither a list nor an object.
func scalar(b []byte) Text {
	switch b[0] {
	case '"':
		if bytes.IndexByte(b, '\\') < 0 {
			return Text(b[1 : len(b)-1])
		}
		var s string
		_ = json.Unmarshal(b, &s) // b is a valid JSON text
		return Text(s)
	case '{', '[', 'n', 'f':
		return ""
	}
	whole, part, _ := strings.Cut(string(b), ".")
	if strings.Trim(part, "0") == "" {
		return Text(whole) // PHP writes a whole number as 5.0 after a computation
	}
	return Text(b)
}

// Optional is a text of which a platform states whether there is one.
type Optional struct {
	Text
	// Stated reports whether the platform sent the field, be it empty.
	Stated bool
}

// UnmarshalJSON never fails.
func (o *Optional) UnmarshalJSON(b []byte) error {
	o.Stated = true
	return o.Text.UnmarshalJSON(b)
}

// Presence reports whether one of several fields has a text; nil when the platform sent none of the fields.
func Presence(fields ...Optional) *bool {
	stated, given := false, false
	for _, f := range fields {
		stated = stated || f.Stated
		given = given || strings.TrimSpace(string(f.Text)) != ""
	}
	if !stated {
		return nil
	}
	return &given
}

// Number is a whole number that may have been written as a text or with a decimal point. Any other
// value is 0.
type Number int64

// UnmarshalJSON never fails.
func (n *Number) UnmarshalJSON(b []byte) error {
	var t Text
	_ = t.UnmarshalJSON(b)
	*n = ParseNumber(string(t))
	return nil
}

// exactFloat is the largest whole number up to which a float64 is exact.
const exactFloat = 1 << 53

// ParseNumber reads a whole number such as "5", "5.0" or "5e3"; 0 for any other text.
func ParseNumber(s string) Number {
	s = strings.TrimSpace(s)
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return Number(i)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > exactFloat {
		return 0
	}
	return Number(f)
}

// Name returns the number as a record's name, and "" for a number that is no id.
func (n Number) Name() string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// Flag is a truth value that may have been written as a number or a text: true, 1, "1", "true",
// "yes" and "on" are true.
type Flag bool

// UnmarshalJSON never fails.
func (f *Flag) UnmarshalJSON(b []byte) error {
	var t Text
	_ = t.UnmarshalJSON(b)
	*f = Flag(t.True())
	return nil
}

// True reports whether the text states a truth: "1", "true", "yes" or "on".
func (t Text) True() bool {
	switch strings.ToLower(strings.TrimSpace(string(t))) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// Name returns s when s can be a platform's id: letters, digits, "_" and "-". Any other text may be
// an address and is no name.
func Name[T ~string](s T) string {
	if len(s) > 255 {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if digit := '0' <= c && c <= '9'; !letter && !digit && c != '_' && c != '-' {
			return ""
		}
	}
	return string(s)
}
