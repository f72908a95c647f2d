// Package display makes text safe to show. Names, reasons and references come from outside, and must
// not move the cursor of a terminal, rewrite a line, or show text in another order than it has.
package display

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Text replaces what is not text by U+FFFD: control characters (except line feed and tab), marks of
// direction, invisible characters, other line separators, and bytes that are no UTF-8.
func Text(s string) string { return strings.Map(plain, s) }

// Line is Text on one line: line breaks and tabs become spaces.
func Line(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\t', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
			return ' '
		}
		return plain(r)
	}, s)
}

// plain replaces a character that is not text.
func plain(r rune) rune {
	if r == '\n' || r == '\t' || !unsafe(r) {
		return r
	}
	return unicode.ReplacementChar
}

// unsafe reports whether a character controls the display or is invisible. The Arabic signs that
// enclose a number are formats and visible.
func unsafe(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// Cell is Text for a cell of a CSV file: a cell that a spreadsheet would take for a formula begins with
// an apostrophe. A single sign, such as a dash, is no formula.
func Cell(s string) string {
	const formula = "=+-@\t\r\n＝＋－＠"
	first := strings.IndexAny(s, formula) == 0
	s = Text(s)
	if first && len([]rune(s)) > 1 {
		return "'" + s
	}
	return s
}

// JSON returns a JSON value in which every text, and every name of a field, is a Line.
func JSON(data []byte) ([]byte, error) {
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	var v any
	if err := in.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return json.Marshal(lines(v))
}

func lines(v any) any {
	switch v := v.(type) {
	case string:
		return Line(v)
	case []any:
		for i := range v {
			v[i] = lines(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[Line(name)] = lines(value)
		}
		return out
	}
	return v
}

// Writer writes as Text to another writer, for several goroutines. Close writes what is left of an
// incomplete character.
type Writer struct {
	mu   sync.Mutex
	out  io.Writer
	rest []byte // the begin of a character
}

// NewWriter returns a Writer before another writer.
func NewWriter(w io.Writer) *Writer { return &Writer{out: w} }

// Write writes a part of a text.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	data := slices.Concat(w.rest, p)
	end := complete(data)
	w.rest = bytes.Clone(data[end:])
	if _, err := io.WriteString(w.out, Text(string(data[:end]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// complete returns the length of data without an incomplete character at the end.
func complete(data []byte) int {
	for i := max(0, len(data)-utf8.UTFMax+1); i < len(data); i++ {
		if utf8.RuneStart(data[i]) && !utf8.FullRune(data[i:]) {
			return i
		}
	}
	return len(data)
}

// Close ends the text, and leaves the other writer open.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) == 0 {
		return nil
	}
	_, err := io.WriteString(w.out, Text(string(w.rest)))
	w.rest = nil
	return err
}
