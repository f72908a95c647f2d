package payload

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Text is a string that may have been written as a number or a boolean, such as
// an SKU of digits.
type Text string

// UnmarshalJSON reads a string, a number, a boolean or null.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '{', '[':
		return &json.UnmarshalTypeError{}
	case 'n':
		*t = ""
		return nil
	case '"':
		if bytes.IndexByte(b, '\\') < 0 {
			*t = Text(b[1 : len(b)-1])
			return nil
		}
		return json.Unmarshal(b, (*string)(t))
	}
	*t = Text(b)
	return nil
}

// Number is a whole number that may have been written as a string; null, false
// and "" are 0.
type Number int64

// UnmarshalJSON reads a number or a string of one.
func (n *Number) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) >= 2 && s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	switch s {
	case "", "null", "false":
		*n = 0
		return nil
	}
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{}
	}
	*n = Number(i)
	return nil
}

// Name returns the number as a record's name, and "" for a number that is no id.
func (n Number) Name() string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

// Name returns s when s can be a platform's id: letters, digits, "_" and "-". Any other text may be
// an address and is no name.
func Name(s string) string {
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
	return s
}
