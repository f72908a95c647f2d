package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/rodopath/rodopath/services/internal/display"
)

// Table holds rows of cells for a terminal, in columns. Cells wider than their column are wrapped
// between words.
type Table struct {
	// Widths are the maximum widths of the columns, in characters; 0 or absent means unlimited.
	Widths []int
	lines  [][]string
}

// Row adds a row.
func (t *Table) Row(cells ...string) {
	broken := make([][]string, len(cells))
	for i, cell := range cells {
		broken[i] = t.fit(i, cell)
	}
	t.Lines(broken...)
}

// Lines adds a row of cells that are wrapped already.
func (t *Table) Lines(cells ...[]string) {
	height := 1
	for _, cell := range cells {
		height = max(height, len(cell))
	}
	for n := range height {
		line := make([]string, len(cells))
		for i, cell := range cells {
			if n < len(cell) {
				line[i] = display.Line(cell[n])
			}
		}
		t.lines = append(t.lines, line)
	}
}

// fit wraps a text to the width of a column.
func (t *Table) fit(column int, text string) []string {
	if column < len(t.Widths) && t.Widths[column] > 0 {
		return wrap(text, t.Widths[column])
	}
	return []string{text}
}

// Empty reports whether the table has no rows.
func (t *Table) Empty() bool { return len(t.lines) == 0 }

// Write writes the table.
func (t *Table) Write(w io.Writer) error {
	var aligned bytes.Buffer
	columns := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	for _, line := range t.lines {
		fmt.Fprintln(columns, strings.Join(line, "\t"))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(aligned.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// show writes a finished text or page. Every document of this package passes here, so that nothing that
// came from outside controls the display of the reader.
func show(w io.Writer, out *bytes.Buffer) error {
	_, err := io.WriteString(w, display.Text(out.String()))
	return err
}

// wrap wraps a text between words. A word longer than the width stays whole.
func wrap(text string, width int) []string {
	var out []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			out, line = append(out, line), word
		}
	}
	return append(out, line)
}
